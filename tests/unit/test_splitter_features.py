"""Features are finite numbers for any lines, and a page's own whatever stands beside it in the batch."""

import numpy as np
import pytest

from models.splitter import characters
from models.splitter.batch import read_batch
from models.splitter.context import main_block
from models.splitter.features import line_features
from models.splitter.shapes import shapes_of

LONG = "The harbour was quiet on the morning when the ferry came back, and nobody knew what to say. " * 2


@pytest.mark.parametrize(
    "page",
    [
        [],
        ["x"],
        [LONG],
        ["\u200b\u200d\ufeff"],
        ["\u0301\u0301", "…", "!?", "🎧🎧", "\U000e0041"],
        ["مرحبا بالعالم", "東京で雨", "สวัสดี", "Ζωή", "ǅ"],
        ["a\x0bb\x1c", "\u2028"],
        ["w" * 5_000_000],
        ["3"] * 5_000,
    ],
    ids=["empty", "one", "long", "zero-width", "signs", "scripts", "controls", "5 MB line", "many lines"],
)
def test_any_page_has_finite_features_one_row_a_line(page: list[str]) -> None:
    found = line_features([page])
    assert found.shape == (len(page), line_features([["x"]]).shape[1])
    assert np.isfinite(found).all()


def test_features_of_a_page_do_not_depend_on_its_neighbours_in_the_batch() -> None:
    pages = [["Menu", LONG, "2 hours ago"], [], ["Rain ends", LONG, LONG, "Rain ends"], ["x"]]
    together = line_features(pages)
    assert np.array_equal(together, np.concatenate([line_features([page]) for page in pages]))


def test_words_are_hashed_without_case_and_digit_values() -> None:
    first, shouted, other, figure, another_figure = read_batch([["Ferry FERRY harbour 12 47"]]).words
    assert first == shouted != other
    assert figure == another_figure


def test_a_word_has_the_same_hash_wherever_it_stands() -> None:
    batch = read_batch([["." * number + "Ferry" for number in range(300)], ["the ferry"]])
    assert len(batch.codes) > 20_000
    assert set(batch.words[batch.words != batch.words[-2]].tolist()) == {int(batch.words[-1])}


def test_every_character_is_read_as_the_tables_say_and_those_beyond_as_an_unassigned_one() -> None:
    every = "".join(map(chr, range(characters.TABLE_CODES)))
    classes, codes = characters.read(every + "\U000e0041")
    assert np.array_equal(classes[:-1], characters.class_table())
    assert np.array_equal(codes[:-1], characters.fold_table())
    assert codes[-1] == characters.TABLE_CODES - 1


def test_a_line_break_inside_a_line_is_a_space() -> None:
    broken, whole = read_batch([["Rain\nends", "Menu"]]), read_batch([["Rain ends", "Menu"]])
    assert broken.lines == 2
    assert broken.words.tolist() == whole.words.tolist()
    assert broken.word_line.tolist() == whole.word_line.tolist()


def test_signs_of_scripts_without_spaces_are_words_of_their_own() -> None:
    assert len(read_batch([["東京で雨"]]).words) == 4
    assert len(read_batch([["two words"]]).words) == 2


def test_composed_and_decomposed_letters_are_the_same_word() -> None:
    assert read_batch([["caf\u00e9"]]).words.tolist() == read_batch([["cafe\u0301"]]).words.tolist()


def test_the_main_block_is_the_widest_run_of_long_lines() -> None:
    page = [LONG, *["x"] * 8, "Rain ends", LONG, "Photo", LONG, "Share"]
    batch = read_batch([["Menu"], page])
    start, end = main_block(batch, shapes_of(batch))
    assert (start[0], end[0]) == (0, 0)
    assert (start[-1] - 1, end[-1] - 1) == (10, 13)


@pytest.mark.parametrize(
    ("line", "cut"), [("It was…", True), ("It was...", True), ("It was [...]", True), ("It was.", False), (".", False)]
)
def test_a_line_that_was_cut_off_is_seen_as_such(line: str, cut: bool) -> None:
    assert shapes_of(read_batch([[line]])).cut_off.tolist() == [cut]
