"""How lessons for the topics are made, with stand-ins for the networks; and how those learn, where torch is."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from models import store
from models.errors import CorpusError
from models.labelled import LabelledText
from models.page import Page, Split, Teaser, Text
from models.topics.pageteasers import page_teasers
from models.topics.recipe import lessons_of, scores_on_dev, unseen_opinions
from models.topics.teacher import FEWEST_TEXTS_WITH_A_WORD, Floats, Judge, digest, lessons_about, mean_of, words_of
from models.topics.train import as_text, training_texts, unlabelled_texts
from models.topics.vectors import WordVectors

ENGLISH = "The council met on Tuesday to talk about the old bridge, and after three hours it agreed to mend it."
GERMAN = "Der Rat traf sich am Dienstag wegen der alten Brücke und beschloss nach drei Stunden, sie zu erneuern."
TABLE = WordVectors.of(["pawn"], np.eye(1), [1])


class EveryLine:
    """Stands in for the splitter: every line but the last is a teaser, its blurb what follows a colon."""

    def split(self, pages: Sequence[Page]) -> list[Split]:
        found = [[line.partition(": ") for line in page.text.split("\n")[:-1]] for page in pages]
        return [Split(None, tuple(Teaser(headline, blurb) for headline, _, blurb in lines)) for lines in found]


class School:
    """Stands in for networks: whatever has a pawn in it is chess, and the second network is less sure."""

    def __init__(self) -> None:
        self.lessons: list[tuple[list[str], list[list[float]], list[float], int]] = []

    def __call__(self, sentences: Sequence[str], targets: Floats, weights: Floats, seed: int) -> Judge:
        self.lessons.append((list(sentences), targets.tolist(), weights.tolist(), seed))
        sure = 1.0 if seed % 2 == 0 else 0.6
        return lambda texts: np.array([[sure, 1 - sure] if "awn" in text else [1 - sure, sure] for text in texts])


def letters(texts: Sequence[str]) -> Floats:
    """Stands in for vectors of words: which letters occur, of unit length."""
    counts = np.array([[line.lower().count(chr(97 + n)) + 0.1 for n in range(26)] for line in texts])
    return np.asarray(counts / np.linalg.norm(counts, axis=1, keepdims=True))


def write(folder: Path, name: str, *rows: dict[str, Any]) -> None:
    path = folder / f"{name}.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"\n".join(map(orjson.dumps, rows)))


def page(*lines: str, publisher: str = "example.org", source: str = "own", last: str = ENGLISH) -> dict[str, Any]:
    return {"id": lines[0], "publisher": publisher, "source": source, "lines": [*lines, last]}


def labelled(title: str, topic: str, source: str = "silver", publisher: str = "own") -> dict[str, Any]:
    return {"id": title, "source": source, "publisher": publisher, "kind": "teaser", "title": title, "topics": [topic]}


def gold(title: str, topic: str, publisher: str = "own") -> dict[str, Any]:
    lines = [{"text": title, "role": "teaser", "teaser": 0, "field": "title"}]
    return {"id": "g", "publisher": publisher, "source": "own", "lines": lines, "teaser_topics": {"0": [topic]}}


def found_on(folder: Path, *taken: str) -> list[str]:
    texts = page_teasers(folder, EveryLine(), [Text("teaser", headline) for headline in taken])
    assert {text.kind for text in texts} <= {"teaser"}
    return [f"{text.headline}: {text.text}".removesuffix(": ") for text in texts]


def test_teasers_are_found_on_english_pages_of_unrestricted_sources(tmp_path: Path) -> None:
    write(tmp_path, "pages/unlabelled", page("Ferry sails", "Ferry sinks"), page("Fähre sinkt", last=GERMAN))
    write(tmp_path, "pages/train", page("Rook falls: At last."), page("Pawn falls", source="web:l3sgn1"))
    assert found_on(tmp_path) == ["Ferry sails", "Ferry sinks", "Rook falls: At last."]


def test_each_teaser_belongs_to_the_publisher_of_its_page_by_whatever_name(tmp_path: Path) -> None:
    """Else confidences are learned on texts of publishers that a fold has seen."""
    pages = page("Ferry sails", publisher="www.ferry-times.co.uk"), page("Rook falls", publisher="Ferry Times")
    write(tmp_path, "pages/unlabelled", *pages, page("Pawn falls", publisher="Chess Daily"))
    found = page_teasers(tmp_path, EveryLine())
    owners = {text.headline: publisher for text, publisher in found.items()}
    assert owners["Ferry sails"] == owners["Rook falls"] != owners["Pawn falls"]
    assert set(owners.values()) == {"ferrytimes", "chessdaily"}


def test_a_headline_counts_once_with_its_longest_blurb_and_not_where_it_is_taken(tmp_path: Path) -> None:
    lines = ("Ferry sails!", "ferry sails: At dawn.", "Ferry sails: Late.", "Rook falls", "Sport")
    write(tmp_path, "pages/unlabelled", page(*lines))
    assert found_on(tmp_path, "ROOK falls?") == ["ferry sails: At dawn."]


@pytest.mark.parametrize("name", ["www.ferry-times.co.uk", "Ferry Times", "ferrytimes.com"])
def test_nothing_of_publishers_of_dev_is_found(tmp_path: Path, name: str) -> None:
    write(tmp_path, "pages/unlabelled", page("Ferry sails", publisher="Ferry-Times"), page("Ferry sinks"))
    for dev, row in (
        ("pages/dev", page("Rain", publisher=name)),
        ("topics/modern-dev", labelled("Rain", "ships", publisher=name)),
        ("gold-pages-dev", gold("Rain", "ships", publisher=name)),
    ):
        write(tmp_path, dev, row)
        assert found_on(tmp_path) == ["Ferry sinks"]
        write(tmp_path, dev)
    assert found_on(tmp_path) == ["Ferry sails", "Ferry sinks"]


def test_no_headline_of_dev_is_found(tmp_path: Path) -> None:
    write(tmp_path, "pages/unlabelled", page("Ferry sails", "Ferry sinks", "Ferry waits"))
    write(tmp_path, "gold-pages-dev", gold("Ferry sails.", "ships", "a"))
    write(tmp_path, "topics/modern-dev", labelled("FERRY SINKS", "ships", publisher="b"))
    assert found_on(tmp_path) == ["Ferry waits"]


def test_a_single_file_has_no_pages_to_split(tmp_path: Path) -> None:
    write(tmp_path, "mine", page("Ferry sails", publisher=""))
    assert found_on(tmp_path / "mine.jsonl") == []


def corpus_at(folder: Path) -> Path:
    write(folder, "topics/modern", labelled("Pawn moves", "chess", "modern"))
    write(folder, "topics/silver", labelled("Ferry takes pawn", "ships"), labelled("Buy a ferry", "promo"))
    write(folder, "gold-pages-train", gold("Pawn waits for a ferry", "chess"))
    write(folder, "topics/unlabelled", {"title": "Pawn falls", "body": "To a rook."}, {"title": "Ferry sinks"})
    write(folder, "pages/unlabelled", page("Pawn takes rook", "Ferry takes pawn"))
    write(folder, "gold-pages-dev", gold("Pawn is lost", "chess", "a"), gold("A ship is lost", "chess", "b"))
    return folder


class TwoClasses(School):
    """A school whose networks know of promotion, too, that nothing is."""

    def __call__(self, sentences: Sequence[str], targets: Floats, weights: Floats, seed: int) -> Judge:
        judge = super().__call__(sentences, targets, weights, seed)
        return lambda texts: np.insert(judge(texts), 1, 0, axis=1)


def small(corpus: Path, school: School, seed: int = 0, said: list[str] | None = None) -> Any:
    progress = (said if said is not None else []).append
    return lessons_of(corpus, EveryLine(), school, letters, "letters", seed, progress)


def test_lessons_are_the_mean_of_networks_on_unlabelled_texts_and_teasers_of_pages(tmp_path: Path) -> None:
    corpus, said = corpus_at(tmp_path), list[str]()
    lessons, card = small(corpus, TwoClasses(), said=said)
    store.save("teacher", lessons, card, tmp_path)
    loaded, _ = store.load("teacher", tmp_path)
    texts, proba = loaded.of([*unlabelled_texts(corpus), Text("teaser", "Pawn takes rook"), Text("teaser", "New")])
    assert [text.headline for text in texts] == ["Pawn falls", "Ferry sinks", "Pawn takes rook"]
    np.testing.assert_allclose(proba, [[0.8, 0, 0.2], [0.2, 0, 0.8], [0.8, 0, 0.2]], atol=0.003)
    assert loaded.classes == ("chess", "promo", "ships")
    assert (card["texts"], card["page_teasers"], card["networks"], card["topics"]) == (7, 1, 2, ["chess", "ships"])
    assert (card["seed"], card["restricted"]) == (0, ["agnews_test", "dragnet", "l3sgn1", "mind"])
    assert any("network 2 of 2" in line for line in said)


def test_each_network_has_a_seed_of_its_own_and_todays_texts_weigh_double(tmp_path: Path) -> None:
    school = TwoClasses()
    small(corpus_at(tmp_path), school, seed=3)
    sentences, targets, weights, _ = school.lessons[0]
    assert [seed for *_, seed in school.lessons[:2]] == [6, 7]
    assert sentences == ["Pawn moves", "Ferry takes pawn", "Buy a ferry", "Pawn waits for a ferry"]
    assert weights == [2, 1, 1, 2]
    assert targets == [[1, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]]


def first_word(text: str) -> str:
    return text.split()[0]


class ByHeart:
    """Stands in for networks: says the first class of texts that begin as one it has learned, the second of others."""

    def __call__(self, sentences: Sequence[str], targets: Floats, weights: Floats, seed: int) -> Judge:
        known = {first_word(sentence) for sentence in sentences}
        return lambda texts: np.array([[1.0, 0.0] if first_word(text) in known else [0.0, 1.0] for text in texts])


def row(title: str, publisher: str) -> LabelledText:
    return LabelledText(title, publisher, "own", "teaser", title, "", ("chess",))


def test_labelled_texts_are_labelled_by_networks_that_saw_nothing_of_their_publishers() -> None:
    rows = [row(f"{publisher} {number}", publisher) for publisher in "abc" for number in range(3)]
    assert unseen_opinions(rows, ["chess", "ships"], ByHeart(), 0, lambda _: None).tolist() == [[0, 1]] * 9


def test_texts_of_a_single_publisher_are_labelled_by_networks_that_did_not_see_them() -> None:
    rows = [row(f"{number} falls", "a") for number in range(4)]
    assert unseen_opinions(rows, ["chess", "ships"], ByHeart(), 0, lambda _: None).tolist() == [[0, 1]] * 4


def test_lessons_hold_what_is_said_of_labelled_texts_and_their_labels_count_nothing(tmp_path: Path) -> None:
    corpus = corpus_at(tmp_path)
    lessons, card = small(corpus, TwoClasses())
    texts, proba = lessons.of([as_text(known) for known in training_texts(corpus)])
    assert len(texts) == 4
    assert {round(float(row.max()), 1) for row in proba} == {0.6, 1.0}
    assert proba[texts.index(Text("teaser", "Buy a ferry"))].argmax() == 2
    assert card["folds"] == 2


def test_shares_that_mean_nothing_are_left_out_of_lessons() -> None:
    text = Text("teaser", "Pawn falls")
    lessons = lessons_about([text], np.array([[0.9, 0.085, 0.015]]), ["chess", "ships", "golf"], TABLE)
    np.testing.assert_allclose(lessons.of([text])[1], [[0.9137, 0.0863, 0]], atol=0.003)


def test_the_card_says_how_good_the_teacher_is_on_dev(tmp_path: Path) -> None:
    _, card = small(corpus_at(tmp_path), TwoClasses())
    assert card["scores"] == {
        "teasers": {"texts": 2, "accept": 0.5, "strict": 0.5, "coverage_at_90_percent_precision": 0.5}
    }
    (tmp_path / "gold-pages-dev.jsonl").unlink()
    assert scores_on_dev(tmp_path, School()([], np.eye(2), np.ones(2), 0), ["chess", "ships"]) == {}


def test_a_corpus_without_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no labelled texts"):
        small(tmp_path, School())


def test_of_texts_alike_the_first_lesson_counts() -> None:
    text = Text("teaser", "Pawn falls")
    lessons = lessons_about([text, text], np.eye(2), ["chess", "ships"], TABLE)
    assert lessons.digests.tolist() == [digest(text)]
    assert lessons.of([text])[1].tolist() == [[1, 0]]


def test_words_that_are_as_frequent_come_in_the_same_order_in_every_process() -> None:
    """The order of a set of words is another one in each."""
    words = [f"{first}{second}" for first in "klmnop" for second in "abcdefgh"]
    asked: list[str] = []

    def encode(texts: Sequence[str]) -> Floats:
        asked.extend(texts)
        return letters(texts)

    words_of([Text("teaser", " ".join(words[::-1]))] * FEWEST_TEXTS_WITH_A_WORD, encode)
    assert asked == words


def test_a_mean_of_judges_weighs_all_alike() -> None:
    judges: list[Judge] = [lambda texts, n=n: np.full((len(texts), 1), float(n)) for n in (1, 2, 6)]  # type: ignore
    assert mean_of(judges)(["a", "b"]).tolist() == [[3], [3]]


SENTENCES = ["Pawn takes rook", "Ferry leaves the harbour in fog. It was late.", "Rook falls", "Ship sails"] * 8
TARGETS = np.array([[1.0, 0.0], [0.0, 1.0], [0.7, 0.3], [0.0, 1.0]] * 8)


def test_a_tuned_network_learns_its_texts_by_heart_and_the_same_seed_gives_the_same_network() -> None:
    pytest.importorskip("torch", reason="only where the extra `teacher` is installed")
    from models.topics.finetuning import tuning

    said: list[str] = []
    tune = tuning(said.append, epochs=12)
    first, again, other = (tune(SENTENCES, TARGETS, np.ones(32), seed)(SENTENCES) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    np.testing.assert_allclose(first.sum(axis=1), 1, rtol=1e-5)
    assert first.argmax(axis=1).tolist() == TARGETS.argmax(axis=1).tolist()


def test_a_text_of_weight_nothing_teaches_nothing() -> None:
    pytest.importorskip("torch", reason="only where the extra `teacher` is installed")
    from models.topics.finetuning import tuning

    wrong = np.vstack([TARGETS, TARGETS[:, ::-1]])
    weights = np.repeat([1.0, 0.0], 32)
    judge = tuning(epochs=12)(SENTENCES * 2, wrong, weights, 0)
    assert judge(SENTENCES).argmax(axis=1).tolist() == TARGETS.argmax(axis=1).tolist()


def test_every_text_is_read_once_an_epoch_beside_texts_of_its_length() -> None:
    pytest.importorskip("torch", reason="only where the extra `teacher` is installed")
    from models.topics.finetuning import TEXTS_AT_ONCE, batches_of

    tokens = [[1] * size for size in [3, 40] * TEXTS_AT_ONCE]
    batches = list(batches_of(tokens, np.random.default_rng(0)))
    assert sorted(np.concatenate(batches).tolist()) == list(range(2 * TEXTS_AT_ONCE))
    assert [len({len(tokens[place]) for place in batch}) for batch in batches] == [1, 1]


def test_the_rate_rises_from_nothing_and_falls_to_nothing() -> None:
    pytest.importorskip("torch", reason="only where the extra `teacher` is installed")
    from models.topics.finetuning import HEAD_TIMES, RATE, WARM_UP, Network, optimiser, set_rate

    adam, rates = optimiser(Network(2)), []
    for done in (0, WARM_UP, 1):
        set_rate(adam, done)
        rates.append([group["lr"] for group in adam.param_groups])
    assert rates == [[0, 0], [RATE, RATE * HEAD_TIMES], [0, 0]]


def test_hidden_tokens_are_few_and_never_marks() -> None:
    torch = pytest.importorskip("torch", reason="only where the extra `teacher` is installed")
    from models.topics.finetuning import MASK, PADDING, masked

    torch.manual_seed(0)
    marks = torch.tensor([[101, 102, PADDING] * 300])
    assert masked(marks).equal(marks)
    assert 0.04 < float((masked(torch.full((1, 1000), 2000)) == MASK).float().mean()) < 0.12
