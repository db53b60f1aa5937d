"""Training takes clean English texts of unrestricted sources, and what the teacher said about the others."""

from pathlib import Path

import numpy as np
import orjson
import pytest

from models.errors import CorpusError
from models.page import Text
from models.topics.taxonomy import Taxonomy
from models.topics.teacher import teach
from models.topics.train import taught_texts, training_texts, unlabelled_texts

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


def letters(texts: list[str]) -> np.ndarray:
    """A stand-in for a language model: how often each letter occurs, of unit length."""
    counts = np.array([[line.lower().count(chr(97 + n)) + 0.1 for n in range(26)] for line in texts])
    return counts / np.linalg.norm(counts, axis=1, keepdims=True)


def test_lessons_find_their_texts_again_and_are_distributions(tmp_path: Path) -> None:
    labelled = [Text("teaser", "Rook takes pawn"), Text("teaser", "Ferry leaves harbour")] * 6
    targets = np.array([[1.0, 0.0], [0.0, 1.0]] * 6)
    rows: list[dict[str, object]] = [{"title": "Pawn takes rook", "body": ""}, {"title": "Harbour ferry", "body": ""}]
    write(tmp_path / "topics" / "unlabelled.jsonl", [*rows, {"title": "Unknown to the teacher", "body": ""}])
    unlabelled = unlabelled_texts(tmp_path)
    lessons = teach(labelled, targets, np.ones(12), ["chess", "ships"], unlabelled[:2], letters)
    taught = taught_texts(tmp_path, lessons, CHESS_OR_SHIPS)
    assert list(taught.texts) == unlabelled[:2]
    np.testing.assert_allclose(taught.proba.sum(axis=1), 1)
    assert taught.proba.argmax(axis=1).tolist() == [0, 1]


def test_a_teacher_of_other_topics_teaches_nothing(tmp_path: Path) -> None:
    write(tmp_path / "topics" / "unlabelled.jsonl", [{"title": "Pawn takes rook", "body": ""}])
    labelled = [Text("teaser", "Rook takes pawn"), Text("teaser", "Ferry leaves harbour")] * 6
    targets = np.array([[1.0, 0.0], [0.0, 1.0]] * 6)
    lessons = teach(labelled, targets, np.ones(12), ["chess", "golf"], unlabelled_texts(tmp_path), letters)
    assert len(taught_texts(tmp_path, lessons, CHESS_OR_SHIPS).texts) == 0
