"""Models that do what no model should, on pages that ask for it: they never end, or take the whole process along."""

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fake_models import MarkSplitter, WordClassifier

from models import store
from models.page import Page, Split

STICKS = "this page makes the model wait for ever"
KILLS = "this page kills the process"


@dataclass(frozen=True)
class OddSplitter(MarkSplitter):
    """Does what `MarkSplitter` does, but for the pages above."""

    def split(self, pages: Sequence[Page]) -> list[Split]:
        if any(STICKS in page.text for page in pages):
            time.sleep(10_000)
        if any(KILLS in page.text for page in pages):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().split(pages)


def save_odd_models(folder: Path) -> dict[str, str]:
    """Artifacts of such models in `folder`; returns the environment in which `newsieve` uses them."""
    store.save("splitter", OddSplitter(), {"version": "odd"}, folder)
    store.save("topics", WordClassifier(), {"version": "words", "topics": ["sport", "science"]}, folder)
    return {"NEWSIEVE_MODELS": str(folder), "PYTHONPATH": str(Path(__file__).parent)}
