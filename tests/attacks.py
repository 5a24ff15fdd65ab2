"""The attacks of `zoo/attack_*.py`: what closes each of them, and a harness in which they have something to attack.

An attack has succeeded when something outside the model says so: a server got its bytes, a file or a process is not
what it was. Of what an attack reads, a canary tells: a value that stands nowhere else. Only for a few calls into the
kernel there is nothing to see outside; of those the model says that they were made.
"""

import contextlib
import ctypes
import json
import os
import pty
import re
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent

SECCOMP, LANDLOCK, IDENTITY = "seccomp", "Landlock", "identity"
PRIVILEGES = "privileges"
"""No capabilities, and a supervisor that is closed to processes of its user: so wherever anything is confined."""

LOWER = "lower"
"""The worker has given up capabilities that its neighbours have: so where it was started as root."""

ORDINARY = "ordinary"
"""The user is not root: nobody else's files are writable, and so are not those that the kernel gives to root."""

APART = "apart"
"""Model and supervisor are two processes, which share no more than a channel: so in every mode."""


@dataclass(frozen=True)
class Attack:
    """What is known of one attack."""

    name: str
    on: str
    """What it attacks: "network", "files", "processes" or "kernel". The first three have a warning where it works."""

    closed_by: tuple[str, ...]
    """The layers of which each alone stops it."""

    evidence: str
    """How its success is seen: a method of `Evidence`, and its argument after a colon."""

    ends_the_run: bool = False
    """Whether a success would be the end of the run: the control needs one for each of them."""

    may_fail: str = ""
    """Why a machine may refuse it to a model that nothing confines."""

    without_warning: str = ""
    """Why it may work without a warning where it works."""

    def is_open(self, layers: Sequence[str]) -> bool:
        """Whether it works where these layers are."""
        return APART not in self.closed_by and not set(self.closed_by) & set(layers)


S, L, U, P = SECCOMP, LANDLOCK, IDENTITY, PRIVILEGES
_ROOT_ONLY = "only root may, and only with the capability for it"
_EVERYBODY = "every user of the system may"
_SHARED = "process pools of the same user need /dev/shm"
_TRACE = "Docker's profile refuses what debuggers do"
_CPUS = "there is one processor"

