"""The label chain finds the best allowed path, and its gradients are those of its loss."""

import itertools

import numpy as np
import pytest

from models.splitter import chain, learning, network
from models.splitter.encoding import learned_encoder
from models.splitter.labels import CODE, LABELS, may_end, may_follow, may_start

SIZES = np.array([4, 0, 3])
GOLD = np.array(
    [CODE[label] for label in ("headline", "meta", "story", "story", "next-age", "teaser-title", "caption")]
)

CERTAIN = np.eye(len(LABELS))[GOLD]
UNSURE = 0.7 * CERTAIN + 0.3 * np.random.default_rng(5).dirichlet(np.ones(len(LABELS)), len(GOLD))


def scored(lines: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.normal(0, 2, (lines, len(LABELS))), random.normal(0, 1, (len(LABELS), len(LABELS)))


def test_the_best_path_is_the_one_that_exhaustive_search_finds() -> None:
    sizes = np.array([3])
    scores, transitions = scored(3)
    bound, arcs = chain.bounded(scores, sizes), chain.constrained(transitions)
    everything = itertools.product(range(len(LABELS)), repeat=3)
    best = max(everything, key=lambda p: bound[range(3), p].sum() + arcs[p[0], p[1]] + arcs[p[1], p[2]])
    assert chain.best_path(scores, transitions, sizes).tolist() == list(best)


def test_paths_of_several_pages_are_those_of_each_page_alone() -> None:
    scores, transitions = scored(7)
    together = chain.best_path(scores, transitions, SIZES)
    parts = [chain.best_path(scores[a:b], transitions, np.array([b - a])) for a, b in ((0, 4), (4, 7))]
    assert together.tolist() == np.concatenate(parts).tolist()


def test_new_scores_of_first_lines_leave_the_outlook_of_the_lines_after_them_as_it_is() -> None:
    scores, transitions = scored(9)
    arcs, walk = chain.constrained(transitions).astype(np.float32), chain.walk_of(np.array([9]))
    changed = scores + (np.arange(9) < 4)[:, None] * scored(9, seed=5)[0]
    before, after = (chain.outlook(some, arcs, walk) for some in (scores, changed))
    assert np.array_equal(before[4:], after[4:])
    assert not np.array_equal(before[3], after[3])


def test_no_path_takes_a_forbidden_step_however_the_scores_ask_for_it() -> None:
    scores, transitions = scored(200, seed=3)
    path = chain.best_path(scores * 50, transitions, np.array([200]))
    assert may_follow()[path[:-1], path[1:]].all()


def test_no_page_starts_inside_an_item_or_ends_before_a_title() -> None:
    scores = np.zeros((4, len(LABELS)))
    scores[:, CODE["teaser-age"]], scores[:, CODE["next-age"]] = 50, 60
    path = chain.best_path(scores, np.zeros((len(LABELS), len(LABELS))), np.array([2, 2]))
    assert may_start()[path[[0, 2]]].all()
    assert may_end()[path[[1, 3]]].all()


@pytest.mark.parametrize("targets", [CERTAIN, UNSURE], ids=["known labels", "a teacher's probabilities"])
def test_gradients_of_network_and_chain_match_finite_differences(targets: np.ndarray) -> None:
    pages = [["Ferry runs", "By Ida Holm", "It left at dawn.", "It ran."], [], ["1 day ago", "Rain ends", "Photo"]]
    encoder = learned_encoder(pages, min_pages=1, max_words=50)
    inputs = encoder.encode(pages)
    inputs = network.Inputs(inputs.layout, inputs.dense.astype(np.float64), inputs.words.astype(np.float64))
    drawn = network.new_weights(len(encoder.mean), encoder.size, vector=3, hidden=5, labels=len(LABELS), seed=1)
    weights = {name: weight.astype(np.float64) for name, weight in drawn.items()}
    _, transitions = scored(1)

    def loss() -> float:
        return chain.likelihood(network.forward(weights, inputs), transitions, targets, SIZES).loss

    scores, trace = learning.traced(weights, inputs, 0.0, np.random.default_rng(0))
    likelihood = chain.likelihood(scores, transitions, targets, SIZES)
    slopes = learning.gradients(weights, inputs, trace, likelihood.scores)
    for weight, slope in ((transitions, likelihood.transitions), *((weights[name], slopes[name]) for name in weights)):
        place = np.unravel_index(np.abs(slope).argmax(), slope.shape)
        assert np.isclose(slope[place], _difference(weight, place, loss), rtol=1e-3)


def test_the_loss_of_known_labels_is_the_negative_logarithm_of_their_share_among_all_paths() -> None:
    scores, transitions = scored(2)
    sizes, arcs = np.array([2]), chain.constrained(transitions)
    bound = chain.bounded(scores, sizes)
    paths = [bound[0, a] + bound[1, b] + arcs[a, b] for a in range(len(LABELS)) for b in range(len(LABELS))]
    story, caption = CODE["story"], CODE["caption"]
    taken = scores[0, story] + scores[1, caption] + transitions[story, caption]
    targets = np.eye(len(LABELS))[[story, caption]]
    expected = (np.logaddexp.reduce(paths) - taken) / 2
    assert np.isclose(chain.likelihood(scores, transitions, targets, sizes).loss, expected)


def _difference(weight: np.ndarray, place: tuple[np.intp, ...], loss: object, step: float = 1e-5) -> float:
    assert callable(loss)
    kept = weight[place]
    weight[place] = kept + step
    above = loss()
    weight[place] = kept - step
    below = loss()
    weight[place] = kept
    return float((above - below) / (2 * step))
