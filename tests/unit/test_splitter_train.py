"""Training reads what a corpus holds, leaves out what it must not learn from, and says so on the card."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from models.errors import CorpusError
from models.splitter.train import train

PARAGRAPH = "The council met on Tuesday to talk about the old bridge, and after three hours it agreed to mend it."
LINES = [
    "Menu",
    "Bridge is mended",
    "By Ida Holm",
    PARAGRAPH,
    PARAGRAPH,
    "Latest",
    "Rain ends in the north",
    "1 day ago",
]
ROLES = ["boilerplate", "headline", "meta", "story", "story", "boilerplate", "teaser", "teaser"]


def gold_row(number: int, source: str = "own") -> dict[str, Any]:
    lines: list[dict[str, Any]] = [{"text": text, "role": role} for text, role in zip(LINES, ROLES, strict=True)]
    lines[6] |= {"teaser": 1, "field": "title"}
    lines[7] |= {"teaser": 1, "field": "age"}
    return {"id": f"{source}/{number}", "source": source, "lines": lines, "story_topics": ["society"]}


def corpus_at(folder: Path, gold: list[dict[str, Any]]) -> Path:
    for name, rows in (("gold-pages-train", gold), ("gold-pages-dev", gold[:1])):
        (folder / f"{name}.jsonl").write_bytes(b"\n".join(map(orjson.dumps, rows)))
    return folder


def test_training_learns_from_unrestricted_pages_and_the_card_names_each_source(tmp_path: Path) -> None:
    gold = [*(gold_row(number) for number in range(6)), gold_row(0, "web:dragnet")]
    said: list[str] = []
    splitter, card = train(corpus_at(tmp_path, gold), 3, said.append)
    assert splitter.predict([LINES])[0][1:5] == ["headline", "meta", "story", "story"]
    assert {source: row["pages"] for source, row in card["sources"].items()} == {"own": 6}
    assert (card["seed"], card["scores"]["gold-pages-dev"]["pages"]) == (3, 1)
    assert any("epoch" in line for line in said)
    assert orjson.loads(orjson.dumps(card)) == card


def test_a_single_file_of_labelled_pages_is_a_corpus(tmp_path: Path) -> None:
    path = tmp_path / "pages.jsonl"
    path.write_bytes(b"\n".join(orjson.dumps(gold_row(number)) for number in range(3)))
    _, card = train(path, 0, lambda _: None)
    assert card["sources"]["own"]["pages"] == 3
    assert card["scores"] == {}


def test_a_corpus_without_pages_to_learn_from_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no labelled page"):
        train(corpus_at(tmp_path, [gold_row(0, "l3sgn1")]), 0, lambda _: None)
