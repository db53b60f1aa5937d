"""The classifier learns any list of topics, is honest about what it cannot place, and leaves its input alone."""

import copy
import pickle

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.base import clone
from sklearn.neural_network import MLPClassifier

from models import store
from models.errors import CorpusError
from models.page import Guess, Text, Verdict
from models.topics.features import tokenised
from models.topics.model import TopicClassifier
from models.topics.targets import TEACHER_SHARE, Taught, soft_targets
from models.topics.taxonomy import MEDIA_TOPICS, UNCLEAR, Taxonomy
from models.topics.vectors import WordVectors

BOARD_GAMES = Taxonomy.parse("topic = [{slug = 'chess'}, {slug = 'ships'}, {slug = 'gardens'}]")
CHESS = [
    "Rook endgame decides chess final",
    "Young chess master wins with the black pieces",
    "Chess club opens new hall",
]
SHIPS = ["Ferry runs aground in fog", "Harbour waits for the new ferry", "Sailing ship returns to harbour after a year"]
GARDENS = ["Roses flower early in the garden", "How to prune garden roses", "Garden show opens with tulips and roses"]
SELLING = ["Buy now and save", "Save half today, buy one get one", "Last chance to buy and save"]
TOPICS = [("chess",)] * 12 + [("ships", "gardens")] * 12 + [("gardens",)] * 12 + [("promo",)] * 12
TEXTS = [Text("teaser", line) for lines in (CHESS, SHIPS, GARDENS, SELLING) for line in lines * 4]
TABLE = WordVectors.of(["chess", "ferry", "garden", "buy"], np.eye(4), [12, 8, 8, 12])
GROUPS = [f"publisher {number % 3}" for number in range(len(TEXTS))]


def small() -> TopicClassifier:
    return TopicClassifier(BOARD_GAMES, TABLE, min_texts=1, folds=3)


@pytest.fixture(scope="module")
def fitted() -> TopicClassifier:
    return small().fit(TEXTS, TOPICS, GROUPS)


@pytest.fixture(scope="module")
def shipped() -> TopicClassifier:
    model: TopicClassifier = store.load("topics")[0]
    return model


def test_a_list_of_ones_own_is_learned(fitted: TopicClassifier) -> None:
    said = fitted.classify([Text("teaser", "Chess master loses endgame"), Text("teaser", "Fog keeps ferry in harbour")])
    assert [verdict.topic for verdict in said] == ["chess", "ships"]


def test_guesses_are_at_most_three_topics_of_the_list_best_first(shipped: TopicClassifier) -> None:
    slugs = Taxonomy.parse(MEDIA_TOPICS.read_text("utf-8")).slugs
    for verdict in shipped.classify([Text("teaser", line) for line in CHESS + SHIPS + GARDENS + SELLING]):
        confidences = [guess.confidence for guess in verdict.guesses]
        assert 1 <= len(verdict.guesses) <= 3
        assert confidences == sorted(confidences, reverse=True)
        assert all(guess.topic in slugs for guess in verdict.guesses)
        assert all(0 <= confidence <= 1 for confidence in confidences)


def test_class_probabilities_sum_to_one_with_promo_among_them(fitted: TopicClassifier) -> None:
    proba = fitted.predict_proba([*TEXTS, Text("story", "")])
    assert list(fitted.classes_) == ["chess", "gardens", "promo", "ships"]
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-6)


def test_what_runs_is_a_pipeline_that_ends_in_scikit_learns_own_network(fitted: TopicClassifier) -> None:
    tokens = tokenised(TEXTS)
    assert type(fitted.pipeline_["head"]) is MLPClassifier
    np.testing.assert_array_equal(fitted.pipeline_.predict_proba(tokens), fitted.predict_proba(TEXTS))
    vectors = fitted.pipeline_[:-1].transform(tokens)
    hidden = np.maximum(vectors @ fitted.pipeline_["head"].coefs_[0] + fitted.pipeline_["head"].intercepts_[0], 0)
    raw = hidden @ fitted.pipeline_["head"].coefs_[1] + fitted.pipeline_["head"].intercepts_[1]
    np.testing.assert_allclose(fitted.predict_proba(TEXTS), softmax(raw, axis=1), rtol=1e-6)


