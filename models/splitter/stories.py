"""Figures of story text against an article's ground truth, on pages of which no more than that text is known.

The measure is that of article-extraction benchmarks: overlap of the runs of four words that both texts hold.
"""

import statistics
from collections import Counter
from collections.abc import Sequence
from typing import Any

from models.labelled import PlainPage
from models.page import Page, Split
from models.splitter.tally import WORD

SHINGLE_WORDS = 4  # as in the public article-extraction benchmark
DIGITS = 4


def as_page(page: PlainPage) -> Page:
    """The page as it would come in."""
    return Page(f"{page.id}#{page.style}", page.url, "\n".join(page.lines))


def story_report(pages: Sequence[PlainPage], splits: Sequence[Split]) -> dict[str, Any]:
    """`story_figures` of all pages and of each flattening style, and the `style_gap`: best F1 less worst.

    The `story` of each page must be known.

    Most pages stand in the corpus in every style, so that the gap is of how well each style is split.
    """
    told = [split.story.text if split.story else "" for split in splits]
    pairs = [(page.story or "", text) for page, text in zip(pages, told, strict=True)]
    styles: dict[str, list[tuple[str, str]]] = {}
    for page, pair in zip(pages, pairs, strict=True):
        styles.setdefault(page.style or "main", []).append(pair)
    by_style = {style: story_figures(styles[style]) for style in sorted(styles)}
    scores = [figures["f1"] for figures in by_style.values()]
    gap = round(max(scores) - min(scores), DIGITS) if scores else None
    return {"all": story_figures(pairs), "by_style": by_style, "style_gap": gap}


def story_figures(pairs: Sequence[tuple[str, str]]) -> dict[str, float]:
    """`f1`, `precision`, `recall` and number of `pages` of (true, found) story texts; only `pages` for none.

    Precision and recall are means over pages, F1 that of the means.
    """
    if not pairs:
        return {"pages": 0}
    precision, recall = (statistics.mean(values) for values in zip(*map(_overlap, pairs), strict=True))
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    rounded = {"f1": f1, "precision": precision, "recall": recall}
    return {"pages": len(pairs)} | {name: round(value, DIGITS) for name, value in rounded.items()}


def shingles(text: str) -> Counter[tuple[str, ...]]:
    """How often each run of `SHINGLE_WORDS` words stands in `text`; a shorter text is one run.

    >>> sorted(shingles("the ferry left at dawn"))
    [('ferry', 'left', 'at', 'dawn'), ('the', 'ferry', 'left', 'at')]
    """
    words = WORD.findall(text)
    runs = range(max(1, len(words) - SHINGLE_WORDS + 1)) if words else ()
    return Counter(tuple(words[start : start + SHINGLE_WORDS]) for start in runs)


def _overlap(pair: tuple[str, str]) -> tuple[float, float]:
    """Precision and recall of a found text; of nothing found the precision is 0, of nothing wanted the recall 1."""
    wanted, found = map(shingles, pair)
    both = (wanted & found).total()
    return both / found.total() if found else 0.0, both / wanted.total() if wanted else 1.0
