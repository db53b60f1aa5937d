"""The flags that renew the floors."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--refresh-gate",
        action="store_true",
        help="Raise the floors of tests/gate to what the shipped models reach, less a margin.",
    )
    parser.addoption(
        "--allow-lower",
        metavar="WHY",
        help="With --refresh-gate: lower the floors that are missed, for this reason; name each in CHANGELOG.md.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse `--allow-lower` where nothing would be lowered."""
    if config.getoption("--allow-lower") and not config.getoption("--refresh-gate"):
        raise pytest.UsageError("--allow-lower goes with --refresh-gate")
