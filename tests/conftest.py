"""What all tests share: the schema of a part record, checked with its formats."""

import re
from collections.abc import Callable
from datetime import date
from importlib.resources import files
from typing import Any

import orjson
import pytest
from hypothesis import settings
from jsonschema import Draft202012Validator, FormatChecker

settings.register_profile("newsieve", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("newsieve")

_FORMATS = FormatChecker(())
_DATE_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII
)
"""RFC 3339, section 5.6, without leap seconds; that the day exists is for `date` to say."""


@_FORMATS.checks("date-time", raises=ValueError)
def _is_date_time(value: object) -> bool:
    return not isinstance(value, str) or bool(_DATE_TIME.fullmatch(value) and date.fromisoformat(value[:10]))


@pytest.fixture(scope="session")
def valid_part() -> Callable[[bytes | dict[str, Any]], dict[str, Any]]:
    """Give the fields of a part record, once they are valid by `streams/schema.json`, formats included."""
    schema = orjson.loads((files("streams") / "schema.json").read_bytes())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema, format_checker=_FORMATS)

    def valid(record: bytes | dict[str, Any]) -> dict[str, Any]:
        fields = orjson.loads(record) if isinstance(record, bytes) else record
        validator.validate(fields)
        return dict(fields)

    return valid