ATTACKS = [
    Attack("sends_tcp", "network", (S,), "received"),
    Attack("sends_tcp6", "network", (S,), "received", may_fail="no IPv6"),
    Attack("sends_udp", "network", (S,), "received"),
    Attack("sends_udp6", "network", (S,), "received", may_fail="no IPv6"),
    Attack("asks_dns", "network", (S,), "received", may_fail="the test cannot be the resolver: not root"),
    Attack("listens", "network", (S,), "received"),
    Attack("sends_from_shell", "network", (S,), "received", may_fail="no bash"),
    Attack("sends_while_loading", "network", (S,), "received"),
    Attack("sends_packet", "network", (S, P), "received", may_fail=_ROOT_ONLY),
    Attack("sends_by_io_uring", "network", (S,), "received", may_fail="no io_uring, or not for programs in containers"),
    Attack("sends_by_i386_calls", "network", (S,), "received", may_fail="a kernel without these calls"),
    Attack("sends_by_x32_calls", "network", (S,), "received", may_fail="a kernel without these calls"),
    Attack("connects_unix_path", "network", (S,), "received"),
    Attack("connects_unix_abstract", "network", (S, L), "received"),
    Attack("sends_from_datagram_pair", "network", (S,), "received"),
    Attack("reads_secret", "files", (L, U), "said:secret"),
    Attack("reads_public_file", "files", (L,), "said:public", without_warning=_EVERYBODY),
    Attack("links_secret", "files", (L, U), "said:secret", may_fail="two file systems"),
    Attack("reads_by_handle", "files", (S, P), "said:secret", may_fail=_ROOT_ONLY),
    Attack("reads_through_supervisor", "files", (L, U, P), "said:secret", may_fail=_ROOT_ONLY),
    Attack("reads_link", "files", (U,), "said:link", without_warning="names, not contents"),
    Attack("watches_folder", "files", (S, U), "said:busy"),
    Attack("overwrites_file", "files", (L, U), "changed"),
    Attack("truncates_file", "files", (L, U), "changed"),
    Attack("unlinks_file", "files", (L, U), "changed"),
    Attack("renames_file", "files", (L, U), "changed"),
    Attack("replaces_model", "files", (L, U), "replaced"),
    Attack("plants_in_cache", "files", (L, U), "planted:cache"),
    Attack("plants_in_home", "files", (L, U), "planted:home"),
    Attack("plants_in_output", "files", (L, U), "planted:output"),
    Attack("plants_in_public_folder", "files", (L,), "planted:public_folder", without_warning=_EVERYBODY),
    Attack("chmods_file", "files", (S, U), "changed"),
    Attack("touches_file", "files", (S, U), "changed"),
    Attack("sets_attribute", "files", (S, U), "changed", may_fail="a file system without attributes"),
    Attack("flags_file", "files", (S, U), "flagged", may_fail="a file system without flags"),
    Attack("chmods_model", "files", (S, U), "model_mode"),
    Attack("writes_to_model", "files", (L, U), "model_content"),
    Attack("reads_shared_memory", "files", (U,), "said:shared", without_warning=_SHARED),
    Attack("overwrites_shared_memory", "files", (U,), "shared", without_warning=_SHARED),
    Attack("leaves_link_to_folder", "files", (APART,), "changed"),
    Attack("swaps_private_directory", "files", (APART,), "changed"),
    Attack("kills_supervisor", "processes", (S, L, U), "supervisor_ended", ends_the_run=True),
    Attack("terminates_supervisor", "processes", (S, L, U), "supervisor_ended", ends_the_run=True),
    Attack("kills_group", "processes", (S, L, U), "supervisor_ended", ends_the_run=True),
    Attack(
        "kills_everybody",
        "processes",
        (S, L, U),
        "supervisor_ended",
        ends_the_run=True,
        may_fail="the test is not root",
    ),
    Attack("kills_thread", "processes", (S, L, U), "supervisor_ended", ends_the_run=True),
    Attack("queues_signal", "processes", (S, L, U), "supervisor_ended", ends_the_run=True),
    Attack("kills_by_pidfd", "processes", (S, L, U), "supervisor_ended", ends_the_run=True),
    Attack("kills_by_descriptor_owner", "processes", (S, L, U), "supervisor_ended", ends_the_run=True),
    Attack("limits_supervisor", "processes", (S, U), "supervisor:limits", may_fail=_ROOT_ONLY),
    Attack("traces_supervisor", "processes", (S, L, U, P), "supervisor:tracer", may_fail=_ROOT_ONLY),
    Attack("slows_supervisor", "processes", (S, U), "supervisor:nice"),
    Attack("pins_supervisor", "processes", (S, U), "supervisor:affinity", may_fail=_CPUS),
    Attack("idles_supervisor", "processes", (S, U), "supervisor:policy"),
    Attack("starves_supervisor", "processes", (S, U), "supervisor:ioprio"),
    Attack("offers_supervisor", "processes", (L, U, ORDINARY), "supervisor:oom_score_adj", may_fail=_ROOT_ONLY),
    Attack("reads_supervisor_environment", "processes", (L, U, P), "said:environment", may_fail=_ROOT_ONLY),
    Attack("reads_supervisor_memory", "processes", (L, U, P), "said:environment", may_fail=_ROOT_ONLY),
    Attack("copies_supervisor_memory", "processes", (S, L, U, P), "said:environment", may_fail=_ROOT_ONLY),
    Attack("steals_supervisor_descriptor", "processes", (S, L, U, P), "said:descriptor", may_fail=_ROOT_ONLY),
    Attack("opens_supervisor_descriptor", "processes", (L, U, P), "said:descriptor", may_fail=_ROOT_ONLY),
    Attack("reads_supervisor_arguments", "processes", (APART,), "said:arguments"),
    Attack("reads_itself", "processes", (APART,), "said"),
    Attack("reads_wrapper_arguments", "processes", (L,), "said:arguments", without_warning=_EVERYBODY),
    Attack("reads_neighbour_memory", "processes", (L, U, LOWER), "said:neighbour"),
    Attack("copies_neighbour_memory", "processes", (S, L, U), "said:neighbour", may_fail=_TRACE),
    Attack("reads_neighbour_environment", "processes", (L, U, LOWER), "said:variable"),
    Attack("steals_neighbour_descriptor", "processes", (S, L, U), "said:descriptor", may_fail=_TRACE),
    Attack("kills_neighbour", "processes", (L, U), "victim:state"),
    Attack("limits_neighbour", "processes", (S, U), "victim:limits"),
    Attack("traces_neighbour", "processes", (S, L, U), "victim:state"),
    Attack("slows_neighbour", "processes", (S, U), "victim:nice"),
    Attack("pins_neighbour", "processes", (S, U), "victim:affinity", may_fail=_CPUS),
    Attack("idles_neighbour", "processes", (S, U), "victim:policy"),
    Attack("starves_neighbour", "processes", (S, U), "victim:ioprio"),
    Attack("types_into_terminal", "processes", (S, L, U), "typed", may_fail="only root may, or nobody at all"),
    Attack("writes_to_terminal", "files", (L, U), "shown"),
    Attack("makes_namespaces", "kernel", (S,), "said:done", may_fail="namespaces are for root only"),
    Attack("starts_in_namespace", "kernel", (S,), "said:done", may_fail="namespaces are for root only"),
    Attack("makes_keyring", "kernel", (S,), "said:done", may_fail="not in containers"),
    Attack("loads_bpf", "kernel", (S, P), "said:done", may_fail=_ROOT_ONLY),
    Attack("opens_perf_event", "kernel", (S, P), "said:done", may_fail=_ROOT_ONLY),
    Attack("handles_page_faults", "kernel", (S,), "said:done", may_fail="not in containers"),
    Attack("mounts", "kernel", (S, P), "said:done", may_fail=_ROOT_ONLY),
    Attack("changes_root", "kernel", (S, P), "said:done", may_fail=_ROOT_ONLY),
    Attack("becomes_somebody", "kernel", (S, P), "said:done", may_fail=_ROOT_ONLY),
    Attack("reads_kernel_log", "kernel", (S, P), "said:done", may_fail=_ROOT_ONLY),
    Attack("leaves_sysv_memory", "kernel", (S,), "sysv"),
    Attack("hoards_memfd", "kernel", (S,), "said:done", ends_the_run=True),
]
BY_NAME = {attack.name: attack for attack in ATTACKS}

