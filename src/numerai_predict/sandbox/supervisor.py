"""OUTSIDE the wall: starts a worker, gives it its work, watches it, and turns evidence into an `Ending`.

The supervisor owns the clock. It believes no message: success is a whole result, and a process that then ended by
itself, within its limits, with exit status 0.
"""

import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from numerai_predict.failures import Failure
from numerai_predict.interruption import Interrupted, deferred
from numerai_predict.job import MIB, Limits
from numerai_predict.sandbox import messages
from numerai_predict.sandbox.ending import Ending, Killed, Usage
from numerai_predict.sandbox.isolation import Isolation, isolation
from numerai_predict.sandbox.launch import Launched, Scratch, launch, temporary_directory
from numerai_predict.sandbox.output import Output, escape
from numerai_predict.sandbox.processes import Tree, become_supervisor, children, kernel_oom_kills
from numerai_predict.sandbox.storage import SHARED_MEMORY, Storage

TICK = 0.05
"""Seconds between two looks at clock, processes and memory."""

FILES_TICK = 0.5
"""Seconds between two looks at the files that it has written."""

WORTH_A_WORD = 1024**2
"""Bytes of files left in /dev/shm that are worth a warning: the semaphores of a process pool are not."""

OWN_DEADLINE = 300.0
"""Seconds for starting the worker, and for reading the data: the program's own work on a slow machine."""

LAST_WORDS = 0.2
"""Seconds for the interpreter to write where it is, before a worker that ran too long is killed."""

BOMB_PROCESSES, BOMB_GENERATIONS = 64, 4
"""More processes than the first, whose parents' parents' parents have parents, are a fork bomb: pools are flat."""

GRACE = 0.1
"""Seconds in which what the worker has started may end by itself after it."""

DRAIN_DEADLINE = 2.0
"""Seconds for reading what is still in the pipes after the end: a survivor might hold them open."""

PSS_PROCESSES = 32
"""Processes up to which shared pages are always counted once; of more only when the limit seems to be crossed."""

PSS_DEADLINE = 0.5
"""Seconds after which counting them is given up for now."""

LATE_ANSWERS = 20
"""How often in a row it may be given up; then what is counted more than once counts."""

_WORKER_FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "worker.py")

_Reply = TypeVar("_Reply", messages.Confined, messages.Ready, messages.RoundRead, messages.Loaded, messages.Returned)


