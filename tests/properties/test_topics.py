"""Any text is classified, the same whatever stands before or after it in its batch."""

from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models import store
from models.page import Text
from models.topics.model import TopicClassifier

MODEL: list[TopicClassifier] = []  # loaded once, on first use


def model() -> TopicClassifier:
    if not MODEL:
        MODEL.append(store.load("topics")[0])
    return MODEL[0]


SOME = [
    "the",
    "ferry",
    "CHESS",
    "Reuters",
    "|",
    "-",
    "(AP)",
    "—",
    "By",
    "Ann",
    "Example’s",
    "won",
    "2–1",
    "U.S.",
    "café",
    "日本",
    "Cup",
    "vote",
    "🎉",
]
words = st.sampled_from([*SOME, "\n", "\n\n"])
wild = st.text(st.characters(), max_size=60)
lines = wild | st.lists(words, max_size=30).map(" ".join)
texts = st.builds(Text, st.sampled_from(["teaser", "story"]), lines, lines)


@given(st.lists(texts, min_size=1, max_size=6))
def test_a_batch_is_classified_as_its_texts_one_by_one(batch: list[Text]) -> None:
    assert model().classify(batch) == [verdict for text in batch for verdict in model().classify([text])]


@given(st.lists(texts, min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_a_batch_does_not_matter(batch: list[Text], random: Random) -> None:
    shuffled = random.sample(range(len(batch)), len(batch))
    verdicts = model().classify(batch)
    assert model().classify([batch[number] for number in shuffled]) == [verdicts[number] for number in shuffled]


@given(st.lists(texts, max_size=4))
def test_class_probabilities_always_sum_to_one(batch: list[Text]) -> None:
    np.testing.assert_allclose(model().predict_proba(batch).sum(axis=1), np.ones(len(batch)), rtol=1e-5)