def test_promotion_is_unclear_and_never_a_guess(fitted: TopicClassifier) -> None:
    (verdict,) = fitted.classify([Text("teaser", "Save now, buy two today")])
    assert verdict.topic == UNCLEAR
    assert "promo" not in [guess.topic for guess in verdict.guesses]


def test_a_text_that_is_rather_promotion_is_unclear_however_sure_its_guess(fitted: TopicClassifier) -> None:
    sure = clone(fitted).set_params(least_confidence=0.0)
    sure.__dict__ |= {name: value for name, value in vars(fitted).items() if name.endswith("_")}
    promotion, chess = sure.verdicts(np.array([[0.4, 0.0, 0.6, 0.0], [0.6, 0.0, 0.4, 0.0]]), [TEXTS[0]] * 2)
    assert (promotion.topic, promotion.guesses[0].topic) == (UNCLEAR, "chess")
    assert chess.topic == "chess"


@pytest.mark.parametrize("kind", ["teaser", "story"])
def test_a_text_without_a_word_is_unclear_without_guesses(shipped: TopicClassifier, kind: str) -> None:
    assert shipped.classify([Text(kind, "", " \n – 🎉")]) == [Verdict(UNCLEAR)]


def test_a_topic_is_named_only_from_the_least_confidence_on(shipped: TopicClassifier) -> None:
    texts = [Text("teaser", line) for line in [*CHESS, *SHIPS, *GARDENS, *SELLING, "It is what it is", "Read more"]]
    for verdict in shipped.classify(texts):
        assert verdict.topic in (UNCLEAR, verdict.guesses[0].topic)
        assert verdict.topic == UNCLEAR or verdict.confidence >= shipped.least_confidence


def test_byline_dateline_and_outlet_do_not_move_the_topic(shipped: TopicClassifier) -> None:
    headline, body = "Council approves new ferry timetable", "The council voted on Monday after a long debate. " * 9
    plain = Text("story", headline, body)
    with_names = [
        Text("story", headline + " | Reuters", "WASHINGTON (AP) — " + body),
        Text("story", headline + " - BBC News", "By Ann Example, Technology Correspondent\n\n" + body),
        Text("story", headline + " – The Sports Gazette", "BEIJING, Jan. 4 (Xinhua) -- " + body),
    ]
    assert shipped.classify(with_names) == shipped.classify([plain]) * 3


def test_input_is_not_changed(fitted: TopicClassifier) -> None:
    before = copy.deepcopy((TEXTS, TOPICS, GROUPS))
    small().fit(TEXTS, TOPICS, GROUPS).classify(TEXTS)
    assert before == (TEXTS, TOPICS, GROUPS)


def test_the_same_seed_learns_the_same_model(fitted: TopicClassifier) -> None:
    again = small().fit(TEXTS, TOPICS, GROUPS)
    np.testing.assert_array_equal(again.predict_proba(TEXTS), fitted.predict_proba(TEXTS))


def test_a_pickled_model_answers_exactly_as_the_one_in_memory(fitted: TopicClassifier) -> None:
    restored = pickle.loads(pickle.dumps(fitted))
    assert restored.classify(TEXTS) == fitted.classify(TEXTS)
    np.testing.assert_array_equal(restored.predict_proba(TEXTS), fitted.predict_proba(TEXTS))


def test_a_clone_has_the_settings_and_nothing_learned(fitted: TopicClassifier) -> None:
    copied = clone(fitted)
    assert copied.get_params(deep=False).keys() == fitted.get_params(deep=False).keys()
    assert not [name for name in vars(copied) if name.endswith("_")]


def test_further_topics_are_published_only_with_enough_confidence(fitted: TopicClassifier) -> None:
    for verdict in fitted.classify(TEXTS):
        sure = [g.topic for g in verdict.guesses[1:] if g.confidence >= fitted.also_from_["teaser"]]
        assert list(verdict.also) == (sure if verdict.topic != UNCLEAR else [])


def test_a_part_is_published_further_only_above_the_threshold_of_unclear(shipped: TopicClassifier) -> None:
    assert all(threshold >= shipped.least_confidence for threshold in shipped.also_from_.values())


