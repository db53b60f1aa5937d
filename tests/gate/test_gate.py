"""Quality floors: the shipped models never get worse than they were, unless someone says so and writes why.

`pytest tests/gate --refresh-gate` raises the floors to what the models reach now; `--allow-lower "why"` lowers those
that are missed, and CHANGELOG.md has to name them. The labelled data beside the checkout may be missing on a laptop,
not in CI; the project's own sample pages are measured everywhere.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gate import floors as kept
from tests.gate import measures
from tests.gate.floors import Floors

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"

Measured = tuple[dict[str, float], dict[str, str]]


@pytest.fixture(scope="module")
def samples(request: pytest.FixtureRequest) -> Measured:
    """What the shipped models reach on the sample pages."""
    return renewed(request, measures.of_samples())


@pytest.fixture(scope="module")
def shared(request: pytest.FixtureRequest) -> Measured:
    """What the shipped models reach on the labelled data beside the checkout."""
    if not SHARED.is_dir() and not os.environ.get("CI"):
        pytest.skip("no ../shared/data beside the checkout")
    assert SHARED.is_dir(), "the gate must run in CI: put the labelled data at ../shared/data"
    return renewed(request, measures.of_shared(SHARED))


def renewed(request: pytest.FixtureRequest, measured: Measured) -> Measured:
    """What was measured; with `--refresh-gate` the floors are renewed by it first."""
    if request.config.getoption("--refresh-gate", default=False):
        why = request.config.getoption("--allow-lower", default=None)
        kept.write(kept.read().renewed(*measured, why))
    return measured


def check(measured: Measured) -> None:
    """Fail where the rows are others than the floors were measured on, a figure has no floor, or is under it."""
    found, corpora = measured
    floors = kept.read()
    changed = {name for name, digest in corpora.items() if floors.corpora.get(name) != digest}
    assert not changed, (
        f"the floors were measured on other rows than these: measure again with --refresh-gate {changed}"
    )
    assert set(found) <= set(floors.limits), "a figure without a floor: pytest tests/gate --refresh-gate"
    assert floors.missed(found) == {}


def test_the_sample_pages_are_split_and_tagged_no_worse_than_the_floors_say(samples: Measured) -> None:
    check(samples)


@pytest.mark.shared
def test_the_dev_sets_are_split_and_tagged_no_worse_than_the_floors_say(shared: Measured) -> None:
    check(shared)


@pytest.mark.shared
def test_every_floor_is_a_figure_that_is_measured(samples: Measured, shared: Measured) -> None:
    floors = kept.read()
    assert set(floors.limits) == set(samples[0]) | set(shared[0])
    assert set(floors.corpora) == set(samples[1]) | set(shared[1])


def test_the_changelog_names_every_floor_that_was_lowered() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf8")
    assert unnamed(kept.read(), changelog) == []


def test_no_floor_was_lowered_by_hand() -> None:
    """No earlier version of the floors in git was stricter, but where a lowered floor is written down."""
    told = {str(entry["measure"]) for entry in kept.read().lowered}
    now = kept.read().limits
    for earlier in earlier_floors():
        assert {n for n, limit in earlier.limits.items() if n in now and kept.looser(n, now[n], limit)} <= told


def test_a_lowered_limit_stands_where_its_last_lowering_put_it_or_is_stricter() -> None:
    floors = kept.read()
    last = {str(entry["measure"]): float(entry["to"]) for entry in floors.lowered}
    assert {n: floors.limits[n] for n, to in last.items() if kept.looser(n, floors.limits[n], to)} == {}


def earlier_floors() -> Iterator[Floors]:
    """The floors of each commit that changed them; none where there is no git."""
    name = str(kept.PATH.relative_to(ROOT))
    for commit in git("log", "--format=%H", "--", name).split():
        text = git("show", f"{commit}:{name}")
        if text:
            yield Floors(**json.loads(text))


def git(*arguments: str) -> str:
    """What git answers; nothing where it cannot."""
    try:
        return subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""


def unnamed(floors: Floors, changelog: str) -> list[str]:
    """Lowered measures of which no line of the changelog says from what to what."""
    lines = changelog.splitlines()
    return [
        str(entry["measure"])
        for entry in floors.lowered
        if not any(all(str(entry[name]) in line for name in ("measure", "from", "to")) for line in lines)
    ]


FLOORS = Floors({"dev": "a"}, {"dev accept": 0.8}, {"dev ece": 0.03})


def test_a_figure_under_its_floor_or_over_its_ceiling_is_missed() -> None:
    assert set(FLOORS.missed({"dev accept": 0.7999, "dev ece": 0.0301})) == {"dev accept", "dev ece"}
    assert FLOORS.missed({"dev accept": 0.8, "dev ece": 0.03, "dev new": 0.0}) == {}


def test_renewing_tightens_what_got_better_and_keeps_the_rest() -> None:
    found = FLOORS.renewed({"dev accept": 0.85, "dev ece": 0.029, "dev new": 0.001}, {"dev": "b"}, None)
    assert found == Floors({"dev": "b"}, {"dev accept": 0.847, "dev new": 0.0}, {"dev ece": 0.03})


def test_no_floor_is_lowered_without_a_reason() -> None:
    with pytest.raises(ValueError, match=r"dev accept.*0\.7 is under 0\.8"):
        FLOORS.renewed({"dev accept": 0.7}, {}, None)


def test_a_floor_lowered_for_a_reason_is_written_down_and_must_be_in_the_changelog() -> None:
    found = FLOORS.renewed({"dev accept": 0.7}, {}, "fewer restricted pages")
    entry = {"measure": "dev accept", "from": 0.8, "to": 0.697, "why": "fewer restricted pages"}
    assert (found.floors, found.lowered) == ({"dev accept": 0.697}, [entry])
    assert unnamed(found, "- all is well") == ["dev accept"]
    assert unnamed(found, "- floor `dev accept`: 0.8 to 0.697, fewer restricted pages") == []
