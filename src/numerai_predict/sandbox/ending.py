"""How a worker ended, by evidence, and the true name of what that means."""

import re
from dataclasses import dataclass
from typing import Any

from numerai_predict.failures import Failure
from numerai_predict.job import MIB, Limits
from numerai_predict.sandbox import messages
from numerai_predict.sandbox.isolation import Isolation
from numerai_predict.sandbox.processes import container_memory

_REPORT = (
    "See what `numerai-predict doctor` says; a model that you trust as your own program runs with --isolation off."
)

_NO_NETWORK = "The box has no network: put everything that the model needs into the pickle."
_NO_FILES = (
    "Here a model reads no files but its own and its libraries', and writes none but in tempfile.gettempdir(): "
    "put what it needs into the pickle."
)
_NO_PSUTIL = (
    "Where psutil is installed, joblib's processes measure themselves by it, and what it reads is closed to models: "
    "use threads (prefer='threads'), or an environment without psutil, as the box is (--env auto)."
)
_NO_SOCKETS = (
    "Here sockets within this machine are closed to models: set num_workers=0, or use processes of the start method "
    "fork or spawn; in the container, started as root, such sockets are open."
)

_SOCKET_REFUSED = re.compile(r'/multiprocessing/connection\.py", .*/socket\.py", .*PermissionError', re.DOTALL)
"""What a process of multiprocessing prints when it dies for want of a socket. The others wait for it for ever."""

_DATA_LOADER = re.compile(r'/torch/utils/data/dataloader\.py", line \d+ in _try_get_data')
"""Where torch's DataLoader waits for its worker processes, which hand over tensors through a socket."""


@dataclass(frozen=True)
class Usage:
    """What a model used, as far as the operating system says."""

    seconds: float
    """Wall time of loading and predicting: what `Limits.timeout` limits."""

    cpu_seconds: float
    """Processor time of the worker and of those of its children that it waited for, start-up included."""

    peak_memory: int
    """Bytes: of the worker alone, or of the whole tree where that was seen to be more."""

    processes: int
    """The most that were seen at once."""


@dataclass(frozen=True)
class Killed:
    """The supervisor ended the worker, and why: a kind of failure and its evidence."""

    kind: str
    evidence: dict[str, Any]


@dataclass(frozen=True)
class Ending:
    """How a worker ended: what it claimed, what the operating system says, and what the supervisor did."""

    phase: str
    """What the supervisor had last told the worker to do: "starting", "reading", "loading", "predicting"."""

    file: str
    """The data file that the supervisor had last handed over."""

    python: str
    isolation: Isolation
    """What was closed to the model."""

    killed: Killed | None
    status: int | None
    """The exit status, if the process exited."""

    signal: str | None
    """The name of the signal, if one ended the process."""

    claim: messages.Raised | messages.Exited | None
    returned: messages.Returned | None
    oom_killed: bool
    """Whether the kernel killed a process of this container for its memory limit meanwhile."""

    leftovers: int
    """Processes that were still running when the worker had ended."""

    crash_log: str
    """Where the interpreter was when it crashed or was asked, most recent call first; the user's frames only."""

    output: str
    """What the model printed, its head and its tail."""

    usage: Usage

    def failure(self, limits: Limits) -> Failure | None:
        """Return what this ending means if it is not success; the first evidence in the order of its weight decides.

        Nothing that the worker said outweighs what the supervisor did or the kernel reports.
        """
        if self.killed is not None:
            remedy = self._remedy() if self.killed.kind == "timed_out" else None
            return self._failure(self.killed.kind, remedy=remedy, **self.killed.evidence)
        if self.phase in ("starting", "reading"):
            return self._program_failure()
        if self.oom_killed and self.signal in ("SIGKILL", None) and self.returned is None:
            return self._out_of_memory(limits, "the kernel killed it", of_kernel=True)
        if self.signal is not None:
            return self._failure("crashed", signal=self.signal, phase=self.phase, python=self.python)
        if isinstance(self.claim, messages.Exited):
            return self._failure("exited_early", status=self.claim.status, phase=self.phase)
        if isinstance(self.claim, messages.Raised):
            return self._raised(self.claim, limits)
        if self.returned is None or self.status != 0:
            return self._failure("no_result", status=self.status, phase=self.phase)
        return None

    def _raised(self, claim: messages.Raised, limits: Limits) -> Failure:
        evidence = {"exception": claim.exception, "traceback": claim.traceback}
        if claim.doing == "reading" and self.phase == "predicting" and self.file:
            return self._unreadable(claim)
        if claim.doing in ("confining", "starting", "reading"):
            return self._failure("broken_result", problem=f"it claims to be {claim.doing} when it cannot be")
        if claim.type == "MemoryError":
            return self._out_of_memory(limits, "it raised MemoryError", traceback=claim.traceback)
        if "module" in claim.details and claim.type == "ModuleNotFoundError":
            return self._failure("missing_module", module=claim.details["module"], **evidence)
        if self.phase == "loading":
            return self._failure("load_raised", remedy=self._remedy(), python=self.python, **evidence)
        return self._failure("predict_raised", remedy=self._remedy(), **evidence)

    def _remedy(self) -> str | None:
        """What to do about a socket or a file that was refused, if that is what ended the model."""
        if not self.isolation.layers:
            return None
        details = self.claim.details if isinstance(self.claim, messages.Raised) else {}
        wanted = details.get("socket")
        if wanted == "AF_INET":
            return _NO_NETWORK
        if "file" in details:
            return _NO_FILES
        if "psutil.AccessDenied" in self.output:
            return _NO_PSUTIL
        if self.isolation.unix_sockets:
            return None
        if wanted == "AF_UNIX" or _SOCKET_REFUSED.search(self.output) or _DATA_LOADER.search(self.crash_log):
            return _NO_SOCKETS
        return None

    def _program_failure(self) -> Failure:
        """No byte of the user's has been read: what went wrong is the environment's fault or the data's."""
        if isinstance(self.claim, messages.Raised) and self.phase == "reading":
            return self._unreadable(self.claim)
        if isinstance(self.claim, messages.Raised) and self.claim.doing == "confining":
            problem = f"the worker was not confined: {self.claim.exception.removeprefix('NotConfined: ')}"
            return self._failure("not_confined", problem=problem, fix=_REPORT)
        if isinstance(self.claim, messages.Raised):
            problem = self.claim.exception
        else:
            problem = f"it ended with {self.signal or f'exit status {self.status}'}"
        return self._failure(
            "worker_failed",
            problem=f"{problem} while it was {self.phase}",
            fix="Use an interpreter that has pandas and pyarrow installed.",
        )

    def _unreadable(self, claim: messages.Raised) -> Failure:
        return self._failure(
            "data_unreadable",
            file=self.file,
            problem=claim.exception,
            fix="Download the file again: it is not the parquet file it should be.",
        )

    def _out_of_memory(self, limits: Limits, how: str, of_kernel: bool = False, **evidence: Any) -> Failure:
        limit = min(limits.memory, (of_kernel and container_memory()) or limits.memory)
        return self._failure("out_of_memory", limit=f"{limit / MIB:,.0f} MiB", phase=self.phase, how=how, **evidence)

    def _failure(self, kind: str, **evidence: Any) -> Failure:
        if self.crash_log:
            evidence["crash_log"] = self.crash_log
        return Failure(kind, **evidence)
