"""The one call: splits, languages, verdicts and ids come together in order, whatever the size of the batch."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from fake_models import EvenLanguages, MarkSplitter, WordClassifier, mark_tagger
from hypothesis import given
from hypothesis import strategies as st

from models.page import Page, Part, Text, Verdict
from models.tagger import UNSERVED, Tagger

FETCHED = "2026-01-05T20:00:00Z"
STORY = "# Cup final\nThe match was long.\nIt ended.\n* Moon lander\n~ It landed.\n@ 2 hours ago\n* Match off"
GERMAN = "# Das Spiel\nSpiel, match.\n* Ein match"


def page(text: str, name: str = "p") -> Page:
    return Page(name, "https://example.org/a", text, FETCHED)


@dataclass
class CountingClassifier:
    """Remembers what it was asked."""

    asked: list[list[Text]] = field(default_factory=list)

    def classify(self, texts: Sequence[Text]) -> list[Verdict]:
        self.asked.append(list(texts))
        return WordClassifier().classify(texts)


def counting() -> tuple[Tagger, CountingClassifier]:
    classifier = CountingClassifier()
    return replace(mark_tagger(), classifier=classifier), classifier


def test_the_story_comes_first_then_teasers_in_page_order() -> None:
    (parts,) = mark_tagger().tag([page(STORY)])
    assert [(part.kind, part.content.headline) for part in parts] == [
        ("story", "# Cup final"), ("teaser", "* Moon lander"), ("teaser", "* Match off")
    ]  # fmt: skip
    assert [part.verdict.topic for part in parts] == ["sport", "unclear", "sport"]


def test_no_pages_and_pages_without_parts_give_nothing() -> None:
    assert mark_tagger().tag([]) == []
    assert mark_tagger().tag([page("-"), page("")]) == [[], []]


def test_the_model_is_asked_once_for_all_parts_of_all_pages() -> None:
    tagger, classifier = counting()
    tagger.tag([page(STORY), page("-"), page("* Only a teaser")])
    assert [[text.kind for text in texts] for texts in classifier.asked] == [["story", "teaser", "teaser", "teaser"]]
    assert classifier.asked[0][0] == Text("story", "# Cup final", "The match was long.\n\nIt ended.")


def test_parts_in_a_language_that_is_not_served_are_unclear_and_never_reach_the_model() -> None:
    tagger, classifier = counting()
    english, german, last = tagger.tag([page(STORY), page(GERMAN), page("* A match")])
    assert [part.language for parts in (english, german, last) for part in parts] == ["en"] * 3 + ["de"] * 2 + ["en"]
    assert all(part.verdict == UNSERVED for part in german)
    assert [part.verdict.topic for part in last] == ["sport"]
    assert len(classifier.asked[0]) == 4


def test_a_page_in_letters_of_another_script_is_not_classified_as_english() -> None:
    """The detector knows languages that have no code of two letters; their pages go by English."""
    tagger, classifier = counting()
    (parts,) = tagger.tag([page("# ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ\nᎠᏂᏴᏫᏯᎢ match")])
    assert [(part.language, part.verdict) for part in parts] == [("en", UNSERVED)]
    assert classifier.asked == []


def test_when_no_language_is_served_the_model_is_not_asked() -> None:
    tagger, classifier = counting()
    tagger.tag([page(GERMAN)])
    assert classifier.asked == []


def test_a_storys_item_is_the_story_and_a_teasers_the_same_on_another_page() -> None:
    first, second = mark_tagger().tag([page(STORY), page("* MOON lander!", "q")])
    assert first[0].item_id == first[0].id
    assert first[1].item_id == second[0].item_id != first[2].item_id
    assert first[1].id != second[0].id


def test_an_age_becomes_a_time_where_the_page_says_when_it_was_fetched() -> None:
    with_time, without = mark_tagger().tag([page(STORY), replace(page(STORY), fetched_at=None)])
    assert [part.published_at for part in with_time] == [None, "2026-01-05T18:00:00Z", None]
    assert [part.published_at for part in without] == [None] * 3


def test_parts_say_which_models_made_them() -> None:
    assert {str(part.models) for part in mark_tagger().tag([page(STORY)])[0]} == {
        "{'splitter': 'marks', 'topics': 'words'}"
    }


texts = st.lists(st.sampled_from([STORY, GERMAN, "-", "* A match", "", "# x"]), max_size=6)


@given(texts)
def test_a_batch_gives_what_its_pages_give_alone_and_again(batch: list[str]) -> None:
    pages = [page(text, str(number)) for number, text in enumerate(batch)]
    alone: list[list[Part]] = [mark_tagger().tag([one])[0] for one in pages]
    assert mark_tagger().tag(pages) == alone == mark_tagger().tag(pages)


class Short(WordClassifier):
    """Forgets the last text."""

    def classify(self, texts: Sequence[Text]) -> list[Verdict]:
        return super().classify(texts)[:-1]


class Wordless(EvenLanguages):
    """Forgets the last page."""

    def detect(self, texts: Sequence[str]) -> list[str]:
        return super().detect(texts)[:-1]


@pytest.mark.parametrize("changes", [{"classifier": Short()}, {"languages": Wordless()}])
def test_a_model_that_miscounts_is_an_error_and_shifts_nothing(changes: dict[str, object]) -> None:
    with pytest.raises((ValueError, StopIteration)):
        replace(mark_tagger(), **changes).tag([page(STORY), page("* A match")])


def test_the_models_are_what_they_were_after_tagging() -> None:
    tagger = Tagger(MarkSplitter(), WordClassifier(), EvenLanguages(), {"splitter": "1", "topics": "1"})
    before = repr(tagger)
    tagger.tag([page(STORY)])
    assert repr(tagger) == before