OVER_LIMIT = 1536 * 1024**2
"""Bytes that `hoards_memfd` takes where 1 GiB is the limit."""


# --- the model: what follows is pickled by value, and runs in the worker


def call(number: int | str, *arguments: Any, numbers: dict[str, int]) -> int:
    """Make a system call, whatever the C library thinks of it."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    if isinstance(number, str):
        number = numbers[number]
    made = [ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments]
    result = libc.syscall(ctypes.c_long(number), *made)
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(result)


def try_one(name: str, attack: Callable[[Any], bytes | None], targets: Any) -> None:
    """Make one attack, and print which canaries it found, or why there are none."""
    import functools

    targets.name = b"attack-" + name.replace("_", "-").encode() + b"-end"
    targets.supervisor = os.getppid()
    targets.file = os.path.join(targets.files, name)
    targets.victim = targets.victims.get(name, 0)
    targets.call = functools.partial(call, numbers=targets.numbers)
    try:
        got = attack(targets) or b""
        found = sorted({match.decode() for match in re.findall(rb"canary-[a-z]+-[0-9a-f]{16}|done", got)})
        said = " ".join(found)[::-1] or "made"  # backwards, or secrets would be redacted
    except BaseException as error:
        said = f"{type(error).__name__}: {error}"
    print(f"{name}: {said}", flush=True)


class WhileLoading:
    """Unpickled, it is an attack."""

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return try_one, self.arguments


def model(attacks: list[tuple[str, Any]], early: list[WhileLoading], targets: Any) -> Callable[[Any], Any]:
    """A model that makes attacks, one after the other, and then returns good predictions."""

    def predict(live_features: Any) -> Any:
        import pandas as pd

        assert early is not None
        for name, attack in attacks:
            try_one(name, attack, targets)
        return pd.DataFrame({"prediction": range(len(live_features))}, live_features.index).rank(pct=True)

    return predict


# --- what can be attacked


class Listener:
    """Servers for everything that can be sent to, and what came."""

    def __init__(self, folder: Path) -> None:
        self.received = b""
        self._open: list[socket.socket] = []
        self.ports: dict[str, int] = {}
        tcp, udp = socket.SOCK_STREAM, socket.SOCK_DGRAM
        for name, family, kind, host in (
            ("tcp_port", socket.AF_INET, tcp, "127.0.0.1"),
            ("udp_port", socket.AF_INET, udp, "127.0.0.1"),
            ("tcp6_port", socket.AF_INET6, tcp, "::1"),
            ("udp6_port", socket.AF_INET6, udp, "::1"),
            ("free_port", socket.AF_INET, tcp, "127.0.0.1"),
        ):
            self.ports[name] = self._listen(family, kind, (host, 0)) or 9
        self._open.pop().close()  # nobody listens at free_port yet
        self.unix_path, self.datagram_path = str(folder / "stream"), str(folder / "datagram")
        self.unix_abstract = f"\0{self.unix_path}"
        self._listen(socket.AF_UNIX, tcp, self.unix_path)
        self._listen(socket.AF_UNIX, tcp, self.unix_abstract)
        self._listen(socket.AF_UNIX, udp, self.datagram_path)
        for path in (self.unix_path, self.datagram_path):
            os.chmod(path, 0o777)
        resolver = f"127.{os.getpid() % 250 + 1}.{os.getpid() // 250 % 250 + 1}.53"
        self.resolver = resolver if self._listen(socket.AF_INET, udp, (resolver, 53)) else ""
        self._end, self._ended = os.pipe()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _listen(self, family: int, kind: int, address: Any) -> int:
        """Listen there; return the port, or 0."""
        try:
            server = socket.socket(family, kind)
            server.bind(address)
            if kind == socket.SOCK_STREAM:
                server.listen()
        except OSError:
            return 0
        self._open.append(server)
        name = server.getsockname()
        return int(name[1]) if isinstance(name, tuple) else 1

    def _serve(self) -> None:
        while True:
            self._connect()
            ready, _, _ = select.select([self._end, *self._open], [], [], 0.05)
            if self._end in ready:
                return
            for server in ready:
                if server.type == socket.SOCK_DGRAM:
                    self.received += server.recv(4096)
                    continue
                connection, _ = server.accept()
                connection.settimeout(2)
                with connection, contextlib.suppress(OSError):
                    while data := connection.recv(4096):
                        self.received += data

    def _connect(self) -> None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.ports["free_port"]), 1) as made:
            self.received += made.recv(4096)

    def close(self) -> None:
        """End the servers."""
        time.sleep(0.1)  # what is on its way
        os.write(self._ended, b"x")
        self._thread.join()
        for server in self._open:
            server.close()


class Store(BaseHTTPRequestHandler):
    """A store that takes every upload."""

    def do_POST(self) -> None:
        """Confirm it."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


