"""Ages as news sites print them, resolved against the time a page was fetched."""

import re
from datetime import UTC, datetime, timedelta

_UNITS = {
    "seconds": "s sec secs second seconds sekunde sekunden segundo segundos seconde secondes secondo secondi",
    "minutes": "m min mins minute minutes minuten minuto minutos minuti",
    "hours": "h hr hrs hour hours std stunde stunden hora horas heure heures ora ore uur uren",
    "days": "d day days tag tage tagen día días dia dias jour jours giorno giorni dag dagen",
    "weeks": "w wk wks week weeks woche wochen semana semanas semaine semaines settimana settimane weken",
}
UNIT_OF_WORD = {word: unit for unit, words in _UNITS.items() for word in words.split()}
"""Word or abbreviation of a unit, in the languages of most feeds → argument of `timedelta`. No months or years: their
length is not known well enough to give a time."""

_AGE = re.compile(
    r"^\W{0,3}(?:(?:vor|hace|há|il y a|updated|posted|published)\s+)?"
    r"(?P<count>\d{1,4}|(?:an?|one|ein(?:em|er)?|una?|une?)(?=\s))\s?(?P<unit>[^\W\d_]{1,9})\.?"
    r"(?:\s+(?:ago|fa|atrás|geleden|old))?\W{0,3}$",
    re.IGNORECASE,
)
_YESTERDAY = frozenset({"yesterday", "gestern", "ayer", "hier", "ieri", "ontem", "gisteren"})
_RFC3339 = re.compile(r"^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:[0-5]\d)$")


def parse_rfc3339(text: str) -> datetime | None:
    """The moment that an RFC 3339 date and time names; None where `text` is none.

    >>> parse_rfc3339("2026-01-05T10:00:00Z"), parse_rfc3339("2026-01-05"), parse_rfc3339("2026-13-05T10:00:00Z")
    (datetime.datetime(2026, 1, 5, 10, 0, tzinfo=datetime.timezone.utc), None, None)
    """
    if not _RFC3339.match(text):
        return None
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        return None


def resolve(printed: str, fetched_at: str | None) -> str | None:
    """When something of this printed age was published, in RFC 3339 (UTC); None where that cannot be told.

    >>> resolve("15 hours ago", "2026-01-05T20:00:00Z"), resolve("vor 2 Tagen", "2026-01-05T20:00:00+01:00")
    ('2026-01-05T05:00:00Z', '2026-01-03T19:00:00Z')
    >>> resolve("May 3", "2026-01-05T20:00:00Z"), resolve("1 hour ago", None)
    (None, None)
    """
    exact = parse_rfc3339(printed)
    fetched = parse_rfc3339(fetched_at) if fetched_at else None
    span = _span(printed)
    try:
        if exact is not None:
            return rfc3339(exact)
        return rfc3339(fetched - span) if fetched is not None and span is not None else None
    except OverflowError:  # before the year 1 or after 9999
        return None


def rfc3339(moment: datetime) -> str:
    """The moment in UTC, to the second.

    >>> rfc3339(datetime(2026, 1, 5, 10, 0, 0, 123, tzinfo=UTC))
    '2026-01-05T10:00:00Z'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def _span(printed: str) -> timedelta | None:
    if printed.strip().casefold() in _YESTERDAY:
        return timedelta(days=1)
    found = _AGE.match(printed.strip()[:40])
    unit = UNIT_OF_WORD.get(found["unit"].casefold()) if found else None
    if found is None or unit is None:
        return None
    count = int(found["count"]) if found["count"].isdecimal() else 1
    return timedelta(**{unit: count})
