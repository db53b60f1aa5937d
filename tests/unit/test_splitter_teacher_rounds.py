"""The rounds in which the splitter's lessons are made, with a stand-in for the networks; and the verb without them."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from click.testing import CliRunner

from models import store
from models.splitter.labels import CODE, LABELS
from models.splitter.model import Splitter
from models.splitter.teacher.fused import Floats
from models.splitter.teacher.recipe import Judge, Known, Recipe, first_round, labelled_by_hand, lessons_of
from models.splitter.teacher.second import mixed, second_opinion
from models.splitter.teacher.sheets import Sheet
from models.splitter.train import other_pages, taught_pages
from scripts import train

PARAGRAPH = "The council met on Tuesday to talk about the old bridge, and after three hours it agreed to mend it."
LINES = ["Menu", "Bridge is mended", PARAGRAPH, "About the paper"]
NAMES = ["boilerplate", "headline", "story", "boilerplate"]


def one_hot(*labels: str) -> Floats:
    return np.eye(len(LABELS), dtype=np.float32)[[CODE[label] for label in labels]]


def shares(**probabilities: float) -> Floats:
    said = np.zeros((1, len(LABELS)), dtype=np.float32)
    for label, share in probabilities.items():
        said[0, CODE[label]] = share
    return said


def test_where_the_teacher_is_certain_its_word_stays() -> None:
    np.testing.assert_array_equal(mixed(one_hot("story"), one_hot("dek")), one_hot("story"))


def test_elsewhere_splitters_have_two_fifths_of_the_say() -> None:
    found = mixed(shares(story=0.5, dek=0.5), shares(story=1.0))
    assert found[0, [CODE["story"], CODE["dek"]]] == pytest.approx([0.7, 0.3])


def test_a_line_that_is_no_story_stays_none_whatever_splitters_see() -> None:
    found = mixed(shares(meta=0.6, dek=0.4), shares(story=0.9, dek=0.1))
    assert found[0, CODE["story"]] == 0
    assert found.sum() == pytest.approx(1)


def test_lines_that_splitters_do_not_read_stay_as_they_were_said() -> None:
    said = np.concatenate([shares(story=0.5, dek=0.5)] * 2)
    np.testing.assert_allclose(mixed(said, shares(story=1.0))[1], said[1])


def test_a_second_opinion_is_the_mean_of_probabilities_page_by_page() -> None:
    pages = [LINES, LINES[1:]]
    splitters = [Splitter(epochs=2, random_state=seed).fit([LINES] * 4, [NAMES] * 4) for seed in (0, 1)]
    both = second_opinion(splitters, pages)
    apart = [second_opinion([splitter], pages) for splitter in splitters]
    assert [said.shape for said in both] == [(4, len(LABELS)), (3, len(LABELS))]
    for mean, first, second in zip(both, *apart, strict=True):
        np.testing.assert_allclose(mean, (first + second) / 2, rtol=1e-5)
        np.testing.assert_allclose(mean.sum(axis=1), 1, rtol=1e-4)


def sheet(number: int, labels: list[str] | None = None) -> Sheet:
    return Sheet(str(number), "own", "example.org", [*LINES[:3], f"About paper {number}"], labels)


class School:
    """Stands in for networks: judges are fairly sure of story where a line is long, of boilerplate elsewhere."""

    def __init__(self) -> None:
        self.lessons: list[tuple[int, int, int]] = []

    def __call__(self, known: Sequence[Known], guessed: Sequence[Known], seed: int) -> Judge:
        self.lessons.append((len(known), len(guessed), seed))
        return lambda page: (
            0.9 * one_hot(*("story" if len(line) > 40 else "boilerplate" for line in page.lines)) + 0.1 / len(LABELS)
        )


def test_each_network_after_the_first_also_learns_from_pages_that_the_first_was_sure_of() -> None:
    school = School()
    found = first_round([sheet(0, NAMES), sheet(1), sheet(2)], school, 3, seed=2)
    assert school.lessons == [(1, 0, 6), (1, 2, 7), (1, 2, 8)]
    assert LABELS[found[sheet(1).digest][2].argmax()] == "story"
    assert LABELS[found[sheet(0, NAMES).digest][1].argmax()] == "headline"


def test_pages_without_a_story_are_seen_three_times() -> None:
    known = labelled_by_hand([sheet(0, NAMES), sheet(1, ["boilerplate"] * 4), sheet(2)])
    assert [page.key for page, _ in known] == ["0", "1", "1", "1"]


def corpus_at(folder: Path) -> Path:
    (folder / "pages").mkdir()
    gold = [
        {
            "id": f"g{number}",
            "source": "own",
            "lines": [{"text": text, "role": role} for text, role in zip(LINES, NAMES, strict=True)],
            "story_topics": ["society"],
        }
        for number in range(4)
    ]
    other = [
        {"id": f"u{number}#full", "source": "web:x", "publisher": "x", "lines": [f" {x} {number}" for x in LINES]}
        for number in range(3)
    ]
    weak = [{**other[0], "id": "t", "lines": [*other[0]["lines"], " "], "weak": [0, 0, 1, 0, 0]}]
    for name, rows in (("gold-pages-train", gold), ("pages/unlabelled", other), ("pages/train", weak)):
        (folder / f"{name}.jsonl").write_bytes(b"\n".join(map(orjson.dumps, rows)))
    return folder


def small(corpus: Path, seed: int = 0, said: list[str] | None = None) -> Any:
    recipe = Recipe(networks=2, splitters=2, splitter=Splitter(epochs=1))
    progress = (said if said is not None else []).append
    return lessons_of(corpus, lambda sheets, progress: School(), "letters", seed, progress, recipe)


def test_the_lessons_are_about_every_page_that_training_will_ask_for(tmp_path: Path) -> None:
    corpus, said = corpus_at(tmp_path), list[str]()
    lessons, card = small(corpus, said=said)
    store.save("splitter-teacher", lessons, card, tmp_path)
    loaded, _ = store.load("splitter-teacher", tmp_path)
    taught = taught_pages(loaded, other_pages(corpus))
    assert sorted(lines[0] for lines, _ in taught) == ["Menu 0", "Menu 1", "Menu 2"]
    assert {str(labels[2]) for _, labels in taught} == {"story"}
    assert (card["pages"], card["lines"], card["encoder"]) == (3, 12, "letters")
    assert card["sources"] == {"own": {"pages": 4}, "web:x": {"pages": 4}}
    assert (card["seed"], card["restricted"]) == (0, ["agnews_test", "dragnet", "l3sgn1", "mind"])
    assert any("splitter 2 of 2" in line for line in said)


def test_the_same_seed_gives_the_same_lessons_and_another_does_not(tmp_path: Path) -> None:
    corpus = corpus_at(tmp_path)
    (first, _), (again, _), (other, _) = small(corpus), small(corpus), small(corpus, 1)
    assert first.levels.tolist() == again.levels.tolist() != other.levels.tolist()


def test_the_help_of_the_verb_names_both_teachers() -> None:
    shown = CliRunner().invoke(train.command, ["teacher", "--help"]).output
    assert "splitter" in shown
    assert "topics" in shown


@pytest.mark.parametrize("which", ["splitter", "topics"])
def test_without_their_libraries_one_line_says_which_extra_to_install(tmp_path: Path, which: str) -> None:
    if importlib.util.find_spec("torch"):
        pytest.skip("the extra `teacher` is installed here")
    done = CliRunner().invoke(train.command, ["teacher", which, "--corpus", str(tmp_path), "--to", str(tmp_path)])
    assert done.exit_code == 1
    assert done.output.count("\n") == 1
    assert "pip install 'newsieve[teacher]'" in done.output


def test_networks_learn_a_page_by_heart_and_the_same_seed_gives_the_same_network() -> None:
    pytest.importorskip("torch", reason="only where the extra `teacher` is installed")
    from models.splitter.teacher.learning import networks_on

    sheets = [sheet(number, NAMES) for number in range(8)]
    teach = networks_on(sheets, lambda _: None, epochs=12)
    known = labelled_by_hand(sheets)
    first, again = (teach(known, [], 3)(sheets[0]) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert [LABELS[code] for code in first.argmax(axis=1)] == NAMES
