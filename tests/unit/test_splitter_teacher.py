"""What the splitter's teacher is told of a page, and how what it says is joined with what is known; needs no torch."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from models.errors import CorpusError
from models.page import lines_of
from models.splitter.labels import CODE, LABELS
from models.splitter.lessons import digest
from models.splitter.teacher.fused import Floats, all_fused, fused, marginals
from models.splitter.teacher.recurrence import Inputs
from models.splitter.teacher.sheets import Sheet, sheets_of
from models.splitter.teacher.words import Halves, Tokens, Words, cut
from models.topics.encoder import TEXTS_AT_ONCE, TOKENS_AT_MOST, WIDTH, encoder_of

STORY = CODE["story"]


def sheet(*lines: str, key: str = "p", publisher: str = "example.org", **known: Any) -> Sheet:
    return Sheet(key, "own", publisher, list(lines), **known)


def unsure(lines: int) -> Floats:
    return np.full((lines, len(LABELS)), 1 / len(LABELS), dtype=np.float32)


def write(folder: Path, name: str, *rows: dict[str, Any]) -> None:
    path = folder / f"{name}.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"\n".join(map(orjson.dumps, rows)))


def row(number: int, *lines: str, source: str = "own", **more: Any) -> dict[str, Any]:
    return {"id": f"{number}#full", "publisher": "example.org", "source": source, "lines": list(lines), **more}


def gold(number: int, *lines: tuple[str, str], source: str = "own") -> dict[str, Any]:
    labelled = [{"text": text, "role": role} for text, role in lines]
    return {"id": f"w2-{number}", "publisher": "example.org", "source": source, "lines": labelled, "story_topics": None}


def test_sheets_are_unrestricted_pages_with_what_is_known_of_them(tmp_path: Path) -> None:
    write(tmp_path, "gold-pages-train", gold(1, ("Rain", "headline")), gold(2, ("No", "story"), source="web:dragnet"))
    write(tmp_path, "pages/train", row(1, "Menu ", " ", "Rain", weak=[0, 0, 1]), row(3, "No", source="l3sgn1"))
    write(tmp_path, "pages/unlabelled", row(4, "Snow"), row(5, " "))
    found = [(page.key, page.lines, page.labels, page.weak) for page in sheets_of(tmp_path)]
    assert found == [
        ("1", ["Rain"], ["headline"], None),
        ("4", ["Snow"], None, None),
        ("1", ["Menu", "Rain"], None, [False, True]),
    ]


def test_a_sheet_has_the_digest_by_which_training_finds_its_lesson(tmp_path: Path) -> None:
    raw = [" Rain\u200b", "\u00a0", "Snow \r"]
    write(tmp_path, "gold-pages-train", gold(1, ("Rain", "headline")))
    write(tmp_path, "pages/unlabelled", row(4, *raw))
    assert sheets_of(tmp_path)[1].digest == digest([line.text for line in lines_of("\n".join(raw))])


@pytest.mark.parametrize("missing", ["gold-pages-train", "pages/unlabelled"])
def test_a_corpus_without_pages_of_either_kind_is_refused(tmp_path: Path, missing: str) -> None:
    write(tmp_path, "gold-pages-train", gold(1, ("Rain", "headline")))
    write(tmp_path, "pages/unlabelled", row(4, "Snow"))
    (tmp_path / f"{missing}.jsonl").unlink()
    with pytest.raises(CorpusError, match=missing):
        sheets_of(tmp_path)


def test_a_line_that_recurs_on_other_pages_of_its_publisher_is_told_from_one_that_does_not() -> None:
    here = sheet("Menu", "Rain", key="1", labels=["boilerplate", "story"])
    inputs = Inputs([here, sheet("Menu", "Snow", "Ice", key="2"), sheet("Menu", key="3", publisher="other.org")])
    some, share, recurs, spread = inputs.of(here.lines, here)[:, -4:].T
    assert (some.tolist(), share.tolist(), recurs.tolist()) == ([1, 1], [1, 0], [1, 0])
    assert spread.tolist() == pytest.approx([np.log(2), 0])
    assert inputs.of(here.lines, here).shape == (2, inputs.size)


def test_a_page_alone_has_no_siblings_and_other_styles_are_none() -> None:
    here = sheet("Menu", "Rain", key="1", labels=["boilerplate", "story"])
    inputs = Inputs([here, sheet("Menu", "Wind", "Share", key="1"), sheet("Menu", "Snow", key="2")])
    assert inputs.siblings(here) == [frozenset({"Menu", "Snow"})]
    assert not inputs.of(here.lines, here, alone=True)[:, -4:-1].any()


def test_a_page_saved_twice_is_no_sibling_of_itself() -> None:
    here = sheet("Menu", "Rain", "Snow", key="1", labels=["boilerplate", "story", "story"])
    assert Inputs([here, sheet("Menu", "Rain", "Snow", "Ice", key="again")]).siblings(here) == []


def test_labels_given_by_hand_to_these_very_lines_stand_whatever_is_said() -> None:
    by_hand, said = sheet("It rained.", labels=["story"]), np.eye(len(LABELS), dtype=np.float32)[[CODE["meta"]]]
    assert fused(by_hand, said, [(by_hand, said)])[0, STORY] == 1


def test_labels_given_by_hand_reach_the_same_lines_of_another_style() -> None:
    by_hand = sheet("Menu", "Rain", "It rained.", labels=["boilerplate", "headline", "story"])
    other = sheet("Rain", "Share", "It rained.")
    found = fused(other, unsure(3), [(by_hand, unsure(3)), (other, unsure(3))])
    assert [LABELS[code] for code in found[[0, 2]].argmax(axis=1)] == ["headline", "story"]
    assert found[[0, 2]].max(axis=1).min() > 0.85
    assert found[1].max() < 0.5


def test_what_is_said_of_the_other_styles_weighs_in() -> None:
    said = np.eye(len(LABELS), dtype=np.float32)[[STORY]]
    here, other = sheet("It rained."), sheet("Menu", "It rained.")
    alone = fused(here, unsure(1), [(here, unsure(1))])
    both = fused(here, unsure(1), [(here, unsure(1)), (other, np.concatenate([unsure(1), said]))])
    assert both[0, STORY] > alone[0, STORY] + 0.2


def test_a_line_weakly_labelled_story_is_likelier_one_and_others_are_none() -> None:
    here = sheet("It rained.", "Share", weak=[True, False])
    found = fused(here, unsure(2), [(here, unsure(2))])
    assert found[0].argmax() == STORY
    assert found[1, STORY] == 0
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


def test_a_label_given_by_hand_outweighs_a_weak_one() -> None:
    by_hand = sheet("It rained.", "Share", labels=["story", "boilerplate"])
    here = sheet("It rained.", weak=[False])
    assert fused(here, unsure(1), [(by_hand, unsure(2)), (here, unsure(1))])[0].argmax() == STORY


def test_a_weak_label_against_all_that_was_seen_leaves_probabilities() -> None:
    said = np.eye(len(LABELS), dtype=np.float32)[[STORY]]
    here = sheet("It rained.", weak=[False])
    assert fused(here, said, [(here, said)])[0].sum() == pytest.approx(1)


def test_of_pages_alike_the_first_counts() -> None:
    by_hand, again = sheet("It rained.", labels=["story"]), sheet("It rained.", key="q")
    assert all_fused([(by_hand, unsure(1)), (again, unsure(1))])[again.digest][0, STORY] > 0.9


def test_marginals_keep_the_rules_of_what_may_follow_what() -> None:
    scores = np.zeros((3, len(LABELS)), dtype=np.float32)
    alike = np.zeros((len(LABELS), len(LABELS)), dtype=np.float32)
    found = marginals(scores, alike, np.array([2, 1]))
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
    assert found[0, CODE["led-title"]] < 1e-6 < found[0, CODE["next-age"]]
    assert found[2, CODE["next-age"]] < 1e-6


def test_each_line_is_read_once_whatever_its_case_and_given_back_in_order() -> None:
    read: list[str] = []

    def lengths(texts: Sequence[str], kept: Callable[[Tokens], Tokens]) -> Iterator[tuple[int, Halves]]:
        read.extend(texts)
        return ((place, np.full((len(text.split()), 2), len(text), np.float16)) for place, text in enumerate(texts))

    words = Words(lengths)
    vectors, counts = words.of(["Rain ends", "Snow", "RAIN ENDS"])
    assert (vectors[:, 0].tolist(), counts.tolist()) == ([9, 9, 4, 9, 9], [2, 1, 2])
    words.of(["snow"])
    assert sorted(read) == ["rain ends", "snow"]


def test_a_long_line_is_read_from_both_ends() -> None:
    line = "a" * 1_000 + "z" * 1_000
    assert cut(line) == "a" * 450 + " " + "z" * 200
    assert cut("short") == "short"


def test_topics_are_taught_by_unit_vectors_of_the_openings_of_texts_in_order() -> None:
    def read(texts: Sequence[str], kept: Callable[[Tokens], Tokens]) -> Iterator[tuple[int, Halves]]:
        for place, text in enumerate(texts):
            size = len(kept([101, *range(len(text)), 102]))
            yield place, np.array([[size, 1, *[0] * (WIDTH - 2)]] * size, np.float16)

    found = encoder_of(read)(["a"] * TEXTS_AT_ONCE + ["ab" * 100])
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)
    assert found[[0, -1], 0] / found[[0, -1], 1] == pytest.approx([3, TOKENS_AT_MOST])
    assert encoder_of(read)([]).shape == (0, WIDTH)
