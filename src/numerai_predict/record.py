"""The account of a run: what was run, on what, how long each step took, and how it came out.

The record is written whatever happened. Its form is described by `docs/record.schema.json`; `VERSION` is raised when a
reader of an older form could misunderstand a newer one.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from numerai_predict import __version__
from numerai_predict.delivery import Delivery
from numerai_predict.failures import Failure
from numerai_predict.job import Job
from numerai_predict.local_files import LocalFile
from numerai_predict.pickles.inspection import Inspection
from numerai_predict.redaction import Redaction, without_query
from numerai_predict.sandbox.ending import Ending, Usage
from numerai_predict.sandbox.isolation import Isolation
from numerai_predict.submission import Finding, Submission

VERSION = 1


class Listener(Protocol):
    """Whoever wants to hear of a run while it goes on: a terminal, for example."""

    def phase_ended(self, phase: "Phase") -> None:
        """A step of the run is over, well or not."""

    def model_printed(self, line: str) -> None:
        """The model has printed a line; it is escaped."""

    def progress(self, phase: str, seconds: float, memory: int) -> None:
        """The model is at work: seconds on its clock, bytes of memory in use."""

    def notice(self, text: str) -> None:
        """Something goes slower than it should; may be called from another thread."""

    def transferred(self, done: int, total: int | None) -> None:
        """A download has come so far, in bytes; may be called from another thread."""


@dataclass
class Phase:
    """One step of a run."""

    name: str
    detail: str = ""
    seconds: float = 0.0
    ended: bool = False
    """Whether it came to its end; a failure or an interruption leaves it unended."""


@dataclass
class Record:
    """The account of one run, filled while the run goes on."""

    job: Job
    listener: Listener
    redact: Redaction
    started: str = field(default_factory=lambda: _now())
    phases: list[Phase] = field(default_factory=list)
    files: dict[str, LocalFile] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    virtual_environment: str = ""
    """The folder of the environment that was made for the pickle, if one was."""

    isolation: Isolation | None = None
    inspection: Inspection | None = None
    function: str = ""
    rows: int = 0
    columns: int = 0
    ending: Ending | None = None
    inside: dict[str, Any] | None = None
    """The record that was written in the container, if the model ran in one: `isolation` and `ending` are there."""

    warnings: list[Finding] = field(default_factory=list)
    submission: Submission | None = None
    delivery: Delivery | None = None
    uploaded: int | None = None
    """The HTTP status with which the store confirmed the upload."""

    failure: Failure | None = None
    ended: str = ""
    """When it was over; set when the record is first written."""

    @contextmanager
    def phase(self, name: str) -> Iterator[Phase]:
        """Time a step; the block may give it a detail for people to read."""
        phase = Phase(name)
        self.phases.append(phase)
        start = time.monotonic()
        try:
            yield phase
            phase.ended = True
        finally:
            phase.seconds = time.monotonic() - start
            self.listener.phase_ended(phase)

    @property
    def usage(self) -> Usage | None:
        """What the model used, wherever it ran; None if it did not."""
        if self.inside and self.inside["ending"]:
            return Usage(**self.inside["ending"]["usage"])
        return self.ending.usage if self.ending else None

    @property
    def output(self) -> str:
        """What the model printed, wherever it ran."""
        if self.inside and self.inside["ending"]:
            return str(self.inside["ending"]["output"])
        return self.ending.output if self.ending else ""

    def as_json(self) -> str:
        """Return the record as a JSON object without secrets."""
        self.ended = self.ended or _now()
        return json.dumps(redacted(self._content(), self.redact), indent=1)

    def _content(self) -> dict[str, Any]:
        return {
            "record_version": VERSION,
            "outcome": "failed" if self.failure else "delivered",
            "program": {"version": __version__, "git_ref": os.environ.get("GIT_REF", "")},
            "machine": {"platform": " ".join(os.uname()[::2]), "supervisor_python": sys.version.split()[0]},
            "started": self.started,
            "ended": self.ended,
            "job": _job(self.job),
            "environment": self.environment,
            "virtual_environment": self.virtual_environment,
            "isolation": self.inside["isolation"] if self.inside else _isolation(self.isolation, self.job.isolation),
            "inspection": self.inspection and _inspection(self.inspection),
            "files": {name: _digest(file.path, file.size, file.sha256) for name, file in self.files.items()},
            "round": {"number": self.job.round, "rows": self.rows, "columns": self.columns},
            "function": self.function,
            "phases": [asdict(phase) for phase in self.phases],
            "ending": self.inside["ending"] if self.inside else _ending(self.ending),
            "warnings": [asdict(warning) for warning in self.warnings],
            "predictions": self.delivery and _digest(**asdict(self.delivery)) | self._counts(),
            "upload_confirmed_with": self.uploaded,
            "failure": self.failure and failure_content(self.failure),
        }

    def _counts(self) -> dict[str, Any]:
        if self.submission is None:
            return {}
        return {"rows": self.submission.rows, "extra_ids": self.submission.extra_ids}


def _job(job: Job) -> dict[str, Any]:
    upload = job.upload and without_query(job.upload.url)
    locations = {name: without_query(getattr(job, name)) for name in ("model", "dataset", "benchmarks")}
    return {**asdict(job), **locations, "upload": upload}


def redacted(content: Any, redact: Redaction) -> Any:
    """A tree of plain data with the secrets taken out of its texts."""
    if isinstance(content, str):
        return redact(content)
    if isinstance(content, dict):
        return {name: redacted(value, redact) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [redacted(value, redact) for value in content]
    return content


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _digest(path: str, size: int, sha256: str) -> dict[str, Any]:
    return {"path": path, "bytes": size, "sha256": sha256}


def _isolation(isolation: Isolation | None, mode: str) -> dict[str, Any]:
    if isolation is None:
        return {"mode": mode, "layers": {}, "open": []}
    return {"mode": mode, "layers": isolation.layers, "open": [gap.what for gap in isolation.gaps]}


def _inspection(inspection: Inspection) -> dict[str, Any]:
    return {
        "made_by": inspection.maker,
        "pythons": inspection.pythons and list(inspection.pythons),
        "libraries": {name: library.version for name, library in inspection.libraries.items()},
        "problem": inspection.problem,
    }


def _ending(ending: Ending | None) -> dict[str, Any] | None:
    if ending is None:
        return None
    return {
        "phase": ending.phase,
        "status": ending.status,
        "signal": ending.signal,
        "killed_for": ending.killed and ending.killed.kind,
        "leftover_processes": ending.leftovers,
        "crash_log": ending.crash_log,
        "output": ending.output,
        "usage": asdict(ending.usage),
    }


def failure_content(failure: Failure) -> dict[str, Any]:
    """Return a failure as plain data."""
    return {
        "kind": failure.kind.name,
        "exit_code": failure.exit_code,
        "fault": failure.kind.fault.value,
        "cause": failure.cause,
        "remedy": failure.remedy,
        "evidence": failure.evidence,
    }
