"""The end of a worker: in time, with the exit code that is right, and not a word more than is so."""

import logging
import os
from types import SimpleNamespace

import pytest

from streams import worker


@pytest.mark.parametrize(
    ("crash", "is_in_order", "code", "words"),
    [
        (None, True, 0, []),
        (None, False, 0, ["not in order in time: leaving; what was not committed will be handed out again"]),
        (RuntimeError("a thread of Faust's is gone"), True, 1, []),
    ],
)
def test_a_worker_that_does_not_end_by_itself_is_ended(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    crash: Exception | None,
    is_in_order: bool,
    code: int,
    words: list[str],
) -> None:
    """One that stops because it crashed has failed, whatever signal came meanwhile."""
    times = iter([0.0, 1.0, worker.STOP_SECONDS - 0.01, worker.STOP_SECONDS])
    slept: list[float] = []
    codes: list[int] = []
    monkeypatch.setattr(worker, "time", SimpleNamespace(sleep=slept.append))
    monkeypatch.setattr(os, "_exit", codes.append)
    monkeypatch.setattr(logging, "shutdown", lambda: None)
    late = worker.Worker.__new__(worker.Worker)
    late._clock = times.__next__
    late._is_in_order = is_in_order
    late._crash_reason = crash
    late._leave_late()
    assert slept == pytest.approx([worker.STOP_SECONDS - 1.0, 0.01])
    assert codes == [code]
    assert caplog.messages == words