class Worker:
    """One worker, from its start to its end; a context manager, which leaves no process and no file behind.

    The methods `ready`, `read_round`, `load`, `predict` are called in this order, each once.

    Args:
        limits: what the model may use.
        mode: how much has to be closed to the model, one of `isolation.MODES`.
        show: called with each line that the model prints, escaped.
        progress: called at every tick with the seconds on the clock and the bytes of memory in use.
        python: the interpreter, with pandas and pyarrow; by default the one that runs this program.

    Raises:
        Failure: from every method, as soon as the worker has ended without doing what it was told, or was ended for
            crossing a limit. `ending` then says more. From entering the context: if this machine cannot confine it as
            `mode` wants.
    """

    isolation: Isolation
    """What is closed to the model, and what is not; there when the context has been entered."""

    ending: Ending | None = None
    """How the worker ended; there when the context has been left."""

    left: Sequence[str] = ()
    """Large files in /dev/shm that have come meanwhile: the model's, unless another program of this user made them."""

    def __init__(
        self,
        limits: Limits,
        mode: str,
        show: Callable[[str], None],
        progress: Callable[[float, int], None],
        python: str | None = None,
    ) -> None:
        self._limits = limits
        self._mode = mode
        self._progress = progress
        self._output = Output(show)
        self._decoder = messages.Decoder(limits.result)
        self._python = python or sys.executable
        self._launched = False
        self._phase, self._file, self._version = "starting", "", ""
        self._clock, self._clock_started = 0.0, 0.0
        self._killed: Killed | None = None
        self._claim: messages.Raised | messages.Exited | None = None
        self._returned: messages.Returned | None = None
        self._waited: tuple[int, Any] | None = None
        self._peak_memory, self._peak_processes, self._last_processes = 0, 1, 1
        self._exact_memory: int | None = 0
        self._next_exact_look, self._late_answers = 0.0, 0
        self._shared_files, self._next_look_at_files = 0, 0.0
        self._oom_kills = kernel_oom_kills()

    def __enter__(self) -> "Worker":
        try:
            self._start()
        except Interrupted:
            # Held back until the worker was there, and `with` calls __exit__ only for what its block raises.
            if self._launched:
                self.__exit__()
            raise
        return self

    def _start(self) -> None:
        with deferred():
            become_supervisor()
            before = children(os.getpid())
            self.isolation = isolation(self._mode, self._python, temporary_directory())
            try:
                self._scratch = Scratch(temporary_directory(), self.isolation.uid)
            except OSError as error:
                fix = "Make room there, or set TMPDIR."
                raise Failure("worker_failed", problem=f"no private directory: {error}", fix=fix) from None
            uid = self.isolation.uid if self.isolation.uid >= 0 else os.getuid()
            self._private, self._shared_memory = Storage(self._scratch.path, uid), Storage(SHARED_MEMORY, uid)
            try:
                self._process = launch(self._python, self._limits, self._scratch.path)
            except OSError as error:
                self._scratch.remove()
                problem = f"{self._python}: {error.strerror}"
                raise Failure("worker_failed", problem=problem, fix="Name another interpreter.") from None
            self._tree = Tree(self._process.pid, before, self.isolation.uid)
            self._selector = _watch(self._process)
            self._started = time.monotonic()
            self._launched = True
            self._send(self.isolation.order(self._limits, self._scratch.closed_file))

    def __exit__(self, *_: object) -> None:
        with deferred():
            self.ending = self.ending or self._end()
            for key in list(self._selector.get_map().values()):
                if key.data == "end":
                    os.close(key.fd)
            self._selector.close()
            self._process.channel.close()
            for descriptor in (self._process.stdout, self._process.stderr, self._process.crash_log):
                os.close(descriptor)
            self._scratch.remove()
            if self.isolation.uid >= 0:
                self._shared_memory.remove()
            elif self._shared_files > WORTH_A_WORD:
                self.left = self._shared_memory.made()

    # --- the work

    def ready(self) -> messages.Ready:
        """Wait until the worker has confined itself, and imported what it needs."""
        self._started = time.monotonic()  # until now nobody waited: files were fetched
        self._wait(messages.Confined)
        reply = self._wait(messages.Ready)
        self._version = reply.python
        return reply

    def read_round(self, live_features: int, file: str) -> messages.RoundRead:
        """Have it read the live features behind a descriptor; `file` is how a failure calls them."""
        self._phase, self._file = "reading", file
        self._started = time.monotonic()
        self._send(messages.Round(), live_features)
        return self._wait(messages.RoundRead)

    def load(self, model: int, name: str) -> messages.Loaded:
        """Have it unpickle the model behind a descriptor. From here on, the process is the model's."""
        self._phase = "loading"
        self._start_clock()
        self._send(messages.Load(name), model)
        reply = self._wait(messages.Loaded)
        self._stop_clock()
        # Nobody watches while the benchmark models are fetched, so nothing of the model's may run then.
        self._tree.signal(signal.SIGSTOP)
        return reply

    def predict(self, benchmark_models: int | None, file: str) -> messages.Returned:
        """Have it call the function, and wait until it has ended.

        Returns:
            What the worker claims that the function returned. Its payload is what a judge has to read.
        """
        self._phase, self._file = "predicting", file
        self._start_clock()
        self._tree.signal(signal.SIGCONT)
        self._send(messages.Predict(), *([] if benchmark_models is None else [benchmark_models]))
        self._returned = reply = self._wait(messages.Returned)
        self._wait_for_end()
        if self._decoder.holds_bytes():
            self._kill("broken_result", problem="something followed the result")
            self._fail()
        with deferred():
            self.ending = self._end()
        if failure := self.ending.failure(self._limits):
            raise failure
        return reply

    # --- watching

    def _send(self, message: messages.Message, *descriptors: int) -> None:
        for descriptor in descriptors:
            self._private.hand_over(descriptor)
        try:
            socket.send_fds(self._process.channel, [messages.encode(message)], list(descriptors))
        except OSError:
            pass  # it has ended; waiting for its answer will tell how

    def _wait(self, expected: type[_Reply]) -> _Reply:
        running = True
        while True:
            message = self._next_message()
            if isinstance(message, expected):
                return message
            if isinstance(message, messages.Raised | messages.Exited):
                self._claim = message
                self._wait_for_end()
                self._fail()
            elif message is not None:
                self._kill("broken_result", problem=f"a message {type(message).__name__} that was not due")
                self._fail()
            elif not running:
                self._fail()
            else:
                # Its last message may come together with its end: one more look after that.
                running = self._watch_once()

    def _wait_for_end(self) -> None:
        while self._watch_once():
            pass
        if self._killed is not None:
            self._fail()

    def _fail(self) -> None:
        self.ending = self._end()
        failure = self.ending.failure(self._limits)
        raise failure or Failure("no_result", status=self.ending.status, phase=self.ending.phase)

    def _next_message(self) -> messages.Message | None:
        try:
            return self._decoder.next()
        except messages.MessageTooLarge as error:
            self._kill_for_result(error)
        except messages.BrokenMessage as error:
            self._kill("broken_result", problem=str(error))
        return None

    def _watch_once(self) -> bool:
        """Wait for something to happen, at most a tick; return whether the worker is still there."""
        if self._killed is not None:
            return False
        for key, _ in self._selector.select(TICK):
            self._read(key)
        if self._has_ended():
            self._drain()
            return False
        self._check_limits()
        return True

    def _has_ended(self) -> bool:
        """Whether the worker's process has ended; its status is read once."""
        if self._waited is None:
            pid, status, usage = os.wait4(self._process.pid, os.WNOHANG)
            self._waited = (status, usage) if pid else None
        return self._waited is not None

    def _read(self, key: selectors.SelectorKey) -> bool:
        """Take what came on one descriptor; return whether anything did."""
        if key.data == "end":
            return False
        try:
            data = os.read(key.fd, 65536)
        except ConnectionResetError:
            data = b""
        if not data:
            self._selector.unregister(key.fileobj)
        elif key.data == "channel":
            try:
                self._decoder.feed(data)
            except messages.MessageTooLarge as error:
                self._kill_for_result(error)
            except messages.BrokenMessage as error:
                self._kill("broken_result", problem=str(error))
        else:
            self._output.feed(key.data, data)
        return bool(data)

    def _drain(self) -> None:
        """Read what an ended worker left in its pipes."""
        deadline = time.monotonic() + DRAIN_DEADLINE
        while any(self._read(key) for key, _ in self._selector.select(0)) and time.monotonic() < deadline:
            pass

    # --- limits

    def _start_clock(self) -> None:
        self._clock_started = time.monotonic()

    def _stop_clock(self) -> None:
        self._clock = self._on_clock()
        self._clock_started = 0.0

    def _on_clock(self) -> float:
        return self._clock + (time.monotonic() - self._clock_started if self._clock_started else 0.0)

    def _check_limits(self) -> None:
        generations = self._tree.generations()
        count = sum(generations)
        self._peak_processes = max(self._peak_processes, count)
        if self._phase in ("starting", "reading"):
            if time.monotonic() - self._started > OWN_DEADLINE:
                fix = "Run it again on a machine that is less busy."
                self._kill("worker_failed", problem=f"still {self._phase} after {OWN_DEADLINE:.0f} s", fix=fix)
            return
        seconds = self._on_clock()
        if count > BOMB_PROCESSES and len(generations) > BOMB_GENERATIONS:
            # Seen while it is small: from hundreds of processes it takes the kernel seconds to get rid of.
            limit = f"{BOMB_PROCESSES} in more than {BOMB_GENERATIONS} generations"
            self._kill("too_many_processes", count=count, limit=limit)
        elif count > self._limits.processes:
            # Before any other look: accounting for a fork bomb takes minutes.
            self._kill("too_many_processes", count=count, limit=self._limits.processes)
        elif seconds > self._limits.timeout:
            self._ask_where_it_is()
            self._kill("timed_out", limit=f"{self._limits.timeout:g}", phase=self._phase)
        else:
            memory = self._memory(count)
            self._progress(seconds, memory)
            if memory > self._limits.memory:
                how = f"{_mebibytes(memory)} in {count} process{'es' if count > 1 else ''} when it was ended"
                if 2 * self._shared_files > memory:
                    how = f"{_mebibytes(self._shared_files)} of them in files in {SHARED_MEMORY}"
                limit = _mebibytes(self._limits.memory)
                self._kill("out_of_memory", limit=limit, phase=self._phase, how=how)
            else:
                self._check_files()

    def _memory(self, count: int) -> int:
        memory = self._tree.memory().total(self._shared_files)
        growing, self._last_processes = count > self._last_processes, count
        # The exact number is needed only where the cheap one, never too low, says something new.
        known = self._peak_memory if count <= PSS_PROCESSES else self._limits.memory
        if count > 1 and memory > known:
            # Not while processes are being started: a fork bomb has to be seen before the kernel has answered for it.
            exact = None if growing else self._exact(count)
            if exact is None and self._late_answers <= LATE_ANSWERS:
                return min(memory, self._limits.memory)
            memory = exact or memory
        self._peak_memory = max(self._peak_memory, memory)
        return memory

    def _exact(self, count: int) -> int | None:
        """The exact number, or None if it is late; of many processes at most a tenth of the time, as it takes long."""
        now = time.monotonic()
        if count <= PSS_PROCESSES or now >= self._next_exact_look:
            held = self._tree.memory_shared_once(now + PSS_DEADLINE)
            self._exact_memory = held.total(self._shared_files) if held else None
            self._late_answers = 0 if held else self._late_answers + 1
            self._next_exact_look = now + 10 * (time.monotonic() - now)
        return self._exact_memory

    def _check_files(self) -> None:
        """Look at what was written, twice a second, and at most a tenth of the time."""
        now = time.monotonic()
        if now < self._next_look_at_files:
            return
        files = self._tree.files(self._shared_memory, self._limits.memory)
        if self.isolation.uid < 0:
            # Other programs of this user make files there as well: no more is the model's than it can have written.
            files = min(files, self._tree.written() + self._tree.memory().shared)
        self._shared_files = files
        written = self._tree.files(self._private, self._limits.disk)
        self._next_look_at_files = now + max(FILES_TICK, 10 * (time.monotonic() - now))
        if written > self._limits.disk:
            limit = _mebibytes(self._limits.disk)
            self._kill("too_much_disk", actual=f"more than {limit}", limit=limit)

    def _ask_where_it_is(self) -> None:
        try:
            os.kill(self._process.pid, signal.SIGUSR1)
        except OSError:
            return
        time.sleep(LAST_WORDS)

    def _kill_for_result(self, error: messages.MessageTooLarge) -> None:
        self._kill("result_too_large", actual=_mebibytes(error.actual), limit=_mebibytes(self._limits.result))

    def _kill(self, kind: str, **evidence: object) -> None:
        self._killed = self._killed or Killed(kind, evidence)
        self._tree.kill()

    # --- the end

    def _end(self) -> Ending:
        """End whatever still runs, and say what happened."""
        self._stop_clock()
        if not self._has_ended() and self._killed is None:
            self._killed = Killed("given_up", {})
        if self._killed is None:
            self._tree.wait_for_others(time.monotonic() + GRACE)
        leftovers = self._tree.kill()
        if self._waited is None:
            _, status, usage = os.wait4(self._process.pid, 0)
            self._waited = (status, usage)
        self._drain()
        self._output.finish()
        status, usage = self._waited
        code = os.waitstatus_to_exitcode(status)
        kibibyte = 1024 if sys.platform == "linux" else 1  # the unit of ru_maxrss: macOS has bytes
        return Ending(
            phase=self._phase,
            file=self._file,
            python=self._version,
            isolation=self.isolation,
            killed=self._killed,
            status=code if code >= 0 else None,
            signal=_signal_name(-code) if code < 0 else None,
            claim=self._claim,
            returned=self._returned,
            oom_killed=kernel_oom_kills() > self._oom_kills,
            leftovers=0 if self._killed else leftovers,
            crash_log=_user_frames(self._process.crash_log),
            output=self._output.text(),
            usage=Usage(
                seconds=self._clock,
                cpu_seconds=usage.ru_utime + usage.ru_stime,
                peak_memory=max(self._peak_memory, usage.ru_maxrss * kibibyte),
                processes=self._peak_processes,
            ),
        )


def _watch(process: Launched) -> selectors.BaseSelector:
    selector = selectors.DefaultSelector()
    selector.register(process.channel, selectors.EVENT_READ, "channel")
    selector.register(process.stdout, selectors.EVENT_READ, "stdout")
    selector.register(process.stderr, selectors.EVENT_READ, "stderr")
    try:
        selector.register(os.pidfd_open(process.pid), selectors.EVENT_READ, "end")
    except (AttributeError, OSError):
        pass  # not Linux, or a sandbox around us: the end is seen at the next tick
    return selector


def _user_frames(crash_log: int) -> str:
    """What the interpreter wrote about where it was, without the frames of this program."""
    os.set_blocking(crash_log, False)
    try:
        text = os.read(crash_log, 65536).decode(errors="backslashreplace")
    except BlockingIOError:
        return ""
    frames = [line for line in text.split("\n") if line.startswith("  File ")]
    own = (f'  File "{_WORKER_FILE}"', '  File "<string>"')
    return "\n".join(escape(line.encode()) for line in frames if not line.startswith(own))[:5000]


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"  # a real-time signal


def _mebibytes(size: int) -> str:
    return f"{size / MIB:,.0f} MiB"
