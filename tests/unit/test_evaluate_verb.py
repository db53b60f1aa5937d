"""`newsieve evaluate` prints figures for people or for programs, and shows pages of strangers safely."""

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fake_models import MarkSplitter, WordClassifier
from rich.console import Console, RenderableType

from models import store
from models.errors import CorpusError
from models.labelled import LabelledLine, LabelledPage, LabelledText
from models.page import Role
from models.splitter.evaluate import JudgedPage
from scripts import cli, scores_of_splitter, scores_of_topics
from scripts.tables import cell

LINES: list[dict[str, Any]] = [
    {"text": "# Cup final", "role": "headline"},
    {"text": "The match was long.", "role": "story"},
    {"text": "A crowd\u202e\x1b[31m [bold]", "role": "caption"},
    {"text": "It ended late.", "role": "story"},
    {"text": "* Moon lander", "role": "teaser", "teaser": 1, "field": "title"},
    {"text": "@ 2 hours ago", "role": "teaser", "teaser": 1, "field": "age"},
]
GOLD: dict[str, Any] = {
    "id": "p", "source": "web:own", "language": "en", "lines": LINES, "story_topics": ["sport"],
    "teaser_topics": {"1": ["science"]},
}  # fmt: skip
GERMAN = GOLD | {"id": "d", "language": "de", "lines": [LINES[0] | {"role": "dek"}], "story_topics": ["politics"]}
WEAK = {
    "id": "w",
    "style": "main",
    "url": "u",
    "lines": ["# Cup", "The match was long."],
    "story": "The match was long.",
}
HEADLINES = [{"id": str(n), "title": title, "topics": [topic]} for n, (title, topic) in enumerate([
    ("A match", "sport"), ("A comet\x07", "technology"), ("Buy a match", "promo"),
])]  # fmt: skip


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A corpus folder with a page of each kind and three headlines; models, which are our fakes, stand in it too."""
    rows = {"gold-pages-dev": [GOLD, GERMAN], "pages/dev": [WEAK], "topics/modern-dev": HEADLINES}
    for name, found in rows.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, found)), encoding="utf8")
    store.save("splitter", MarkSplitter(), {"version": "marks"}, tmp_path)
    store.save("topics", WordClassifier(), {"version": "words", "topics": ["sport", "science", "technology"]}, tmp_path)
    return tmp_path


def run(corpus: Path, what: str, *arguments: str, models: Path | None = None) -> Result:
    given = ["evaluate", what, "--corpus", str(corpus), "--models", str(models or corpus), *arguments]
    return CliRunner().invoke(cli.command, given)


def test_figures_of_the_splitter_are_one_json_object(corpus: Path) -> None:
    result = run(corpus, "splitter", "--json", "--worst", "5")
    assert (result.exit_code, result.stderr) == (0, "")
    found = json.loads(result.stdout)
    assert found["labelled"]["role_accuracy"] == round(5 / 7, 4)
    assert found["english"]["role_accuracy"] == round(5 / 6, 4)
    assert found["labelled"]["confusion"]["caption"] == {"story": 1}
    assert [found["by_language"][language]["pages"] for language in ("de", "en")] == [1, 1]
    assert found["by_source"]["web:own"]["pages"] == 2
    assert found["stories"]["by_style"]["main"]["f1"] == 1.0
    assert [page["id"] for page in found["worst"]] == ["p", "d"]
    assert found["worst"][0] == {"id": "p", "source": "web:own", "lines": 6, "wrong": [
        {"line": 3, "labelled": "caption", "found": "story", "text": LINES[2]["text"]}
    ]}  # fmt: skip


def test_figures_of_topics_are_one_json_object(corpus: Path) -> None:
    found = json.loads(run(corpus, "topics", "--json", "--worst", "1").stdout)
    assert found["stories"]["summary"]["texts"] == 1, "the German story has no topic that is expected of us"
    assert found["teasers"]["summary"]["accept"] == found["stories"]["summary"]["accept"] == 1.0
    assert found["headlines"]["summary"]["abstained_rightly"] == [0, 1]
    assert found["headlines"]["confusion"] == [["technology", "science", 1]]
    assert [row["id"] for row in found["worst"]["headlines"]] == ["1"]


CHESS = [{"title": "A rook", "topics": ["chess", "sport"]}, {"title": "A match", "topics": ["sport", "chess"]}]


def test_labels_that_the_model_does_not_know_are_named_and_their_texts_left_out(corpus: Path) -> None:
    """Counted as mistakes they would look like a bad model, and their topic like one it never finds."""
    path = corpus / "own.jsonl"
    path.write_text("\n".join(map(json.dumps, [*CHESS, *HEADLINES])), encoding="utf8")
    result = run(path, "topics", "--json", models=corpus)
    assert result.exit_code == 0
    assert " ".join(result.stderr.split()) == (
        "the model knows no chess (2 texts); left out, as this is their primary topic: 1 text"
    )
    found = json.loads(result.stdout)
    assert found["unknown_labels"] == {"chess": 2}
    assert found["headlines"]["summary"]["texts"] == 3
    assert set(found["headlines"]["per_topic"]) == {"sport", "technology"}


def test_a_corpus_of_labels_that_the_model_does_not_know_is_refused(corpus: Path) -> None:
    path = corpus / "own.jsonl"
    path.write_text(json.dumps(CHESS[0]), encoding="utf8")
    refusal = run(path, "topics", models=corpus).exception
    assert isinstance(refusal, CorpusError)
    assert str(refusal) == f"{path}: no text is of a topic that the model knows; it knows no chess (1 text)"


def test_the_legend_names_the_corpus_that_was_measured(corpus: Path) -> None:
    path = corpus / "own.jsonl"
    path.write_text("\n".join(map(json.dumps, HEADLINES)), encoding="utf8")
    own, folder = ("".join(run(where, "topics", models=corpus).stdout.split()) for where in (path, corpus))
    assert f"headlines:labelledtexts,{path}" in own
    assert f"headlines:labelledtexts,{corpus / 'topics' / 'modern-dev'}" in folder
    assert f"teasers:trueteasersofEnglishlabelledpages,{corpus / 'gold-pages-dev'}" in folder


@pytest.mark.parametrize("what", ["splitter", "topics"])
def test_tables_fit_80_columns_and_hold_nothing_that_a_terminal_obeys(corpus: Path, what: str) -> None:
    result = run(corpus, what, "--worst", "3")
    assert (result.exit_code, result.stderr) == (0, "")
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert not set("\x1b\u202e\x07") & set(result.stdout)
    assert "␛[31m [bold]" in result.stdout if what == "splitter" else "A comet␇" in result.stdout


def shown(block: RenderableType, colour: bool = False, **environ: str) -> str:
    """What stands on a terminal, or in a pipe, of 80 columns."""
    file = io.StringIO()
    Console(file=file, width=80, force_terminal=colour, highlight=False, _environ={"TERM": "xterm", **environ}).print(
        block
    )
    return file.getvalue()


PAGE = LabelledPage(
    "p", "own", "own", "", "en", tuple(LabelledLine(f"line {n}", Role.STORY) for n in range(1, 21)), None, {}
)
JUDGED = JudgedPage(PAGE, ("story",) * 9 + ("caption",) + ("story",) * 10, 1)


def test_a_wrong_line_stands_among_its_neighbours_and_the_others_are_counted() -> None:
    lines = [" ".join(line.split()) for line in shown(scores_of_splitter.page_block(JUDGED)).splitlines()]
    assert lines[-7:] == [
        "… 7 right", "8 story line 8", "9 story line 9", "10 ✗ story → caption line 10", "11 story line 11",
        "12 story line 12", "… 8 right",
    ]  # fmt: skip


def test_roles_are_coloured_on_a_terminal_that_wants_colour_and_plain_elsewhere() -> None:
    block = scores_of_splitter.page_block(JUDGED)
    assert "\x1b[32mstory" in shown(block, colour=True)
    assert "\x1b[33mcaption" in shown(block, colour=True)
    assert "\x1b[3" not in shown(block, colour=True, NO_COLOR="1")
    assert "\x1b" not in shown(block)


def test_figures_are_rounded_half_up_and_what_there_is_none_of_is_a_dash() -> None:
    assert [cell(value).plain for value in (0.9055, 1.0, -0.0121, 12, None)] == [".906", "1.000", "-.012", "12", "–"]


def test_a_mistake_is_told_with_all_topics_that_would_have_been_right() -> None:
    text = LabelledText("1", "own", "own", "teaser", "A comet", "", ("science", "technology"))
    row = {"id": "1", "topics": ["science", "technology"], "guess": "sport", "confidence": 0.9126}
    told = "".join(shown(block) for block in scores_of_topics.mistakes_tables({"teasers": [(text, row)]}))
    assert ".913 sport, not science or technology" in told


@pytest.mark.parametrize("what", ["splitter", "topics"])
def test_a_reader_that_has_seen_enough_of_the_tables_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, capfd: Any, corpus: Path, what: str
) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with open(write_end, "w", encoding="utf8") as pipe:
        monkeypatch.setattr("sys.stdout", pipe)
        given = ["evaluate", what, "--corpus", str(corpus), "--models", str(corpus)]
        monkeypatch.setattr("sys.argv", ["newsieve", *given])
        with pytest.raises(SystemExit) as end:
            cli.main()
    assert (end.value.code, capfd.readouterr().err) == (0, "")


@pytest.mark.parametrize("what", ["splitter", "topics"])
def test_a_missing_corpus_and_one_without_rows_are_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: Any, corpus: Path, tmp_path: Path, what: str
) -> None:
    (tmp_path / "empty").mkdir()
    for name, said in (("absent", "no such corpus"), ("empty", "to evaluate")):
        monkeypatch.setattr("sys.argv", ["newsieve", "evaluate", what, "--models", str(corpus), "--corpus", name])
        monkeypatch.chdir(tmp_path)
        with pytest.raises(SystemExit) as end:
            cli.main()
        error = capsys.readouterr().err
        assert end.value.code == 2
        assert error.startswith(f"newsieve: {name}: ")
        assert said in error
        assert "--corpus" in error
        assert error.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [["splitter", "--folds", "1"], ["topics", "--leave-source-out"], ["splitter", "--worst", "-1"], ["pages"]],
)
def test_wrong_use_is_exit_code_2(corpus: Path, arguments: list[str]) -> None:
    assert run(corpus, *arguments).exit_code == 2


def test_a_single_file_of_rows_is_a_corpus(corpus: Path) -> None:
    path = corpus / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, [GOLD, WEAK, *HEADLINES])), encoding="utf8")
    given = ["--corpus", str(path), "--models", str(corpus), "--json"]
    pages, topics = (
        json.loads(CliRunner().invoke(cli.command, ["evaluate", what, *given]).stdout)
        for what in ("splitter", "topics")
    )
    assert pages["stories"]["all"]["pages"] == pages["labelled"]["pages"] == 1
    assert [topics[name]["summary"]["texts"] for name in ("teasers", "stories", "headlines")] == [1, 1, 2]
