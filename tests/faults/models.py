"""The fake models of a run: quick, but for pages that kill, and stuck in one batch when asked to be."""

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models import store
from models.page import Page, Split
from tests.fake_models import MarkSplitter, WordClassifier

SLUGS = ("sport", "science")
"""News topics of the fake models."""

STICK = "FAULTS_STICK"
"""Environment variable that names a file: the worker that finds it takes it away, and gets stuck."""


KILLS = "this page kills whoever tags it"


@dataclass(frozen=True)
class StickingSplitter(MarkSplitter):
    """Does what `MarkSplitter` does, until the file or such a page is there."""

    def split(self, pages: Sequence[Page]) -> list[Split]:
        if (name := os.environ.get(STICK)) and Path(name).exists():
            Path(name).unlink()
            time.sleep(10_000)
        if any(KILLS in page.text for page in pages):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().split(pages)


def save_models(folder: Path) -> Path:
    """A folder of artifacts with these models, made once."""
    if not (folder / "topics.json").exists():
        store.save("splitter", StickingSplitter(), {"version": "marks"}, folder)
        store.save("topics", WordClassifier(), {"version": "words", "topics": list(SLUGS)}, folder)
    return folder