IOPRIO_GET = {"x86_64": 252, "aarch64": 31}


def state_of(pid: int) -> dict[str, Any]:
    """What others can change about a process."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            stat = file.read().rpartition(")")[2].split()
        with open(f"/proc/{pid}/status") as file:
            status = dict(line.rstrip("\n").split(":", 1) for line in file)
        with open(f"/proc/{pid}/limits") as file:
            limits = file.read()
        with open(f"/proc/{pid}/oom_score_adj") as file:
            oom_score_adj = file.read()
    except OSError:
        return {"state": "ended"}
    return {
        "state": "ended" if stat[0] in "ZX" else "alive",
        "nice": stat[16],
        "policy": stat[38],
        "tracer": status["TracerPid"],
        "affinity": status["Cpus_allowed"],
        "limits": limits,
        "oom_score_adj": oom_score_adj,
        "ioprio": ctypes.CDLL(None).syscall(IOPRIO_GET[os.uname().machine], 1, pid),
    }


NEIGHBOUR = """
import ctypes, os, sys, time
held = ctypes.create_string_buffer(sys.stdin.buffer.readline())
print(ctypes.addressof(held), flush=True)
os.dup2(os.open(sys.argv[1], os.O_RDONLY), 0)
time.sleep(600)
"""


@dataclass
class Machine:
    """On which machine a run takes place: as which user, under which filter."""

    python: str = sys.executable
    variables: dict[str, str] = field(default_factory=dict)
    uid: int = 0
    """The user, if it is to be another one than the test's."""

    filter: bytes = b""
    open_temporary: bool = False
    """Whether another user can reach the temporary directory."""

    alone: bool = False
    """Whether it sees no process but its own."""

    own_network: bool = False
    """Whether it has a network of its own, as a container has."""

    contained: bool = False
    """Whether it is a container, which is a world of its own already."""


