"""Lines are read in one spelling, whatever marks stand in them, and in linear time."""

import itertools
import random
import sys
import unicodedata

import pytest

from models.splitter import plain

HOSTILE = ["\u0301\u0323", "\u0f73", "\u0301\u200b\u0323\u200b", "\u0344\u0323"]
"""What takes `unicodedata` quadratic time when it is repeated: marks out of order, seen or not, and their like."""


@pytest.mark.timeout(60)  # a hundred times what it takes
@pytest.mark.parametrize("marks", HOSTILE, ids=ascii)
def test_a_long_row_of_combining_marks_costs_no_more_than_other_text(marks: str) -> None:
    """In quadratic time this takes many minutes."""
    line = "a" + marks * 300_000
    assert plain.plain_lines(["é", line])[0] == "é"
    assert plain.plain(line)[0] in "aáạ"


@pytest.mark.parametrize("marks", HOSTILE, ids=ascii)
def test_a_long_row_is_given_to_normalisation_in_order(marks: str) -> None:
    ordered = plain.marks_in_order("".join(character for character in marks if character != "\u200b") * 100)
    classes = list(map(unicodedata.combining, ordered))
    assert all(first <= then for first, then in itertools.pairwise(classes))


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_every_normal_form_of_a_text_is_that_of_its_ordered_marks(form: str) -> None:
    choose = random.Random(0)
    marks = [character for character in map(chr, range(0x300, 0x1000)) if unicodedata.combining(character)]
    for length in [5, 60, 200] * 100:
        letters = [choose.choice(["a", "é", "\u1100\u1161", "\u0f73", *choose.sample(marks, 8)]) for _ in range(length)]
        text = "".join(letters)
        assert unicodedata.normalize(form, plain.marks_in_order(text)) == unicodedata.normalize(form, text)


def test_ordinary_text_is_not_touched_and_all_marks_of_this_python_are_known() -> None:
    for text in ("ẹ́", "เพื่อที่จะ", "שָׁלוֹם", "e\u0301\u0323" * 50):
        assert plain.marks_in_order(text) is text
    first = (unicodedata.normalize("NFD", character)[0] for character in map(chr, range(0x20000, sys.maxunicode + 1)))
    assert not any(map(unicodedata.combining, first))
