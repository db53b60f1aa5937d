"""Settings: each comes from its own variable, and a bad value is told by the variable's name and what it takes."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from models.errors import SettingsError
from streams.settings import MAX_RAW_RECORD_BYTES, Settings, misnamed

GIVEN: dict[str, tuple[str, Any]] = {
    "broker": ("kafka-1:9092,[::1]:9093", "kafka-1:9092,[::1]:9093"),
    "group": (" mine ", "mine"),
    "models": ("some/folder", Path("some/folder")),
    "max_page_bytes": (str(MAX_RAW_RECORD_BYTES), MAX_RAW_RECORD_BYTES),
    "batch_pages": ("7", 7),
    "batch_wait_seconds": ("0.25", 0.25),
    "delivery": ("Exactly-Once", "exactly-once"),
    "give_up_seconds": ("1e2", 100.0),
    "session_timeout_seconds": ("6", 6.0),
    "rebalance_seconds": ("9", 9.0),
    "watchdog_seconds": ("12.5", 12.5),
    "window_hours": ("48", 48.0),
    "republish": ("Changed", "changed"),
    "repeat_seconds": ("3600", 3600.0),
    "metrics_host": ("0.0.0.0", "0.0.0.0"),
    "metrics_port": ("9464", 9464),
    "log_format": ("JSON", "json"),
    "log_level": ("WARNING", "warning"),
}


NAMES = [field.name for field in fields(Settings) if field.name != "security"]
"""Settings that come from one variable; those of the connections are in test_security."""


@pytest.mark.parametrize("name", NAMES)
def test_each_setting_comes_from_its_variable_alone(name: str) -> None:
    text, value = GIVEN[name]
    settings = Settings.from_env({f"NEWSIEVE_{name.upper()}": text})
    assert getattr(settings, name) == value
    assert type(getattr(settings, name)) is type(value)
    others = [other for other in NAMES if other != name]
    assert [getattr(settings, other) for other in others] == [getattr(Settings(), other) for other in others]


def test_an_empty_environment_and_empty_variables_give_the_defaults() -> None:
    empty = {f"NEWSIEVE_{name.upper()}": "  " for name in NAMES}
    assert Settings.from_env({}) == Settings.from_env(empty) == Settings()


def test_variables_of_others_are_left_alone() -> None:
    assert (
        Settings.from_env({"BROKER": "elsewhere:1", "NEWSIEVE_BROKER_PORT": "x", "newsieve_group": "y"}) == Settings()
    )


BAD = {
    "broker": ["localhost", "localhost:", ":9092", "localhost:0", "localhost:65536", "localhost:9092,", "a:1,b", "a:-1",
               "kafka://localhost:9092", "localhost:9092/x"],
    "max_page_bytes": ["0", "-1", "2 MiB", "1.5", "1e6", str(MAX_RAW_RECORD_BYTES + 1), "nan"],
    "batch_pages": ["0", "-3", "many", "1.0", "100001"],
    "batch_wait_seconds": ["0", "-1", "inf", "nan", "soon", "61"],
    "delivery": ["once", "at-most-once", "exactly_once"],
    "give_up_seconds": ["0", "60s", "inf", "-0.0", "86401"],
    "session_timeout_seconds": ["0", "ten", "5.9", "1801"],
    "rebalance_seconds": ["0", "-20", "1801"],
    "watchdog_seconds": ["0", "4.9", "never", "nan"],
    "window_hours": ["0", "1 day", "inf"],
    "republish": ["sometimes", "no"],
    "repeat_seconds": ["0", "a day"],
    "metrics_port": ["-1", "65536", "http"],
    "log_format": ["xml"],
    "log_level": ["loud", "critical", "10"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in BAD.items() for text in texts])
def test_a_bad_value_is_told_in_one_line_with_its_variable_and_what_that_takes(name: str, text: str) -> None:
    with pytest.raises(SettingsError) as error:
        Settings.from_env({f"NEWSIEVE_{name.upper()}": text})
    message = str(error.value)
    assert message.startswith(f"NEWSIEVE_{name.upper()}={text!r}: must be ")
    assert "\n" not in message
    assert len(message.split("must be ")[1]) > 5


def test_a_variable_that_nobody_reads_is_told_with_the_one_that_was_meant() -> None:
    given = ["NEWSIEVE_BROKERS", "NEWSIEVE_WATCHDOG_SECOND", "NEWSIEVE_SASL_PASWORD_FILE", "NEWSIEVE_COLOUR", "PATH"]
    assert misnamed(given) == [
        "NEWSIEVE_BROKERS is no setting; did you mean NEWSIEVE_BROKER?",
        "NEWSIEVE_COLOUR is no setting",
        "NEWSIEVE_SASL_PASWORD_FILE is no setting; did you mean NEWSIEVE_SASL_PASSWORD_FILE?",
        "NEWSIEVE_WATCHDOG_SECOND is no setting; did you mean NEWSIEVE_WATCHDOG_SECONDS?",
    ]


def test_every_variable_that_the_project_names_is_known() -> None:
    root = Path(__file__).parents[2]
    files = [*root.glob("streams/**/*.py"), *root.glob("scripts/*.py"), *root.glob("monitoring/**/*.*")]
    files += [root / name for name in ("README.md", "docker-compose.yml", "Dockerfile", "Makefile")]
    named = {name for path in files for name in re.findall(r"\bNEWSIEVE_[A-Z_]*[A-Z]\b", path.read_text("utf8"))}
    assert len(named) > 25
    assert misnamed(named - {"NEWSIEVE_BROKERS", "NEWSIEVE_COLOUR"}) == [], "those two are examples"


def test_units_stand_in_the_names_of_all_that_is_measured() -> None:
    units = ("_bytes", "_pages", "_seconds", "_hours", "_port")
    numbers = [field.name for field in fields(Settings) if isinstance(getattr(Settings(), field.name), int | float)]
    assert all(name.endswith(units) for name in numbers)


def test_times_fit_together() -> None:
    """A worker is taken for dead before a rebalance ends, and gives up on delivery only after both."""
    ours = Settings()
    assert ours.session_timeout_seconds < ours.rebalance_seconds < ours.give_up_seconds
