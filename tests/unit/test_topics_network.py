"""The network knows words by what they mean, headline from lead, and is the same before and after pickling."""

import pickle

import numpy as np
import pytest

from models.page import Text
from models.topics.bags import ZonedBags
from models.topics.features import tokenised
from models.topics.network import BagNetwork
from models.topics.vectors import WordVectors
from models.topics.zones import zones_of

WORDS = WordVectors.of(["chess", "ferry", "rook"], np.array([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1]]), [5, 5, 1])
TEXTS = [
    Text("teaser", "Chess title for captain", "The ferry captain wins chess"),
    Text("teaser", "Ferry in the fog"),
    Text("story", "", "Chess in the fog"),
    Text("teaser", ""),
]
LEARNED = [Text("teaser", line) for line in ("Chess tonight", "Ferry tonight")] * 20
TARGETS = np.array([[1.0, 0.0], [0.0, 1.0]] * 20)


def bags(min_texts: int = 1) -> ZonedBags:
    return ZonedBags(WORDS, min_texts=min_texts, pairs=3, piece_bits=6).fit(tokenised(TEXTS))


@pytest.fixture(scope="module")
def network() -> BagNetwork:
    fitted = ZonedBags(WORDS, piece_bits=6).fit(tokenised(LEARNED))
    return BagNetwork(fitted.start(), hidden=8).fit(fitted.transform(tokenised(LEARNED)), TARGETS, np.ones(40))


def test_headline_and_lead_are_zones_of_their_own() -> None:
    fitted = bags()
    only_lead = fitted.transform(tokenised([Text("teaser", "", "chess")]))
    only_headline = fitted.transform(tokenised([Text("teaser", "chess")]))
    assert (only_lead.indices == only_headline.indices + fitted.columns).all()
    assert zones_of(only_lead).indptr.tolist() == [0, 0, only_lead.nnz]


def test_words_pairs_and_pieces_of_a_zone_have_unit_length_each_and_no_words_give_an_empty_row() -> None:
    X = bags().transform(tokenised(TEXTS))
    assert X.shape == (4, 2 * bags().columns)
    assert np.diff(X.indptr)[3] == 0
    squares = np.bincount(np.repeat(range(4), np.diff(X.indptr)), X.data.astype(float) ** 2, 4)
    assert (np.abs(squares - squares.round()) < 1e-5).all()


def test_a_row_of_a_bag_does_not_depend_on_its_batch_and_no_texts_give_no_rows() -> None:
    fitted = bags()
    together = fitted.transform(tokenised(TEXTS)).toarray()
    alone = np.vstack([fitted.transform(tokenised([text])).toarray() for text in TEXTS])
    np.testing.assert_array_equal(together, alone)
    assert fitted.transform(tokenised([])).shape == (0, 2 * fitted.columns)


def test_known_words_start_with_their_vectors_and_others_at_zero() -> None:
    fitted = bags()
    start = fitted.start()
    np.testing.assert_allclose(start[np.searchsorted(fitted.words_, WORDS.hashes)], WORDS.levels * WORDS.scale)
    assert np.count_nonzero(start.any(axis=1)) == 3


def test_words_and_pairs_of_too_few_texts_are_no_columns() -> None:
    assert len(bags(min_texts=5).words_) == len(WORDS.hashes)
    assert len(bags(min_texts=5).pairs_) == 0
    assert len(bags().pairs_) == 3


def test_a_word_that_no_label_has_seen_is_known_by_its_vector(network: BagNetwork) -> None:
    fitted = ZonedBags(WORDS, piece_bits=6).fit(tokenised(LEARNED))
    proba = network.predict_proba(fitted.transform(tokenised([Text("teaser", "Rook")])))
    assert proba[0, 0] > proba[0, 1]


def test_order_and_size_of_a_batch_change_no_row(network: BagNetwork) -> None:
    X = ZonedBags(WORDS, piece_bits=6).fit(tokenised(LEARNED)).transform(tokenised(TEXTS))
    whole = network.predict_proba(X)
    np.testing.assert_allclose(network.predict_proba(X[::-1]), whole[::-1], atol=1e-12)
    np.testing.assert_allclose(network.predict_proba(X[1:2]), whole[1:2], atol=1e-12)
    np.testing.assert_allclose(whole.sum(axis=1), 1)


def test_a_pickled_network_leaves_its_starting_vectors_behind_and_answers_alike(network: BagNetwork) -> None:
    X = ZonedBags(WORDS, piece_bits=6).fit(tokenised(LEARNED)).transform(tokenised(LEARNED))
    restored = pickle.loads(pickle.dumps(network))
    np.testing.assert_array_equal(restored.predict_proba(X), network.predict_proba(X))
    assert restored.start is None
