"""What a meta line, made `plain`, says by its look: a date, a byline, tags. Any language of `lexicon`, linear time."""

import re
from functools import cache

from models.splitter import lexicon
from models.splitter.plain import plain

READ_CHARACTERS = 200  # of a line; a date or byline that starts later is part of a sentence
DATE_WIDTH = 80  # characters; 99 of 100 ages in gold train have at most 60, and dates say "Published" before
BARE_YEAR_WORDS = 2  # "Since 2003" is a date, a sentence with a year in it is not
NAME_WORDS = (2, 4)  # fewest and most words of a person's name
BYLINE_WORDS = 8  # a longer line that has such a word inside is a sentence
TAG_WIDTH = 40  # characters of a single tag; longer lines without commas are sentences

_WORDS = re.compile(r"[^\W\d_]+")
_NUMERIC_DATE = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d:\d\d")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_UNSPACED_UNIT = re.compile(r"\d\s?[年月日時时小分週周天년월일시]")
_TAG_GAP = re.compile(r"[,;，、；|•·#]")


def is_date(text: str) -> bool:
    """Whether a line gives a point in time or an age.

    >>> [is_date(t) for t in ("April 4, 2022", "15 hours ago", "vor 3 Stunden", "2024-05-01 10:00", "World", "Top 10")]
    [True, True, True, True, False, False]
    """
    text = text[:READ_CHARACTERS]
    if len(text) > DATE_WIDTH or not any(map(str.isdigit, text)):
        return False
    words = _folded_words(text)
    if _YEAR.search(text) and len(words) <= BARE_YEAR_WORDS:
        return True
    named = not words.isdisjoint(_folded(lexicon.MONTHS))
    aged = not words.isdisjoint(_folded(lexicon.AGO)) and not words.isdisjoint(_folded(lexicon.UNITS))
    return named or aged or bool(_NUMERIC_DATE.search(text) or _UNSPACED_UNIT.search(text))


def is_byline(text: str, *, alone: bool) -> bool:
    """Whether a line names who wrote the story; `alone` also takes a bare name, as stands under a headline.

    >>> is_byline("By Ann Lee | May 4, 2022", alone=False), is_byline("Ann Lee", alone=True)
    (True, True)
    >>> is_byline("Ann Lee", alone=False), is_byline("Technology", alone=True)
    (False, False)
    """
    words = _WORDS.findall(text[:READ_CHARACTERS])
    if not words:
        return False
    by = _folded(lexicon.BY)
    signed = words[0].casefold() in by or (len(words) <= BYLINE_WORDS and not _folded_words(text).isdisjoint(by))
    return signed or (alone and _is_name(text, words))


def is_tag_list(text: str) -> bool:
    """Whether a line after the story is a tag, some tags, or the word before them.

    >>> is_tag_list("Tags: Space, NASA"), is_tag_list("Politics"), is_tag_list("She writes about parks. " * 3)
    (True, True, False)
    """
    opening = _WORDS.search(text[:READ_CHARACTERS])
    if opening and opening[0].casefold() in _folded(lexicon.TAGS):
        return True
    if text.rstrip().endswith((".", "。", "!", "?")):
        return False
    return len(text) <= TAG_WIDTH or len(_TAG_GAP.findall(text[:READ_CHARACTERS])) >= 2


def tags_in(text: str) -> list[str]:
    """Tags of one line, without the word that announces them.

    >>> tags_in("Tags: Space, NASA #moon"), tags_in("Labels:")
    (['Space', 'NASA', 'moon'], [])
    """
    head, colon, rest = text.partition(":")
    if colon and not {word.casefold() for word in plain(head).split()}.isdisjoint(_folded(lexicon.TAGS)):
        text = rest
    return [tag for tag in (piece.strip() for piece in _TAG_GAP.split(text)) if tag]


def _is_name(text: str, words: list[str]) -> bool:
    few = NAME_WORDS[0] <= len(words) <= NAME_WORDS[1]
    return few and all(word[0].isupper() for word in words) and not any(map(str.isdigit, text))


def _folded_words(text: str) -> set[str]:
    return {word.casefold() for word in _WORDS.findall(text[:READ_CHARACTERS])}


@cache
def _folded(words: str) -> frozenset[str]:
    return frozenset(word.casefold() for word in words.split())