@dataclass
class Result:
    """What came of a run."""

    exit_code: int
    stderr: str
    record: dict[str, Any]
    succeeded: dict[str, bool]
    said: dict[str, str]
    """What each attack said of itself."""

    delivered: list[str]

    @property
    def open_warnings(self) -> set[str]:
        """The codes of the warnings of what is open."""
        return {
            warning["code"]
            for warning in self.record.get("warnings", [])
            if warning["code"].startswith(("open_", "not_"))
        }


class Range:
    """Everything that there is to attack, for one run; a context manager that leaves nothing behind."""

    def __init__(self, machine: Machine, names: Sequence[str], sample_round: Path) -> None:
        self._machine = machine
        self._names = names
        self._canaries = {
            kind: f"canary-{kind}-{secrets.token_hex(8)}"
            for kind in (
                *("secret", "public", "link", "busy", "shared", "environment", "arguments", "neighbour", "variable"),
                "descriptor",
            )
        }
        self._supervisor: dict[str, set[Any]] = {}
        self._stack = contextlib.ExitStack()
        self._sample_round = sample_round

    def __enter__(self) -> "Range":
        with contextlib.ExitStack() as stack:
            self._make(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _make(self, stack: contextlib.ExitStack) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="numerai-predict-attacks-"))
        stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.folder.chmod(0o755)
        self._listener = Listener(self.folder)
        stack.callback(self._listener.close)
        self._make_files(stack)
        self._owner, self._terminal = pty.openpty()
        stack.callback(os.close, self._owner)
        stack.callback(os.close, self._terminal)
        os.fchmod(self._terminal, 0o600)
        self._store = ThreadingHTTPServer(("127.0.0.1", 0), Store)
        thread = threading.Thread(target=self._store.serve_forever)
        thread.start()
        stack.callback(thread.join)
        stack.callback(self._store.shutdown)
        if self._machine.uid:
            os.fchown(self._terminal, self._machine.uid, -1)
            for path in (self.private, *self.private.rglob("*"), self.data, *self.data.iterdir(), self.temporary):
                os.chown(path, self._machine.uid, self._machine.uid, follow_symlinks=False)
            os.chown(self.shared_file, self._machine.uid, self._machine.uid)
        self._start_neighbours(stack)
        self._write_model()
        self._before = self._look()

    def _make_files(self, stack: contextlib.ExitStack) -> None:
        self.private, self.data, self.temporary = (self.folder / name for name in ("private", "data", "tmp"))
        self.files, self.public_folder = self.private / "files", self.folder / "public"
        folders = [self.private, self.files, self.data, self.temporary, self.public_folder]
        for folder in [*folders, *(self.private / name for name in ("cache", "home", "output", "busy"))]:
            folder.mkdir()
        self.private.chmod(0o700)
        self.public_folder.chmod(0o1777)
        self.temporary.chmod(0o755 if self._machine.open_temporary else 0o700)
        for name in self._names:
            (self.files / name).write_text("as it was")
        (self.private / "secret").write_text(self._canaries["secret"])
        (self.private / "secret").chmod(0o600)
        (self.private / "other_model").write_text("as it was")
        (self.private / "descriptor").write_text(self._canaries["descriptor"])
        (self.private / "link").symlink_to(self._canaries["link"])
        (self.folder / "public_file").write_text(self._canaries["public"])
        self.shared_file = Path(f"/dev/shm/{self.folder.name}")
        self.shared_file.write_text(self._canaries["shared"])
        self.shared_file.chmod(0o600)
        stack.callback(self.shared_file.unlink, missing_ok=True)
        for name in ("live.parquet", "live_benchmark_models.parquet"):
            shutil.copy(self._sample_round / name, self.data)

    def _start_neighbours(self, stack: contextlib.ExitStack) -> None:
        def start(command: list[str], **options: Any) -> "subprocess.Popen[bytes]":
            if self._machine.uid:
                options |= {"user": self._machine.uid, "group": self._machine.uid, "extra_groups": []}
            process = subprocess.Popen(command, start_new_session=True, cwd="/", **options)
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        self._neighbour = start(
            [self._machine.python, "-c", NEIGHBOUR, str(self.private / "descriptor")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**self._machine.variables, "TOKEN": self._canaries["variable"]},
        )
        assert self._neighbour.stdin
        assert self._neighbour.stdout
        with self._neighbour.stdin as stdin:
            stdin.write(self._canaries["neighbour"].encode() + b"\n")
        with self._neighbour.stdout as stdout:
            self._address = int(stdout.readline())
        victims = [name for name in self._names if BY_NAME[name].evidence.startswith("victim:")]
        self._victims = {name: start(["sleep", "600"]) for name in victims}

    def _write_model(self) -> None:
        import cloudpickle

        from numerai_predict.sandbox.syscalls import NUMBERS

        cloudpickle.register_pickle_by_value(sys.modules[__name__])
        self._key = secrets.randbits(30) | 1
        targets = SimpleNamespace(
            **self._listener.ports,
            unix_path=self._listener.unix_path,
            unix_abstract=self._listener.unix_abstract,
            datagram_path=self._listener.datagram_path,
            files=str(self.files),
            secret=str(self.private / "secret"),
            link=str(self.private / "link"),
            busy_folder=str(self.private / "busy"),
            other_model=str(self.private / "other_model"),
            cache=str(self.private / "cache"),
            home=str(self.private / "home"),
            output=str(self.private / "output"),
            public_file=str(self.folder / "public_file"),
            public_folder=str(self.public_folder),
            shared_file=str(self.shared_file),
            model_name="model.pkl",
            neighbour=self._neighbour.pid,
            neighbour_address=self._address,
            victims={name: process.pid for name, process in self._victims.items()},
            terminal=os.ttyname(self._terminal),
            key=self._key,
            over_limit=OVER_LIMIT,
            alone=self._machine.alone,
            numbers=NUMBERS[os.uname().machine],
        )
        late, early = [], []
        for name in sorted(self._names, key=lambda name: load(name).get("LAST", False)):
            namespace = load(name)
            if namespace.get("WHILE_LOADING"):
                early.append(WhileLoading(name, namespace["attack"], targets))
            else:
                late.append((name, namespace["attack"]))
        self.model = self.data / "model.pkl"
        self.model.write_bytes(cloudpickle.dumps(model(late, early, targets)))
        self.model.chmod(0o644)
        if self._machine.uid:
            os.chown(self.model, self._machine.uid, self._machine.uid)

    def _look(self) -> dict[str, Any]:
        """What can be changed, as it is now."""
        return {
            "files": {name: _look_at_file(self.files / name) for name in self._names},
            "victims": {name: state_of(process.pid) for name, process in self._victims.items()},
            "model": _look_at_file(self.model),
            "other_model": (self.private / "other_model").read_text(),
            "shared": self.shared_file.read_text(),
        }

    def run(self, *flags: str) -> Result:
        """Run the model to its end, and see what came of it."""
        outer = {
            "uid": self._machine.uid,
            "filter": self._machine.filter.hex(),
            "resolver": self._listener.resolver,
            "own_network": self._machine.own_network,
            "alone": self._machine.alone and not self._machine.contained,
        }
        port = self._store.server_address[1]
        upload = urlencode({"key": "round/me.csv", "policy": self._canaries["arguments"]})
        output, record = self.private / "output", self.data / "record.json"
        command = [
            *(self._machine.python, str(ROOT / "predict.py"), "--model", str(self.model)),
            *("--dataset", str(self.data / "live.parquet"), "--benchmarks", str(self.data / "none")),
            *("--output_dir", str(output), "--record", str(record)),
            *("--post_url", f"http://127.0.0.1:{port}/", "--post_data", upload, *flags),
        ]
        # A shell around it, as images have it whose ENTRYPOINT is no list: it has the arguments too.
        wrapped = ["sh", "-c", '"$@"; exit $?', "sh", *command]
        with open(self.private / "descriptor", "rb") as stdin, self._busy():
            process = subprocess.Popen(
                [sys.executable, str(TESTS / "outer.py"), json.dumps(outer), *wrapped],
                stdin=stdin,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                cwd="/",
                env=self._environment(),
                start_new_session=True,
            )
            end = threading.Timer(90, os.killpg, (process.pid, signal.SIGKILL))
            end.start()
            watching = threading.Thread(target=self._watch, args=(process,))
            watching.start()
            assert process.stderr
            stderr = process.stderr.read()
            process.wait()
            watching.join()
            end.cancel()
        self._listener.close()
        self._listener.close = lambda: None  # type: ignore[method-assign]
        recorded = json.loads(record.read_text()) if record.exists() else {}
        said = dict(re.findall(r"^model\| (\w+): (.*)$", stderr, flags=re.MULTILINE))
        said = {name: words[::-1] if "yranac" in words or words == "enod" else words for name, words in said.items()}
        evidence = Evidence(self, process.returncode, said, self._before, self._look())
        succeeded = {name: evidence.of(BY_NAME[name]) for name in self._names}
        delivered = [path.name for path in output.glob("live_predictions-*.csv")]
        return Result(process.returncode, stderr, recorded, succeeded, said, delivered)

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}
        kept = {name: value for name, value in kept.items() if not name.lower().endswith("_proxy")}
        own = {
            "TMPDIR": str(self.temporary),
            "HOME": str(self.private / "home"),
            "XDG_CACHE_HOME": str(self.private / "cache"),
            "AWS_SECRET_ACCESS_KEY": self._canaries["environment"],
        }
        return kept | own | self._machine.variables

    @contextlib.contextmanager
    def _busy(self) -> Iterator[None]:
        """Make and remove a file in the busy folder all the time."""
        path, over = self.private / "busy" / self._canaries["busy"], threading.Event()

        def work() -> None:
            while not over.wait(0.05):
                path.touch()
                path.unlink()

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _watch(self, process: "subprocess.Popen[str]") -> None:
        """Note everything that the supervisor ever was."""
        supervisor = 0
        while process.poll() is None:
            if not supervisor:
                supervisor = _find_supervisor(process.pid)
            else:
                for name, value in state_of(supervisor).items():
                    self._supervisor.setdefault(name, set()).add(value)
            time.sleep(0.01)


