"""A run that is broken off: by Ctrl-C, by SIGTERM, and by the end of the supervisor itself."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Command, processes_of, wait_until

SLACK = 3.0
"""Seconds within which a run has to end; it takes a tenth of that, but the machine may be busy."""


@pytest.mark.parametrize(
    ("number", "kind", "exit_code"),
    [(signal.SIGINT, "interrupted", 130), (signal.SIGTERM, "terminated", 143), (signal.SIGHUP, "terminated", 143)],
    ids=["Ctrl-C", "SIGTERM", "closed-terminal"],
)
@pytest.mark.parametrize("phase", ["start", "load"], ids=["while-starting", "while-predicting"])
def test_signal(
    number: int,
    kind: str,
    exit_code: int,
    phase: str,
    pickled: Callable[[str], Path],
    start_predict: Callable[..., Command],
) -> None:
    """A signal ends the run at once, whatever it is doing, leaves nothing behind, and stands in the record."""
    command = start_predict(pickled("loops"))
    if phase == "load":
        command.wait_for("load")
    else:
        assert wait_until(lambda: os.listdir(command.temporary), 10), "the worker's directory did not appear"
    sent = time.monotonic()
    command.process.send_signal(number)
    run = command.finish()
    seconds = time.monotonic() - sent
    print(f"ended {seconds:.2f} s after the signal")

    assert seconds < SLACK
    assert run.exit_code == exit_code, run.stderr
    assert (run.failure["kind"], run.failure["fault"]) == (kind, "interrupted")
    assert f"[{kind}, exit code {exit_code}]" in run.stderr
    assert "Traceback" not in run.stderr
    assert run.stdout == ""
    assert run.csvs == []
    assert processes_of(run.temporary) == []
    assert os.listdir(run.temporary) == []


def test_second_signal(pickled: Callable[[str], Path], start_predict: Callable[..., Command]) -> None:
    """An impatient user who presses Ctrl-C again and again does not cut the cleaning up short."""
    command = start_predict(pickled("ignores_signals"))
    command.wait_for("load")
    for _ in range(20):
        if command.process.poll() is None:
            command.process.send_signal(signal.SIGINT)
        time.sleep(0.005)
    run = command.finish()

    assert run.exit_code == 130, run.stderr
    assert run.failure["kind"] == "interrupted"
    assert "Traceback" not in run.stderr
    assert processes_of(run.temporary) == []
    assert os.listdir(run.temporary) == []


@pytest.mark.parametrize("model", ["loops", "ignores_signals"])
def test_supervisor_killed(model: str, pickled: Callable[[str], Path], start_predict: Callable[..., Command]) -> None:
    """When the supervisor is killed, the kernel kills the worker with it."""
    command = start_predict(pickled(model))
    command.wait_for("load")
    assert len(processes_of(command.temporary)) == 2
    command.process.kill()
    command.process.wait()

    assert wait_until(lambda: not processes_of(command.temporary), SLACK), processes_of(command.temporary)


def has_dead_child(pid: int) -> bool:
    """Whether a child of a process has ended, with all its threads, and has not been waited for."""
    children = [Path("/proc", child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return any(
        "State:\tZ" in (child / "status").read_text() and len(os.listdir(child / "task")) == 1 for child in children
    )


def test_supervisor_stopped(pickled: Callable[[str], Path], start_predict: Callable[..., Command]) -> None:
    """A result that comes while the supervisor is stopped (Ctrl-Z, or a busy machine) is not lost."""
    command = start_predict(pickled("returns_later"))
    command.wait_for("model| at work")
    command.process.send_signal(signal.SIGSTOP)
    assert wait_until(lambda: has_dead_child(command.process.pid), 10), "the worker did not end"
    command.process.send_signal(signal.SIGCONT)
    run = command.finish()

    assert run.exit_code == 0, run.stderr
    assert len(run.csvs) == 1
