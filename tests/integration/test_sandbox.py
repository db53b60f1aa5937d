"""A tagger in a process of its own: gives what one at home would, and survives what takes its process along."""

from pathlib import Path

import pytest
from fake_models import EXPLODES
from odd_models import KILLS, STICKS, save_odd_models

from models.errors import TaggerError
from models.page import Page
from models.tagger import load_tagger
from streams import sandbox as sandboxes
from streams.outcomes import tag_each
from streams.sandbox import DiedError, Sandbox


def pages(*texts: str) -> list[Page]:
    return [Page(f"p{n}", "u", text) for n, text in enumerate(texts)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTHONPATH", save_odd_models(tmp_path)["PYTHONPATH"])
    return tmp_path


def test_the_page_that_ends_its_process_is_found_and_the_others_are_tagged_as_at_home(folder: Path) -> None:
    given = pages("# A", KILLS, "# B\n* C")
    waits: list[None] = []
    sandbox = Sandbox(folder, 30, lambda: waits.append(None))
    first, killer, last = tag_each(given, sandbox)
    sandbox.close()
    assert [first, last] == load_tagger(folder).tag([given[0], given[2]])
    assert str(killer) == "bug: DiedError: the page ended its process, attempts=2: killed by SIGKILL"
    assert waits, "whoever waits is told that it is waiting"


def test_a_page_that_never_ends_is_ended_with_its_process(folder: Path) -> None:
    sandbox = Sandbox(folder, 0.2)
    with pytest.raises(DiedError, match=r"not tagged within 0\.2 s"):
        sandbox.tag(pages(STICKS))
    assert len(sandbox.tag(pages("# A"))) == 1
    sandbox.close()


def test_an_error_of_the_model_is_no_end_of_the_process(folder: Path) -> None:
    sandbox = Sandbox(folder, 30)
    with pytest.raises(RuntimeError, match="cannot split p0"):
        sandbox.tag(pages(EXPLODES))
    process = sandbox._process
    assert process is not None
    assert process.poll() is None
    sandbox.close()
    assert process.poll() is not None
    sandbox.close()


def test_no_page_is_blamed_for_a_process_that_cannot_be_started(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = Sandbox(folder / "nowhere", 30)
    with pytest.raises(TaggerError, match="could not be started: exit code 1"):
        tag_each(pages("# A", "# B"), nowhere)
    monkeypatch.setattr(sandboxes, "LOAD_SECONDS", 0)
    slow = Sandbox(folder, 30)
    with pytest.raises(TaggerError, match="did not load the models within 0 s"):
        slow.tag(pages("# A"))
    monkeypatch.undo()
    monkeypatch.setenv("PYTHONPATH", save_odd_models(folder)["PYTHONPATH"])
    assert slow.tag(pages("# A", "# B")) == load_tagger(folder).tag(pages("# A", "# B"))
    slow.close()


def test_it_is_ours_whatever_lies_in_the_folder_of_the_user(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "__init__.py").touch()
    monkeypatch.chdir(tmp_path)
    sandbox = Sandbox(folder, 30)
    assert len(sandbox.tag(pages("# A"))) == 1
    sandbox.close()