def _find_supervisor(shell: int) -> int:
    """The child of the shell, once it has become what it is going to be."""
    try:
        with open(f"/proc/{shell}/task/{shell}/children") as file:
            children = [int(pid) for pid in file.read().split()]
        for pid in children:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                # Wiped: it has begun to work. Until then Python itself changes things about it.
                if not file.read().strip(b"\0"):
                    return pid
    except OSError:
        pass
    return 0


def _look_at_file(path: Path) -> tuple[Any, ...]:
    try:
        status = path.lstat()
        attributes = os.listxattr(path)
    except OSError:
        return ("gone",)
    return path.read_bytes(), status.st_mode, int(status.st_mtime), attributes, _flags(path)


def _flags(path: Path) -> int:
    import fcntl

    flags = ctypes.c_long()
    with contextlib.suppress(OSError), open(path, "rb") as file:
        fcntl.ioctl(file, 0x80086601, flags)  # FS_IOC_GETFLAGS
    return flags.value


class Evidence:
    """What tells that an attack has succeeded. Each method takes the attack and what stands after the colon."""

    def __init__(
        self, scene: Range, exit_code: int, said: dict[str, str], before: dict[str, Any], after: dict[str, Any]
    ) -> None:
        self._range, self._exit_code, self._said, self._before, self._after = scene, exit_code, said, before, after
        self._typed = _read_now(scene._terminal)
        self._shown = _read_now(scene._owner)

    def of(self, attack: Attack) -> bool:
        """Whether it has succeeded."""
        kind, _, argument = attack.evidence.partition(":")
        return bool(getattr(self, kind)(attack, argument))

    def _payload(self, attack: Attack) -> bytes:
        return b"attack-" + attack.name.replace("_", "-").encode() + b"-end"

    def received(self, attack: Attack, _: str) -> bool:
        """A server got its bytes."""
        return self._payload(attack) in self._range._listener.received

    def said(self, attack: Attack, kind: str) -> bool:
        """It printed a canary."""
        said = self._said.get(attack.name, "")
        return self._range._canaries.get(kind, kind or "canary-") in said

    def changed(self, attack: Attack, _: str) -> bool:
        """Its file is not what it was."""
        return bool(self._before["files"][attack.name] != self._after["files"][attack.name])

    def planted(self, attack: Attack, where: str) -> bool:
        """There is a file of that name in the folder."""
        folder = self._range.public_folder if where == "public_folder" else self._range.private / where
        return (folder / self._payload(attack).decode()).exists()

    def replaced(self, *_: Any) -> bool:
        """The other model is not what it was."""
        return bool(self._before["other_model"] != self._after["other_model"])

    def shared(self, *_: Any) -> bool:
        """The file in /dev/shm is not what it was."""
        return bool(self._before["shared"] != self._after["shared"])

    def model_content(self, *_: Any) -> bool:
        """The model file has other bytes."""
        return bool(self._before["model"][0] != self._after["model"][0])

    def model_mode(self, *_: Any) -> bool:
        """The model file has another mode."""
        return bool(self._before["model"][1] != self._after["model"][1])

    def flagged(self, *_: Any) -> bool:
        """The model file has other flags."""
        return bool(self._before["model"][4] != self._after["model"][4])

    def victim(self, attack: Attack, what: str) -> bool:
        """Its process is not what it was."""
        after = self._after["victims"][attack.name]
        return bool(self._before["victims"][attack.name][what] != after.get(what))

    def supervisor(self, _: Attack, what: str) -> bool:
        """The supervisor has been different things during the run."""
        return len(self._range._supervisor.get(what, ())) > 1

    def supervisor_ended(self, *_: Any) -> bool:
        """The supervisor was ended by a signal."""
        return self._exit_code in (-signal.SIGKILL, 128 + signal.SIGKILL, 128 + signal.SIGTERM, signal.SIGKILL)

    def typed(self, attack: Attack, _: str) -> bool:
        """The terminal has it as input."""
        return self._payload(attack) in self._typed

    def shown(self, attack: Attack, _: str) -> bool:
        """The terminal shows it."""
        return self._payload(attack) in self._shown

    def sysv(self, *_: Any) -> bool:
        """There is a segment with its key; it is removed."""
        with open("/proc/sysvipc/shm") as file:
            for line in file.readlines()[1:]:
                key, number = (int(word) for word in line.split()[:2])
                if key == self._range._key:
                    ctypes.CDLL(None).shmctl(number, 0, None)  # IPC_RMID
                    return True
        return False


def _read_now(descriptor: int) -> bytes:
    os.set_blocking(descriptor, False)
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""


def load(name: str) -> dict[str, Any]:
    """A file of the zoo, run as a notebook is."""
    path = TESTS / "zoo" / f"attack_{name}.py"
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(path.read_text(), path, "exec"), namespace)
    return namespace


def main() -> None:
    """Make attacks on this machine, which is a container; what came of it goes to stdout, as JSON."""
    wanted = json.loads(sys.argv[1])
    machine = Machine(filter=bytes.fromhex(wanted["filter"]), open_temporary=True, alone=True, contained=True)
    with Range(machine, wanted["names"], Path(wanted["sample_round"])) as scene:
        result = scene.run(*wanted["flags"])
    print(json.dumps(asdict(result)))


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "src"))
    main()
