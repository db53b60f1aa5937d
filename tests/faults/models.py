"""The fake models of a run: quick, but for pages that kill, and stuck in one batch when asked to be."""

import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models import store
from models.page import Page, Split, Text, Verdict
from streams.kafka_topics import UNCLEAR
from tests.fake_models import MarkSplitter, WordClassifier

SLUGS = ("sport", "science")
"""News topics of the fake models."""

EDITIONS = 3
"""How many sets of models there are to swap: under other versions, and with another topic for every part."""

STICK = "FAULTS_STICK"
"""Environment variable that names a file: the worker that finds it takes it away, and gets stuck."""


SANDBOX = "streams.sandbox"
"""A process that does not get stuck like that: it would take a page for the reason that is none."""

KILLS = "this page kills whoever tags it"


@dataclass(frozen=True)
class StickingSplitter(MarkSplitter):
    """Does what `MarkSplitter` does, until the file or such a page is there."""

    def split(self, pages: Sequence[Page]) -> list[Split]:
        if (name := os.environ.get(STICK)) and Path(name).exists() and SANDBOX not in sys.orig_argv:
            Path(name).unlink()
            time.sleep(10_000)
        if any(KILLS in page.text for page in pages):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().split(pages)


@dataclass(frozen=True)
class TurnedClassifier(WordClassifier):
    """Gives each text the topic that comes so many places behind the one that `WordClassifier` gives, and no other."""

    places: int

    def classify(self, texts: Sequence[Text]) -> list[Verdict]:
        return [turned(verdict, self.places) for verdict in super().classify(texts)]


def turned(verdict: Verdict, places: int) -> Verdict:
    """The verdict with another topic.

    >>> [turned(Verdict(slug), 1).topic for slug in ("sport", "science", "unclear")]
    ['science', 'unclear', 'sport']
    """
    topics = (*SLUGS, UNCLEAR)
    return Verdict(topics[(topics.index(verdict.topic) + places) % len(topics)], verdict.guesses)


def save_models(folder: Path, edition: int = 0) -> Path:
    """A folder of artifacts with the models of an edition, made once in `folder`."""
    own = folder / f"edition-{edition}"
    if not (own / "topics.json").exists():
        classifier = TurnedClassifier(edition) if edition else WordClassifier()
        store.save("splitter", StickingSplitter(), {"version": f"marks-{edition}"}, own)
        store.save("topics", classifier, {"version": f"words-{edition}", "topics": list(SLUGS)}, own)
    return own
