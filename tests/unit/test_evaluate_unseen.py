"""Cross-validation never judges a model by publishers, or collections, that it has learned from."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import orjson
import pytest

from models.corpus import publisher_key
from models.errors import CorpusError
from models.labelled import LabelledLine, LabelledPage, LabelledText
from models.page import Guess, Role, Verdict
from models.splitter.crossvalidation import refit, unseen_folds
from models.splitter.model import Splitter
from models.topics import crossvalidation
from models.topics.crossvalidation import Curriculum
from models.topics.targets import NOTHING
from models.topics.taxonomy import Taxonomy
from models.topics.vectors import WordVectors

CHESS_OR_SHIPS = Taxonomy.parse("topic = [{slug = 'chess'}, {slug = 'ships'}]")
WORDS = WordVectors.of(["rook", "ferry"], np.eye(2), [1, 1])
LINES = (
    LabelledLine("Menu", Role.BOILERPLATE),
    LabelledLine("Bridge is mended", Role.HEADLINE),
    LabelledLine("The council met on Tuesday to talk about the old bridge, and agreed to mend it.", Role.STORY),
)


def page(number: int) -> LabelledPage:
    """The second page of each publisher follows the first, under the publisher's domain."""
    publisher = f"Harbour Times {number // 2}" if number % 2 == 0 else f"www.harbour-times-{number // 2}.co.uk"
    return LabelledPage(f"p{number}", publisher, "own", "", "en", LINES, ("society",), {})


PAGES = [page(number) for number in range(8)]


def test_every_page_is_split_once_by_a_model_that_has_not_seen_its_publisher() -> None:
    learned: list[set[str]] = []

    def fit(pages: Sequence[LabelledPage]) -> Splitter:
        learned.append({publisher_key(page.publisher) for page in pages})
        return refit(Splitter(epochs=1, hidden=4), 0)(pages)

    folds = list(unseen_folds(PAGES, 3, 0, fit))
    assert sorted(page.id for fold in folds for page in fold.pages) == [page.id for page in PAGES]
    for fold, seen in zip(folds, learned, strict=True):
        assert {publisher_key(page.publisher) for page in fold.pages}.isdisjoint(seen)
        assert len(fold.splits) == len(fold.pages)


def test_training_in_a_fold_has_the_parameters_of_the_model_and_leaves_it_alone() -> None:
    like = Splitter(epochs=1, hidden=4, random_state=7)
    again = refit(like, 3)(PAGES)
    assert (again.hidden, again.random_state) == (4, 3)
    assert not hasattr(like, "weights_")


def test_more_folds_than_publishers_are_refused() -> None:
    with pytest.raises(CorpusError, match="5 folds need as many publishers; the corpus has 4"):
        list(unseen_folds(PAGES, 5, 0, refit(Splitter(), 0)))


def text(number: int, source: str, topic: str, headline: str) -> LabelledText:
    return LabelledText(f"{source}/{number}", f"{source} {number % 3}", source, "teaser", headline, "", (topic,))


def curriculum(per_topic: int = 6) -> Curriculum:
    """Two collections of teasers; in the second, "rook" is the name of a ship."""
    rows = [
        *(text(n, "web:first", "chess", "rook takes pawn") for n in range(per_topic)),
        *(text(n, "web:first", "ships", "ferry leaves harbour") for n in range(per_topic)),
        *(text(n, "second", "ships", "rook takes sail") for n in range(per_topic)),
    ]
    return Curriculum(rows, NOTHING, WORDS, CHESS_OR_SHIPS)


def write(path: Path, *rows: dict[str, object]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"\n".join(map(orjson.dumps, rows)))


GOLD = {"id": "p", "lines": [{"text": "Ferry sails", "role": "headline"}], "story_topics": ["ships"]}
LABELLED = {"id": "l", "kind": "teaser", "title": "Ferry sails", "topics": ["ships"]}


@pytest.mark.parametrize("name", ["modern", "silver", "labelled"])
def test_folds_are_measured_on_all_texts_that_were_labelled_one_by_one(tmp_path: Path, name: str) -> None:
    write(tmp_path / "topics" / f"{name}.jsonl", LABELLED)
    write(tmp_path / "gold-pages-train.jsonl", GOLD)
    lesson = crossvalidation.read_curriculum(tmp_path, CHESS_OR_SHIPS)
    said = [Verdict("ships", (Guess("ships", "ships", 0.9),))] * 2
    found = crossvalidation.by_publisher(tmp_path, lesson, said)
    assert len(lesson.rows) == 2
    assert found["all"]["summary"]["texts"] == found["teaser"]["summary"]["texts"] == 1


def test_a_corpus_that_folds_cannot_be_measured_on_is_refused_before_any_training(tmp_path: Path) -> None:
    write(tmp_path / "gold-pages-train.jsonl", GOLD)
    with pytest.raises(CorpusError, match="no labelled texts to measure folds on: topics/modern, "):
        crossvalidation.read_curriculum(tmp_path, CHESS_OR_SHIPS)


def test_a_text_is_judged_by_a_model_that_has_not_seen_its_group() -> None:
    """Only who has read of the ship called rook does not take it for chess."""
    lesson = curriculum()
    rook = [number for number, row in enumerate(lesson.rows) if row.source == "second"]

    def ships(groups: list[str], folds: int) -> int:
        said = lesson.unseen(groups, folds, 0)
        return sum(said[number].guesses[0].topic == "ships" for number in rook)

    assert ships([row.source for row in lesson.rows], 2) == 0
    assert ships([row.id for row in lesson.rows], 4) == len(rook)


def test_small_collections_are_left_out_together() -> None:
    assert set(crossvalidation.collections_of(curriculum(), fewest=10)) == {"first", crossvalidation.OTHERS}


def test_one_collection_cannot_be_left_out() -> None:
    with pytest.raises(CorpusError, match="leaving a source out needs two"):
        crossvalidation.collections_of(curriculum())


def test_the_drop_is_what_is_lost_where_the_collection_was_left_out() -> None:
    lesson = curriculum(2)
    ships, chess = (Verdict(topic, (Guess(topic, topic, 0.9),)) for topic in ("ships", "chess"))
    texts = [chess, chess, ships, ships, ships, ships]
    publishers = [chess, chess, ships, ships, ships, Verdict("unclear")]
    collections = [chess, chess, ships, chess, chess, chess]
    names = [row.source for row in lesson.rows]
    found = crossvalidation.source_drop(lesson, names, texts, publishers, collections)
    assert found["all"] == {"texts": 6, "text": 1.0, "publisher": 0.8333, "collection": 0.5, "drop": 0.5}
    assert found["by_source"]["second"] == {"texts": 2, "text": 1.0, "publisher": 0.5, "collection": 0.0, "drop": 1.0}
    assert found["by_source"]["web:first"]["drop"] == 0.25
