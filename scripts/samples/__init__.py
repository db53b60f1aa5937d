"""Sample pages, written for this project: what `newsieve demo` shows and the tests stand on.

`samples.toml` lists them in the order of the demo, with the url and the time that each pretends to come from.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from models import identity
from models.page import Page

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample page; `name` is its file's name without the suffix, `shape` says in a line what kind of page it is."""

    name: str
    shape: str
    page: Page


def read_samples() -> list[Sample]:
    """All sample pages in the order of the demo; the first twelve make a good one."""
    index = tomllib.loads((FOLDER / "samples.toml").read_text(encoding="utf8"))
    return [_sample(entry) for entry in index["page"]]


def _sample(entry: dict[str, str]) -> Sample:
    path = FOLDER / entry["file"]
    text = path.read_bytes().decode("utf8")  # as bytes: reading as text would change line ends
    page = Page(identity.page_id(entry["url"], text), entry["url"], text, entry["fetched_at"])
    return Sample(path.stem, entry["shape"], page)