def test_a_guess_carries_its_qcode(shipped: TopicClassifier) -> None:
    (verdict,) = shipped.classify([Text("teaser", "Striker scores twice as United win the cup final")])
    assert verdict.guesses[0] == Guess("sport", "medtop:15000000", verdict.confidence)


def test_a_topic_outside_the_list_is_refused() -> None:
    """It is told with how many texts bear it: a slip in one row, or a topic that the list lacks."""
    topics = [("golf", "chess"), *[("chess",)] * (len(TEXTS) - 1)]
    with pytest.raises(CorpusError, match=rf"not in the list of topics: golf \(1 of {len(TEXTS)} texts\)"):
        small().fit(TEXTS, topics)


def test_one_topic_is_too_few_to_learn() -> None:
    with pytest.raises(CorpusError, match="fewer than two"):
        small().fit(TEXTS, [("chess",)] * len(TEXTS))


def test_one_text_is_too_few_to_learn_from() -> None:
    with pytest.raises(
        CorpusError, match="fewer than two texts or than two topics to learn from: 1 of chess and ships"
    ):
        small().fit(TEXTS[:1], [("chess", "ships")])


def test_no_texts_have_no_verdicts(fitted: TopicClassifier) -> None:
    assert fitted.classify([]) == []
    assert fitted.predict_proba([]).shape == (0, 4)


def test_a_teacher_adds_words_that_no_label_has_seen() -> None:
    lessons = Taught([Text("teaser", "Zwischenzug stuns crowd")] * 9, ["chess", "ships"], np.array([[0.9, 0.1]] * 9))
    unseen = [Text("teaser", "Another zwischenzug")]
    without, taught = small().fit(TEXTS, TOPICS, GROUPS), small().fit(TEXTS, TOPICS, GROUPS, taught=lessons)
    assert taught.predict_proba(unseen)[0, 0] > without.predict_proba(unseen)[0, 0]


def test_confidence_is_learned_without_the_lessons_about_a_publishers_texts() -> None:
    texts, topics = [Text("teaser", "Zwischenzug stuns crowd")], np.array([[1.0, 0.0]])
    owner = GROUPS[0]
    texts_of_owner = [number for number, group in enumerate(GROUPS) if group == owner]
    asked = [Text("teaser", "Zwischenzug stuns crowd"), *TEXTS[1:]]
    proba = [
        small().fit(asked, TOPICS, GROUPS, taught=Taught(texts * 9, ["chess", "ships"], topics.repeat(9, 0), [by] * 9))
        for by in (owner, "another publisher")
    ]
    assert texts_of_owner[0] == 0
    assert proba[0].unseen_proba_[0, 0] < proba[1].unseen_proba_[0, 0]


def test_confidences_of_unseen_texts_are_not_learned_from_their_own_labels(fitted: TopicClassifier) -> None:
    """Else a calibration error is measured on what the calibration was fitted to."""
    own = [group == GROUPS[0] for group in GROUPS]
    strange = [("gardens",) if mine else topics for mine, topics in zip(own, TOPICS, strict=True)]
    right, wrong = (fitted.unseen_verdicts(TEXTS, topics) for topics in (TOPICS, strange))
    same = [one == other for one, other in zip(right, wrong, strict=True)]
    assert all(equal for mine, equal in zip(own, same, strict=True) if mine)
    assert not any(equal for mine, equal in zip(own, same, strict=True) if not mine)


def test_a_teachers_opinion_softens_a_label_and_its_silence_does_not() -> None:
    opinions = np.array([[0.5, 0.5], [0.0, 0.0]])
    taught = Taught([], ["chess", "ships"], np.zeros((0, 2)), opinions=opinions)
    found = taught.mixed_into(np.array([[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]]), ["boats", "chess", "ships"])
    share = TEACHER_SHARE / 2
    np.testing.assert_allclose(found, [[0, 1 - share, share], [0, 1, 0]])


def test_the_target_is_shared_with_the_other_acceptable_topics() -> None:
    targets = soft_targets([("a", "b", "c"), ("b",)], ["a", "b", "c"], 0.3)
    np.testing.assert_allclose(targets, [[0.7, 0.15, 0.15], [0, 1, 0]])
