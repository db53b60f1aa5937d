"""Text of strangers, made fit for a terminal.

A page's text may hold what a terminal obeys: escape sequences that move the cursor, retitle the window or write to the
clipboard, and invisible letters that turn the text around. Nothing is printed for a person that did not come through
here.
"""

import unicodedata

_JOINERS = "\u200c\u200d"
"""Zero-width, yet needed to spell several scripts and many emoji."""


def printable(text: str, letters: int = 240) -> str:
    r"""The text on one line, cut to `letters` letters, with nothing in it that a terminal would obey.

    Control characters become visible signs, bidirectional and other invisible ones go, lone surrogates are replaced.

    >>> printable("\x1b[31mred\u202e\ttape\x07"), printable("a long sentence", 8)
    ('␛[31mred tape␇', 'a long…')
    """
    safe = "".join(map(_safe_letter, text[: 4 * letters]))  # cut first: a headline may be megabytes long
    return _abridged(" ".join(safe.split()), letters)


def _safe_letter(letter: str) -> str:
    category = unicodedata.category(letter)
    if letter.isspace() or category in ("Zl", "Zp"):
        return " "
    if category == "Cc":
        return chr(0x2400 + ord(letter)) if letter < " " else "\N{REPLACEMENT CHARACTER}"
    if category == "Cs":
        return "\N{REPLACEMENT CHARACTER}"
    return "" if category == "Cf" and letter not in _JOINERS else letter


def _abridged(text: str, letters: int) -> str:
    """The text cut at a space where there is one in the second half, marked by an ellipsis."""
    if len(text) <= letters:
        return text
    cut = text[: letters - 1]
    at = cut.rfind(" ")
    return (cut[:at] if at > letters // 2 else cut).rstrip(" ,;:–—-.…") + "…"
