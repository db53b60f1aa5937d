"""Training takes clean English texts of unrestricted sources, and what the teacher said about the others."""

from pathlib import Path

import numpy as np
import orjson
import pytest
from fake_models import MarkSplitter

from models.errors import CorpusError
from models.labelled import LabelledText
from models.page import Text
from models.topics.taxonomy import Taxonomy
from models.topics.teacher import Lessons, lessons_about
from models.topics.train import taught_texts, training_texts, unlabelled_texts
from models.topics.vectors import WordVectors

CHESS_OR_SHIPS = Taxonomy.parse("topic = [{slug = 'chess'}, {slug = 'ships'}]")


def write(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"\n".join(map(orjson.dumps, rows)))


def text(source: str, title: str = "Ferry sails") -> dict[str, object]:
    return {"id": title, "source": source, "kind": "teaser", "title": title, "body": "", "topics": ["ships"]}


def page(language: str, source: str = "web:example") -> dict[str, object]:
    lines = [{"text": f"{language} {source}", "role": "teaser", "teaser": 0, "field": "title"}]
    topics = {"0": ["chess"]}
    return {"id": "p", "source": source, "language": language, "lines": lines, "story_topics": None,
            "teaser_topics": topics}  # fmt: skip


def test_restricted_sources_and_other_languages_are_left_out(tmp_path: Path) -> None:
    write(tmp_path / "topics" / "modern.jsonl", [text("modern"), text("page:mind", "No")])
    write(tmp_path / "gold-pages-train.jsonl", [page("en"), page("de"), page("en", "web:dragnet")])
    assert [row.headline for row in training_texts(tmp_path)] == ["Ferry sails", "en web:example"]


def test_an_empty_corpus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no labelled texts"):
        training_texts(tmp_path)


def test_a_single_file_gives_labelled_and_unlabelled_rows(tmp_path: Path) -> None:
    write(tmp_path / "mine" / "all.jsonl", [text("own"), {"title": "Rook wins", "body": None}])
    assert [row.headline for row in training_texts(tmp_path / "mine" / "all.jsonl")] == ["Ferry sails"]
    assert unlabelled_texts(tmp_path / "mine" / "all.jsonl") == [Text("teaser", "Rook wins")]


def about(texts: list[Text], *topics: str) -> Lessons:
    """Lessons by which the first text is most likely of the first topic, the second of the second, and so on."""
    proba = 0.8 * np.eye(len(topics))[: len(texts)] + 0.2 / len(topics)
    return lessons_about(texts, proba, topics, WordVectors.of(["rook"], np.eye(1), [1]))


def test_lessons_find_their_texts_again_and_are_distributions(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"title": "Pawn takes rook", "body": ""}, {"title": "Harbour ferry", "body": ""}]
    write(tmp_path / "topics" / "unlabelled.jsonl", [*rows, {"title": "Unknown to the teacher", "body": ""}])
    unlabelled = unlabelled_texts(tmp_path)
    taught = taught_texts(tmp_path, [], about(unlabelled[:2], "chess", "ships"), CHESS_OR_SHIPS, MarkSplitter())
    assert list(taught.texts) == unlabelled[:2]
    np.testing.assert_allclose(taught.proba.sum(axis=1), 1)
    np.testing.assert_allclose(taught.proba, [[0.9, 0.1], [0.1, 0.9]], atol=0.005)


def test_what_the_teacher_says_of_a_labelled_text_is_an_opinion_and_no_further_text(tmp_path: Path) -> None:
    rows = [corpus_row("Rook takes pawn"), corpus_row("Nobody was asked")]
    write(tmp_path / "topics" / "unlabelled.jsonl", [{"title": "Rook takes pawn"}, {"title": "Ferry leaves harbour"}])
    texts = unlabelled_texts(tmp_path)
    taught = taught_texts(tmp_path, rows, about(texts, "chess", "ships"), CHESS_OR_SHIPS, MarkSplitter())
    assert list(taught.texts) == texts[1:]
    np.testing.assert_allclose(taught.opinions, [[0.9, 0.1], [0, 0]], atol=0.005)


def corpus_row(title: str) -> LabelledText:
    return LabelledText(title, "", "own", "teaser", title, "", ("ships",))


def test_a_teacher_of_other_topics_teaches_nothing(tmp_path: Path) -> None:
    write(tmp_path / "topics" / "unlabelled.jsonl", [{"title": "Pawn takes rook", "body": ""}])
    lessons = about(unlabelled_texts(tmp_path), "chess", "golf")
    assert len(taught_texts(tmp_path, [], lessons, CHESS_OR_SHIPS, MarkSplitter()).texts) == 0
