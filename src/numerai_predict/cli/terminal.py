"""What a run looks like to a person: lines on stderr."""

import os
import sys
import time

from numerai_predict import __version__
from numerai_predict.environments import REGISTRY
from numerai_predict.failures import Failure, Fault
from numerai_predict.job import MIB, Job
from numerai_predict.record import Phase, Record
from numerai_predict.redaction import Redaction, is_url, without_query
from numerai_predict.sandbox.output import escape_text

HELP = "https://docs.numer.ai/numerai-tournament/submissions/model-uploads"
"""Where a participant finds help."""

REDRAW = 0.2
"""Seconds between two updates of the progress display."""


class Terminal:
    """Tells a person on stderr what is going on; a `record.Listener`.

    Args:
        redact: takes the secrets out of everything that is printed.
        quiet: only failures and warnings.
        debug: versions, limits and the program's own tracebacks as well.
    """

    def __init__(self, redact: Redaction, quiet: bool, debug: bool) -> None:
        self._redact = redact
        self._quiet = quiet
        self._debug = debug
        self._is_terminal = sys.stderr.isatty()
        self._drawn = ""
        self._next_redraw = 0.0
        self._limits = ""

    # --- while it runs

    def started(self, job: Job) -> None:
        """Say what is about to be run."""
        self._limits = f"of {job.limits.timeout:g} s, {{}} of {job.limits.memory / MIB:,.0f} MiB"
        self.say(f"numerai-predict {__version__}: {without_query(job.model)} on {without_query(job.dataset)}")
        if self._debug:
            self.say(f"  limits: {job.limits}")
            self.say(f"  Python {sys.version.split()[0]} at {sys.executable}, GIT_REF {_git_ref()}")

    def phase_ended(self, phase: Phase) -> None:
        """Print one line for a step of the run."""
        detail = f"  {escape_text(phase.detail)}" if phase.ended and phase.detail else ""
        note = "" if phase.ended else "  not finished"
        self.say(f"  {phase.name:<8} {phase.seconds:6.2f} s{detail}{note}")

    def model_printed(self, line: str) -> None:
        """Print a line of the model's, marked as its own."""
        if not self._quiet:
            self._print(f"model| {line}")

    def progress(self, phase: str, seconds: float, memory: int) -> None:
        """On a terminal, keep a last line that shows how much of its limits the model has used."""
        self._draw(f"  {phase:<8} {seconds:6.1f} s " + self._limits.format(f"{memory / MIB:,.0f}"))

    def notice(self, text: str) -> None:
        """Say that something goes slower than it should."""
        self.say(f"  {text}")

    def transferred(self, done: int, total: int | None) -> None:
        """On a terminal, keep a last line that shows how much of a download has come."""
        self._draw(f"  fetch    {done / 1e6:6.1f} MB" + (f" of {total / 1e6:.1f} MB" if total else ""))

    # --- at the end

    def ended(self, record: Record) -> None:
        """Say how the run came out."""
        if self._debug and record.isolation:
            layers = record.isolation.layers or {"none": record.job.isolation}
            self.say("  isolation: " + ", ".join(f"{name}: {state}" for name, state in layers.items()))
        for warning in record.warnings:
            self._print(f"Warning: {warning.sentence}")
        if record.failure:
            self.failed(record.failure, record)
        elif record.delivery and record.usage:
            usage, limits = record.usage, record.job.limits
            self.say(
                f"Done: {usage.seconds:.1f} s of {limits.timeout:g} s, "
                f"{usage.peak_memory / MIB:,.0f} MiB of {limits.memory / MIB:,.0f} MiB."
            )

    def failed(self, failure: Failure, record: Record | None = None) -> None:
        """Say what went wrong and what to do, and for the model's faults how to see it again."""
        evidence = failure.evidence
        if trace := evidence.get("traceback"):
            if failure.kind.fault is Fault.MODEL or self._debug:
                # Indented: the text of an exception is the model's, and must not pass for a line of ours.
                lines = map(escape_text, trace.splitlines())
                self._print("\n".join(f"  {line}" for line in lines))
        elif frames := evidence.get("crash_log"):
            self._print(f"Where it was, most recent call first:\n{frames}")
        self._print(_escaped(f"Failed: {failure.cause} [{failure.kind.name}, exit code {failure.exit_code}]"))
        self._print(_escaped(f"To do: {failure.remedy}"))
        if failure.kind.fault is Fault.MODEL and record:
            self._print(f"{'To run it' if 'made' in evidence else 'To see it again'}: {_reproduction(record)}")
            self._print(f"Help: {HELP}")

    def say(self, text: str) -> None:
        """Print a line, unless only failures and warnings are wanted."""
        if not self._quiet:
            self._print(text)

    def _print(self, text: str) -> None:
        self._clear()
        self._write(self._redact(text) + "\n")

    def _write(self, text: str) -> None:
        """Write to stderr. Whether anybody can read it must not decide how a run ends."""
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except (OSError, ValueError):
            self._quiet = True

    def _draw(self, text: str) -> None:
        now = time.monotonic()
        if self._quiet or not self._is_terminal or now < self._next_redraw:
            return
        self._next_redraw = now + REDRAW
        self._clear()
        self._drawn = text
        self._write(text)

    def _clear(self) -> None:
        if self._drawn:
            drawn, self._drawn = self._drawn, ""
            self._write("\r" + " " * len(drawn) + "\r")


def _escaped(text: str) -> str:
    """A sentence of ours may quote the model's words: they stay on one line."""
    return escape_text(" ".join(text.splitlines()))


def _git_ref() -> str:
    return os.environ.get("GIT_REF") or "latest"


def _reproduction(record: Record) -> str:
    """The command that runs the same model in the container."""
    made = record.failure.evidence.get("made", "") if record.failure else ""  # by the Python that it would run under
    python = made.split(" or ")[-1] or record.environment.get("python") or sys.version.split()[0]
    version = "_".join(python.split(".")[:2])
    image = f"{REGISTRY}/numerai_predict_py_{version}:{_git_ref()}"
    name = without_query(record.job.model)
    model = os.path.basename(name)
    folder = "$PWD" if is_url(name) or not os.path.dirname(name) else os.path.dirname(os.path.abspath(name))
    path = f'"{folder}/{model}"' if " " in folder + model else f"{folder}/{model}"
    mounts = '-v "$PWD:$PWD"' + (f' -v "{folder}:{folder}"' if folder != "$PWD" else "")
    return f"docker run -i --rm {mounts} {image} --debug --model {path} --output_dir $PWD"
