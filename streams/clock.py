"""The one clock."""

from datetime import UTC, datetime

from models.age import rfc3339


def now() -> str:
    """The time, in RFC 3339 (UTC, to the second)."""
    return rfc3339(datetime.now(UTC))
