"""What scenarios share: a sample round, pickles of the models in `zoo/`, and the real command as a real process."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
ZOO = ROOT / "tests" / "zoo"

sys.path.insert(0, str(ROOT / "src"))  # the tests run in a bare clone as well

RUN_DEADLINE = 90.0
"""Seconds after which a run counts as hanging: far more than any scenario takes on a busy machine."""


@dataclass(frozen=True)
class Run:
    """How one run of the command came out, and where it might have left something."""

    exit_code: int
    stdout: str
    stderr: str
    record: dict[str, Any] | None
    output_dir: Path
    temporary: Path

    @property
    def failure(self) -> dict[str, Any]:
        """The failure in the record."""
        assert self.record, "there is no record"
        return self.record["failure"]

    @property
    def csvs(self) -> list[Path]:
        """The predictions: everything in the output directory, under whatever name."""
        return sorted(self.output_dir.iterdir())

    @property
    def warnings(self) -> list[str]:
        """The codes of the warnings in the record."""
        assert self.record, "there is no record"
        return [warning["code"] for warning in self.record["warnings"]]


class Command:
    """`python predict.py ...` as a process, with a temporary directory of its own so that leftovers can be seen."""

    def __init__(self, folder: Path, arguments: list[str]) -> None:
        self.temporary = folder / "tmp"
        self._output_dir = folder / "out"
        self._record = folder / "record.json"
        for directory in (self.temporary, self._output_dir):
            directory.mkdir()
        own = ["--output_dir", str(self._output_dir), "--record", str(self._record)]
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "predict.py"), *arguments, *own],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
            env=scrubbed_environment() | {"TMPDIR": str(self.temporary)},
            start_new_session=True,
        )

    def finish(self) -> Run:
        """Wait for its end."""
        stdout, stderr = self.process.communicate(timeout=RUN_DEADLINE)
        record = json.loads(self._record.read_text()) if self._record.exists() else None
        return Run(self.process.returncode, stdout, stderr, record, self._output_dir, self.temporary)

    def wait_for(self, words: str) -> None:
        """Wait until a line on stderr begins with these words."""
        said = ""
        for line in self.process.stderr:
            said += line
            if line.strip().startswith(words):
                return
        raise AssertionError(f"the command ended and never said {words!r}:\n{said}")


def scrubbed_environment() -> dict[str, str]:
    """This process's environment without proxies, nor anything else that could change how Python starts.

    Numerai's API is where nobody listens: a test that wants one has to bring it.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and not name.startswith(("PYTHON", "PYTEST"))
    }
    return kept | {"NUMERAI_API_URL": "http://127.0.0.1:9/"}


def processes_of(folder: Path) -> list[str]:
    """The living processes that name a folder in their environment, command line or working directory."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            text = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
            if os.fsencode(folder) in text + os.fsencode(os.readlink(process / "cwd")):
                found.append(f"{process.name}: {(process / 'cmdline').read_bytes()!r}")
        except OSError:
            pass  # it has ended, or is another user's
    return found


def wait_until(condition: Callable[[], object], seconds: float) -> bool:
    """Wait until a condition holds, for at most some seconds; return whether it does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@pytest.fixture(scope="session")
def sample_round(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of a small invented round: live, train, benchmark models."""
    from numerai_predict.sample_round import write_sample_round

    folder = tmp_path_factory.mktemp("round")
    write_sample_round(folder, rows=200, features=60, eras=4, rows_per_era=100)
    return folder


@pytest.fixture(scope="session")
def live_ids(sample_round: Path) -> list[str]:
    """The ids of the sample round."""
    import pandas as pd

    return list(pd.read_parquet(sample_round / "live.parquet", columns=[]).index)


@pytest.fixture
def pickled(tmp_path: Path, sample_round: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Turn a file of the zoo, or of another folder, into a model file.

    The file is run as a notebook is: as `__main__`, in the folder of the round. What it calls `predict` is then pickled
    by value; if it has a function `make`, that writes the model file instead.
    """
    import cloudpickle

    def write(name: str, folder: Path = ZOO) -> Path:
        source, path = folder / f"{name}.py", tmp_path / f"{name}.pkl"
        monkeypatch.chdir(sample_round)
        notebook: dict[str, Any] = {"__name__": "__main__"}
        exec(compile(source.read_text(), source, "exec"), notebook)
        if "make" in notebook:
            notebook["make"](path)
        else:
            path.write_bytes(cloudpickle.dumps(notebook["predict"]))
        return path

    return write


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder with a short path, as sockets inside need, and open to the user that a worker may become."""
    with tempfile.TemporaryDirectory(prefix="np-", dir="/tmp") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture
def start_predict(tmp_path: Path, sample_round: Path) -> Iterator[Callable[..., Command]]:
    """Start the command on a model and the sample round; whatever still runs after the test is killed."""
    started: list[Command] = []

    def start(model: Path, *flags: str, folder: Path = tmp_path) -> Command:
        data = [
            "--dataset",
            sample_round / "live.parquet",
            "--benchmarks",
            sample_round / "live_benchmark_models.parquet",
        ]
        command = Command(folder, [str(argument) for argument in ["--model", model, *data, *flags]])
        started.append(command)
        return command

    yield start
    for command in started:
        if command.process.poll() is None:
            command.process.send_signal(signal.SIGKILL)
            command.process.communicate()


@pytest.fixture
def run_predict(start_predict: Callable[..., Command]) -> Callable[..., Run]:
    """Run the command on a model and the sample round to its end."""
    return lambda model, *flags: start_predict(model, *flags).finish()


@pytest.fixture(scope="session")
def environments(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables under which environments are made and kept in a folder of these tests, once for all their processes."""
    folder = tmp_path_factory.getbasetemp()
    shared = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    downloads = os.environ.get("UV_CACHE_DIR") or str(
        Path.home() / ".cache" / "uv"
    )  # not fetched anew by every session
    own = {"XDG_CACHE_HOME": str(shared / "cache"), "UV_CACHE_DIR": downloads, "PYTHONPATH": str(ROOT / "src")}
    return scrubbed_environment() | own


from world import blend_pickle, make_world, right_bytes, world  # noqa: E402, F401  fixtures that need those above
