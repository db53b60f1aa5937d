"""A confidence is how often an editor accepts such a guess, apart for kinds and ranks, and never rises along a row."""

import numpy as np

from models.topics.calibration import AcceptanceCalibrator, ranked

RANDOM = np.random.default_rng(7)
PROBA = RANDOM.dirichlet([0.5] * 4, 2000)
BEST = ranked(PROBA)[:, 0]
KINDS = ["teaser", "story"] * 1000


def accepted(teasers: float, stories: float) -> np.ndarray:
    """Topics that an editor accepts: each best guess by the chance of its kind, and nothing else."""
    found = np.zeros(PROBA.shape, bool)
    chances = np.where(np.array(KINDS) == "teaser", teasers, stories)
    found[np.arange(2000), BEST] = RANDOM.random(2000) < chances
    return found


def test_confidence_is_the_share_accepted_of_each_kind() -> None:
    calibrator = AcceptanceCalibrator().fit(PROBA, accepted(0.5, 0.9), KINDS)
    best = calibrator.transform(PROBA, KINDS)[:, 0]
    np.testing.assert_allclose([best[::2].mean(), best[1::2].mean()], [0.5, 0.9], atol=0.05)


def test_confidence_never_rises_along_a_row_even_where_later_guesses_were_accepted_more_often() -> None:
    calibrator = AcceptanceCalibrator().fit(PROBA, ~accepted(0.9, 0.9), KINDS)
    assert (np.diff(calibrator.transform(PROBA, KINDS), axis=1) <= 0).all()


def test_a_kind_with_few_texts_is_calibrated_with_the_others() -> None:
    kinds = ["teaser"] * 1990 + ["story"] * 10
    calibrator = AcceptanceCalibrator().fit(PROBA, accepted(0.7, 0.7), kinds)
    np.testing.assert_array_equal(
        calibrator.transform(PROBA[-10:], kinds[-10:]), calibrator.transform(PROBA[-10:], ["unheard of"] * 10)
    )


def test_ties_go_to_the_earlier_class() -> None:
    assert ranked(np.array([[0.2, 0.4, 0.4]])).tolist() == [[1, 2, 0]]
