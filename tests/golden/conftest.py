"""The sample pages, tagged once with the shipped models, and the flag that accepts what came out."""

from typing import Any

import pytest

from models import store
from models.tagger import load_tagger
from scripts.samples import Sample, read_samples
from streams.records import part_fields


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--refresh-golden",
        action="store_true",
        help="Write what the models say of the sample pages to tests/golden/expected, and raise the floors.",
    )


@pytest.fixture(scope="session")
def refresh(request: pytest.FixtureRequest) -> bool:
    """Whether output is to be accepted; where this folder is not named on the command line, it never is."""
    return bool(request.config.getoption("--refresh-golden", default=False))


@pytest.fixture(scope="session")
def samples() -> dict[str, Sample]:
    """Sample pages by their name."""
    return {sample.name: sample for sample in read_samples()}


@pytest.fixture(scope="session")
def tagged(samples: dict[str, Sample]) -> dict[str, list[dict[str, Any]]]:
    """Records of each sample page's parts, by the page's name."""
    tagger = load_tagger(store.SHIPPED)
    tagged = zip(samples, tagger.tag([sample.page for sample in samples.values()]), strict=True)
    return {name: [part_fields(part, "2026-01-01T00:00:00Z") for part in parts] for name, parts in tagged}
