"""Telling markup from the text that it shows."""

import re

PROBE_LETTERS = 20_000
"""How much of a page is read to tell whether it is HTML."""

TAG_LINES = 0.3
"""Share of lines that start with a tag, above which a page is HTML: text about HTML quotes a few lines of it."""

_START = re.compile(r"\s*<(?:!doctype\s+html|\?xml|html|head|body)\b", re.IGNORECASE)
_TAG_LINE = re.compile(r"^[^\S\n]*</?[a-zA-Z][^<>\n]{0,500}>", re.MULTILINE)


def is_html(text: str) -> bool:
    r"""Whether a page is markup rather than the text it shows.

    >>> is_html("<!DOCTYPE html><p>A"), is_html("<div>\n<p>A</p>\n</div>"), is_html("The <p> tag\n<p>\nis\nshort")
    (True, True, False)
    """
    probe = text[:PROBE_LETTERS]
    if _START.match(probe):
        return True
    lines = sum(1 for line in probe.split("\n") if line.strip())
    return len(_TAG_LINE.findall(probe)) > TAG_LINES * max(1, lines)
