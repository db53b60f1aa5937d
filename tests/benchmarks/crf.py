"""The peer of the splitter's benchmark: a linear-chain CRF over hand features, in plain Python around CRFsuite.

It labels each line with its role from some fifty features of the line and its neighbours, as a first version of a
splitter would. CRFsuite (Okazaki 2007) does its training and its Viterbi search, both in C.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from models.labelled import LabelledPage

Lines = Sequence[str]
Roles = list[str]

MAX_ITERATIONS = 30  # of L-BFGS: its labels hardly change after, and its speed not at all
STEPS = (0, 10, 20, 30, 40, 60, 80, 120, 160, 240, 400)
MONTHS = {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}
DATE_WORDS = {"ago", "hour", "hours", "minutes", "day", "days", "week", "weeks", "updated", "published", "am", "pm"}
BY_WORDS = {"by", "author", "editor", "staff", "reporter", "correspondent", "von", "por", "par"}
TAG_WORDS = {"tags", "tag", "topics", "labels", "filed", "category", "categories", "related"}

_WORD = re.compile(r"\w+")
_TIME = re.compile(r"\d:\d\d|\b(?:19|20)\d\d\b")


def train_crf(pages: Sequence[LabelledPage], folder: Path) -> Callable[[Lines], Roles]:
    """A function from the lines of a page to their roles, learned from `pages`; its model is a file in `folder`."""
    import pycrfsuite

    trainer = pycrfsuite.Trainer(verbose=False)
    for page in pages:
        trainer.append(line_features([line.text for line in page.lines]), [line.role.value for line in page.lines])
    trainer.select("lbfgs")
    trainer.set_params({"max_iterations": MAX_ITERATIONS, "c1": 0.1, "c2": 0.01})
    model = str(folder / "roles.crfsuite")
    trainer.train(model)
    tagger = pycrfsuite.Tagger()
    tagger.open(model)
    return lambda lines: tagger.tag(line_features(lines)) if lines else []


def line_features(lines: Lines) -> list[list[str]]:
    """Features of each line: its own, its shape's neighbours, and its place."""
    shapes = [_shape(line) for line in lines]
    counts: dict[str, int] = {}
    for line in lines:
        counts[line] = counts.get(line, 0) + 1
    return [
        _own(line) + _around(shapes, index) + _place(index, len(lines)) + [f"repeated={counts[line] > 1}"]
        for index, line in enumerate(lines)
    ]


def _own(line: str) -> list[str]:
    words = _WORD.findall(line)
    lower = {word.lower() for word in words}
    letters = max(sum(map(str.isalpha, line)), 1)
    capitals = sum(map(str.isupper, line)) / letters
    titled = sum(word[0].isupper() for word in words) / max(len(words), 1)
    return [
        "bias",
        f"width={_step(len(line))}",
        f"words={_step(len(words))}",
        f"mean={len(line) // max(len(words), 1)}",
        f"capitals={capitals:.1f}",
        f"titled={titled:.1f}",
        f"digits={sum(map(str.isdigit, line)) > 0}",
        f"figures={min(sum(word.isdigit() for word in words), 3)}",
        f"commas={min(line.count(','), 4)}",
        f"stops={min(line.count('. '), 4)}",
        f"bars={min(line.count('|') + line.count('•') + line.count('·'), 2)}",
        f"colon={':' in line}",
        f"quote={'“' in line or chr(34) in line}",
        f"dash={' - ' in line or ' – ' in line}",
        f"bracket={'(' in line}",
        f"question={line.endswith('?')}",
        f"stop={line.endswith(('.', '!', '?', '”', chr(34)))}",
        f"cut={line.endswith(('…', '...'))}",
        f"first={_class(line[0])}",
        f"last={_class(line[-1])}",
        f"start={words[0].lower() if words else ''}",
        f"end={words[-1].lower() if words else ''}",
        f"month={any(word[:3] in MONTHS for word in lower)}",
        f"age={not lower.isdisjoint(DATE_WORDS)}",
        f"by={not lower.isdisjoint(BY_WORDS)}",
        f"tags={not lower.isdisjoint(TAG_WORDS)}",
        f"time={_TIME.search(line) is not None}",
        f"shouted={line.isupper()}",
        f"link={'http' in line or 'www.' in line}",
        f"mail={'@' in line}",
        f"copyright={'©' in line}",
    ]


def _around(shapes: Sequence[str], index: int) -> list[str]:
    found = []
    for lag in (-4, -3, -2, -1, 1, 2, 3, 4):
        there = index + lag
        shape = shapes[there] if 0 <= there < len(shapes) else "edge"
        found += [f"{lag}:{shape}", f"{lag}:same={shape == shapes[index]}"]
    return found


def _place(index: int, lines: int) -> list[str]:
    return [f"from-start={_step(index)}", f"from-end={_step(lines - index)}", f"part={10 * index // lines}"]


def _shape(line: str) -> str:
    return f"{_step(len(line))}{_class(line[0])}{_class(line[-1])}"


def _class(sign: str) -> str:
    if sign.isalpha():
        return "A" if sign.isupper() else "a"
    return "0" if sign.isdigit() else sign


def _step(count: int) -> int:
    return sum(count > step for step in STEPS)
