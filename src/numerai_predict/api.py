"""The Python API: run a model from a script or a notebook.

The run is the command's run, in a child process: the caller's own children, signals and memory are never touched.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numerai_predict
from numerai_predict.failures import KINDS, Failure
from numerai_predict.job import MIB, Job, Limits

if TYPE_CHECKING:
    import pandas as pd

    from numerai_predict.pickles.inspection import Inspection
    from numerai_predict.report import Check
    from numerai_predict.verdict import Verdict

_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(numerai_predict.__file__)))

_COMMAND = f"import sys; sys.path.insert(0, {_FOLDER!r}); from numerai_predict.cli import main; sys.exit(main())"


@dataclass(frozen=True, repr=False)
class Prediction:
    """Predictions that are a valid submission, and what it took to make them."""

    predictions: "pd.DataFrame"
    """Index `id`, one column of floats from 0 to 1."""

    warnings: list[str]
    """Remarks about the model and its predictions, a sentence each."""

    seconds: float
    """Wall time of loading and calling the model."""

    peak_memory: int
    """Bytes."""

    output: str
    """What the model printed."""

    record: dict[str, Any]
    """The whole account of the run, as `--json` prints it."""

    def __repr__(self) -> str:
        return "\n".join([self._summary(), *(f"Warning: {text}" for text in self.warnings), repr(self.predictions)])

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        warnings = "".join(f"<p>Warning: {escape(text)}</p>" for text in self.warnings)
        table = self.predictions.to_html(max_rows=10)
        return f"<p><b>Valid submission.</b> {escape(self._summary())}</p>{warnings}{table}"

    def _summary(self) -> str:
        return f"{len(self.predictions):,} predictions, {self.seconds:.1f} s, {self.peak_memory / MIB:,.0f} MiB"


def predict(
    model: str | os.PathLike[str] | Callable[..., Any],
    dataset: str | os.PathLike[str],
    benchmarks: str | os.PathLike[str] | None = None,
    *,
    memory: int = Limits.memory,
    timeout: float = Limits.timeout,
    cpus: int = Limits.cpus,
    isolation: str = Job.isolation,
    show_output: bool = True,
) -> Prediction:
    """Run a model on live data in Numerai's box, and judge its predictions.

    Args:
        model: a pickle file, or the function itself, which is then pickled by cloudpickle.
        dataset: live features, a parquet file.
        benchmarks: live benchmark models, a parquet file; for functions of two arguments.
        memory: bytes that the model's process tree may hold.
        timeout: seconds for loading and calling the model.
        cpus: how many threads its libraries may use.
        isolation: "strict": network, files and other processes are closed to the model, or it is not run;
            "best-effort": as far as this machine goes; "off".
        show_output: print what the model prints, and how the run goes on, to stderr.

    Raises:
        Failure: the run did not end with a valid submission, and then `evidence` may hold the model's traceback; or it
            did not begin, as the function cannot be pickled.
    """
    import pandas as pd

    with tempfile.TemporaryDirectory(prefix="numerai-predict-") as folder:
        path = _path(model, folder)
        csv = os.path.join(folder, "predictions.csv")
        account = os.path.join(folder, "record.json")
        arguments = ["predict", "--model", path, "--output", csv, "--record", account]
        arguments += ["--dataset", _file(dataset, "dataset")]
        arguments += ["--memory", str(memory), "--timeout", str(timeout), "--cpus", str(cpus)]
        arguments += ["--isolation", isolation]
        arguments += ["--benchmarks", _file(benchmarks, "benchmarks")] if benchmarks is not None else []
        _run(arguments, show_output)
        record = _read_record(account)
        predictions = pd.read_csv(csv, index_col=0)
    usage = record["ending"]["usage"]
    return Prediction(
        predictions=predictions,
        warnings=[warning["sentence"] for warning in record["warnings"]],
        seconds=usage["seconds"],
        peak_memory=usage["peak_memory"],
        output=record["ending"]["output"],
        record=record,
    )


@dataclass(frozen=True, repr=False)
class Reading:
    """What a pickle says of itself, and where it would run. Nothing of it has been run."""

    name: str
    inspection: "Inspection"
    verdicts: "list[Verdict]"
    """For every environment that was asked about, best first; empty if the pickle cannot be read."""

    def __repr__(self) -> str:
        from numerai_predict.verdict import page

        return self.inspection.problem or "\n".join(page(self.name, self.inspection, self.verdicts))

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return f'<pre style="white-space: pre-wrap">{escape(repr(self))}</pre>'


def inspect(model: str | os.PathLike[str] | Callable[..., Any], *, env: str | os.PathLike[str] = "auto") -> Reading:
    """Read a pickle without running it: its Python, its imports, its libraries, its columns.

    Args:
        model: a pickle file, or the function itself, which is then pickled by cloudpickle as `predict` does it.
        env: hold it against one environment only: "current", "3.12", or a path; "auto" is what each box has.

    Raises:
        Failure: `usage`, if there is no such environment; `unsavable`, if a function cannot be pickled.
        OSError: the file cannot be read.
    """
    from numerai_predict.inspecting import verdicts_or_failure
    from numerai_predict.pickles import reader

    with tempfile.TemporaryDirectory(prefix="numerai-predict-") as folder:
        path = _path(model, folder)
        inspection = reader.read(path)
    found = [] if inspection.problem else verdicts_or_failure(inspection, os.fspath(env))
    name = path if isinstance(model, str | os.PathLike) else _name(model)
    return Reading(name, inspection, found)


def check(
    model: str | os.PathLike[str] | Callable[..., Any],
    dataset: str | os.PathLike[str] | None = None,
    benchmarks: str | os.PathLike[str] | None = None,
    *,
    env: str | os.PathLike[str] = "auto",
    quick: bool = False,
    show_output: bool = True,
) -> "Check":
    """Say whether a model will pass at Numerai: run it twice in the box, judge and compare what it predicts.

    Args:
        model: a pickle file, or the function itself, which is then pickled by cloudpickle.
        dataset: live features, a parquet file; by default the round's, or where Numerai cannot be reached a sample.
        benchmarks: live benchmark models, a parquet file, for functions of two arguments.
        env: where it runs: "auto" (an environment with the box's versions, made for it), "current", "3.12", a path,
            "image:3.12".
        quick: only read the pickle, and do not run it.
        show_output: print what the model prints, and how the runs go on, to stderr.

    Raises:
        Failure: it could not be checked, for reasons that are not the model's.
    """
    from numerai_predict.report import Check

    with tempfile.TemporaryDirectory(prefix="numerai-predict-") as folder, tempfile.TemporaryFile() as said:
        path = _path(model, folder)
        arguments = ["check", "--json", "--env", os.fspath(env), *(["--quick"] if quick else [])]
        arguments += ["--dataset", _file(dataset, "dataset")] if dataset is not None else []
        arguments += ["--benchmarks", _file(benchmarks, "benchmarks")] if benchmarks is not None else []
        _run([*arguments, "--", path], show_output, said.fileno())
        said.seek(0)
        text = said.read()
    try:
        content = json.loads(text)
    except ValueError:
        raise Failure("internal", exception="the command ended without a verdict") from None
    if content["verdict"] is None:
        raise _as_failure(content["failure"])
    name = content["model"] if isinstance(model, str | os.PathLike) else _name(model)
    return Check.from_json(content | {"model": name})


def _path(model: str | os.PathLike[str] | Callable[..., Any], folder: str) -> str:
    """Return where a model is; a function is pickled so that a worker needs nothing but the environment's packages.

    Raises:
        Failure: `unsavable`, if it is no path and cannot be pickled, with the line that is to blame.
    """
    if isinstance(model, str | os.PathLike):
        return os.path.expanduser(_file(model, "model"))
    from numerai_predict.saving import pickled_or_failure

    path = os.path.join(folder, "model.pkl")
    content = pickled_or_failure(model)
    with open(path, "wb") as target:
        target.write(content)
    return path


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", type(function).__name__)


def _file(path: str | os.PathLike[str], argument: str) -> str:
    """Return the path that an argument is.

    Raises:
        Failure: `usage`, if it is none.
    """
    if not isinstance(path, str | os.PathLike):
        problem = f"{argument} is of type {type(path).__name__}, and not the path of a file."
        raise Failure("usage", problem=problem, fix="Give the path of a parquet file.")
    if "\0" in (name := os.fspath(path)):
        raise Failure("usage", problem=f"{argument} has a NUL in its name: {name!r}.", fix="Check the path.")
    return name


def _run(arguments: list[str], show_output: bool, stdout: int = subprocess.DEVNULL) -> None:
    """Run the command until it has ended, well or not.

    Args:
        arguments: of the command.
        show_output: pass on what it says on stderr.
        stdout: a descriptor that its standard output goes to.

    Raises:
        Failure: the command did not accept its arguments.
    """
    child = subprocess.Popen(
        [sys.executable, "-c", _COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        errors="backslashreplace",
        start_new_session=True,  # Ctrl-C in a terminal comes to the caller alone, who ends the child below
    )
    assert child.stderr is not None
    last = ""
    try:
        for line in child.stderr:
            last = line
            if show_output:
                sys.stderr.write(line)  # a notebook shows what comes this way, and nothing that a child writes itself
        child.wait()
    except BaseException:
        child.send_signal(signal.SIGTERM)
        child.wait()
        raise
    if child.returncode == KINDS["usage"].exit_code and "error:" in last:  # argparse's words; there is no record
        raise Failure("usage", problem=last.partition("error:")[2].strip(), fix="Check the arguments.")


def _read_record(path: str) -> dict[str, Any]:
    """Return the record of a run.

    Raises:
        Failure: the run's own.
    """
    try:
        with open(path) as file:
            record: dict[str, Any] = json.load(file)
    except OSError as error:
        raise Failure("internal", exception=f"there is no record: {error}") from None
    if failure := record["failure"]:
        raise _as_failure(failure)
    return record


def _as_failure(content: dict[str, Any]) -> Failure:
    return Failure(content["kind"], remedy=content["remedy"], **content["evidence"])
