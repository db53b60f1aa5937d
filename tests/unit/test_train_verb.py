"""`newsieve train` tells in one line, with exit code 2, what is wrong with topics or a corpus of one's own."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from models import store
from models.corpus import RESTRICTED
from scripts import cli, train

TEXT = {"id": "1", "source": "own", "kind": "teaser", "title": "Rook takes pawn", "topics": ["sport", "society"]}
LINES = [{"text": "Rook takes pawn", "role": "headline"}, {"text": "It was a long game.", "role": "story"}]
TWO = "[[topic]]\nslug = 'chess'\n[[topic]]\nslug = 'go'\n"


class Trainer:
    """Runs `newsieve train` and says how it ended."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.corpus = folder / "own.jsonl"
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def refusal(self, what: str, *arguments: str) -> str:
        """What it says on stderr, in one line, when it ends with exit code 2."""
        given = ["train", what, "--corpus", str(self.corpus), "--to", str(self.folder / "to"), *arguments]
        self._monkeypatch.setattr("sys.argv", ["newsieve", *given])
        with pytest.raises(SystemExit) as end:
            cli.main()
        said = self._capsys.readouterr()
        assert (end.value.code, said.out, said.err.count("\n")) == (2, "", 1), said.err
        assert not (self.folder / "to").exists()
        return said.err.removeprefix("newsieve: ").rstrip()

    def sources(self, what: str, *arguments: str) -> Any:
        """What the card of a model that was trained says of its sources."""
        to = self.folder / "to"
        given = [what, "--corpus", str(self.corpus), "--to", str(to), *arguments]
        done = CliRunner().invoke(train.command, given)
        assert done.exit_code == 0, done.output
        card = store.read_card(what, to)
        assert card["restricted"] == sorted(RESTRICTED)
        return card["sources"]

    def write(self, *rows: Any) -> None:
        """The corpus."""
        self.corpus.write_text("\n".join(map(json.dumps, rows)), "utf8")


@pytest.fixture
def trainer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Trainer:
    return Trainer(tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[[topic]]\nslug = 'caf\xe9'", ":2: not UTF-8; a list of topics is TOML"),
        (b'[{"slug": "chess"}]', ": not TOML: "),
        (b"[[topics]]\nslug = 'chess'", ": fewer than two topics; a list of topics is TOML"),
        (TWO.encode() + b"[[topic]]\nname = 'Draughts'", ": topic 3: `slug` is missing; it must be text"),
        (
            TWO.encode() + b"[[topic]]\nslug = 'board games'",
            ": topic 3: `slug` is 'board games'; it names a Kafka topic",
        ),
    ],
)
def test_a_list_of_topics_that_cannot_be_used_is_told(trainer: Trainer, content: bytes, said: str) -> None:
    trainer.write(TEXT)
    path = trainer.folder / "topics.toml"
    path.write_bytes(content)
    assert trainer.refusal("topics", "--taxonomy", str(path)).startswith(f"{path}{said}")


@pytest.mark.parametrize("change", [{"title": 5}, {"body": 5}, {"source": 5}, {"topics": "sport"}, {"kind": "page"}])
def test_a_text_of_the_wrong_shape_is_told_with_its_line(trainer: Trainer, change: dict[str, Any]) -> None:
    trainer.write(TEXT, TEXT | change)
    ((name, value),) = change.items()
    assert trainer.refusal("topics").startswith(f"{trainer.corpus}:2: `{name}` is {value!r}; it must be ")


def test_a_line_of_a_teaser_of_no_known_field_is_told_with_its_line(trainer: Trainer) -> None:
    trainer.write({"lines": [*LINES, {"text": "Go on", "role": "teaser", "teaser": 1, "field": "headline"}]})
    said = f"{trainer.corpus}:1: line 3 of the page: `field` is 'headline'; it must be one of title, blurb, age, meta"
    assert trainer.refusal("splitter") == said


def test_a_corpus_of_one_text_and_one_of_one_topic_are_too_small_to_learn_from(trainer: Trainer) -> None:
    """Without the check the first of them ends in a traceback of scikit-learn's folds."""
    for rows in ([TEXT], [TEXT | {"topics": ["sport"]}] * 3):
        trainer.write(*rows)
        assert trainer.refusal("topics").startswith(f"{trainer.corpus}: fewer than two texts or than two topics")


def test_pages_of_blank_lines_alone_are_nothing_to_learn_from(trainer: Trainer) -> None:
    trainer.write({"lines": [{"text": " ", "role": "boilerplate"}]})
    assert trainer.refusal("splitter").startswith(f"{trainer.corpus}: no labelled page to train the splitter on")


@pytest.mark.parametrize("what", ["splitter", "topics"])
def test_a_folder_that_cannot_be_written_is_told_before_any_training(trainer: Trainer, what: str) -> None:
    """That the corpus cannot be used, nobody gets to see."""
    trainer.write(5)
    below_a_file = str(trainer.corpus / "to")
    said = trainer.refusal(what, "--to", below_a_file)
    assert said == f"--to {below_a_file}: cannot be written: Not a directory"


@pytest.mark.parametrize("seed", ["-1", str(2**32)])
@pytest.mark.parametrize("verb", ["train", "evaluate"])
@pytest.mark.parametrize("what", ["splitter", "topics"])
def test_a_seed_that_numpy_cannot_take_is_wrong_use(trainer: Trainer, verb: str, what: str, seed: str) -> None:
    trainer.write(TEXT)
    done = CliRunner().invoke(cli.command, [verb, what, "--corpus", str(trainer.corpus), "--seed", seed])
    assert done.exit_code == 2
    assert "Invalid value for '--seed'" in done.stderr


PAGES = [
    {"id": "1", "source": "our archive", "lines": LINES},
    {"id": "2", "publisher": "Chess Weekly", "lines": LINES},
    {"id": "3", "lines": LINES},
]


def test_a_card_names_the_users_sources_and_claims_no_terms_for_them(trainer: Trainer) -> None:
    """The terms of the texts that the shipped models learned from are none of theirs."""
    trainer.write(*PAGES)
    one = {"pages": 1}
    assert trainer.sources("splitter") == {"Chess Weekly": one, "not named": one, "our archive": one}


def test_a_card_names_the_terms_that_are_given(trainer: Trainer) -> None:
    topics = [{"title": f"Rook takes pawn {n}", "topics": [("sport", "society")[n % 2]]} for n in range(4)]
    trainer.write(*[row | {"publisher": "Chess Weekly"} for row in topics])
    assert trainer.sources("topics", "--terms", "ours") == {"Chess Weekly": {"texts": 4, "terms": "ours"}}


@pytest.mark.parametrize("name", ["splitter", "topics", "splitter-teacher", "teacher"])
def test_the_cards_of_the_shipped_models_name_the_terms_of_every_source(name: str) -> None:
    """Whoever trains them anew must say so: `newsieve train … --terms`."""
    assert all(row["terms"] for row in store.read_card(name)["sources"].values())
