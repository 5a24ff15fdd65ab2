"""The path of one job, from a model file to predictions that are where they were asked to go."""

import os
import sys
from collections.abc import Sequence

from numerai_predict import datasets, delivery, models
from numerai_predict.environments import IMAGE
from numerai_predict.failures import WRAP_IT, Failure, internal, interruption
from numerai_predict.foresight import explained, missing_features, refuse_wrong_python, repaired_call
from numerai_predict.interruption import Interrupted, deferred
from numerai_predict.local_files import LocalFile
from numerai_predict.pickles.inspection import Inspection
from numerai_predict.pickles.reader import Reading
from numerai_predict.record import Record
from numerai_predict.redaction import is_url, without_query
from numerai_predict.sandbox.isolation import Isolation
from numerai_predict.sandbox.messages import CELLS_LIMIT, TOO_LARGE, Loaded, Returned
from numerai_predict.sandbox.supervisor import Worker
from numerai_predict.submission import Finding, Submission, judge


def run(record: Record) -> None:
    """Run the record's job and write into the record what happened, whatever happens.

    The run has succeeded if `record.delivery` is there and `record.failure` is not.
    """
    try:
        _run(record)
    except Failure as failure:
        record.failure = failure
    except Interrupted as interrupted:
        # Good predictions are not lost with a run that was broken off.
        remedy = f"The predictions are at {record.delivery.path}." if record.delivery else None
        record.failure = interruption(str(interrupted), _phase(record), remedy)
    except Exception as error:
        record.failure = internal(error)
    finally:
        for file in record.files.values():
            file.close()


def _run(record: Record) -> None:
    if os.name == "nt":
        raise Failure("unsupported_platform", platform="Windows")
    path = delivery.destination(record.job)
    submission = record.submission = _predictions(record)

    # Not interrupted between the file's appearance and its mention in the record.
    with record.phase("deliver") as phase, deferred():
        record.delivery = delivery.deliver(submission, path)
        phase.detail = path

    if record.job.upload:
        with record.phase("upload") as phase:
            record.uploaded = _upload(record, submission, path)
            phase.detail = f"confirmed with HTTP status {record.uploaded}"


def _predictions(record: Record) -> Submission:
    """Run the model where the job says, and judge what it returned."""
    if record.job.env.startswith(IMAGE):
        return _in_a_container(record)
    ids, returned = _in_its_environment(record)
    record.warnings += _remarks(record, returned)
    with record.phase("judge") as phase:
        submission = judge(returned.payload, ids, returned.type)
        record.warnings += submission.warnings
        phase.detail = f"{submission.rows:,} predictions, valid"
    return submission


def _in_a_container(record: Record) -> Submission:
    """Have all of it done in a container, without network; only what is not local is fetched before."""
    from numerai_predict.container import run_in_container

    model, live = _fetch(record)
    _inspect(record, model)
    assert record.inspection is not None
    parameters = record.inspection.parameters
    benchmarks = _fetch_benchmarks(record) if parameters is None or len(parameters) == 2 else None
    with record.phase("contain") as phase:
        submission = run_in_container(record, model, live, benchmarks)
        phase.detail = f"{submission.rows:,} predictions, valid, by {record.job.env}"
    return submission


def _in_its_environment(record: Record) -> tuple[list[str], Returned]:
    """Run the model where the job says; return the round's ids, and what the function returned."""
    job = record.job
    if job.env == "current":
        return _in_a_worker(record, sys.executable)
    from numerai_predict import choice

    if python := choice.interpreter_at_once(job.env):
        return _in_a_worker(record, python)
    _inspect(record, _fetch(record)[0])
    assert record.inspection is not None
    version, more = choice.choose(job.env, without_query(job.model), record.inspection), list[str]()
    refuse_wrong_python(record.inspection, version)
    while True:
        with record.phase("prepare") as phase:
            environment = choice.provide(version, record.inspection, more, record.listener.notice)
            record.virtual_environment = str(environment.folder)
            phase.detail = f"Python {version} with {len(environment.requirements)} packages of its lock"
        try:
            return _in_a_worker(record, str(environment.python))
        except Failure as failure:
            module = choice.missed(failure, version, environment.requirements)
            if module is None or module in more:
                raise
        more.append(module)
        record.listener.notice(f"the model imports {module}, which nothing in the pickle tells: once more, with it")


def _in_a_worker(record: Record, python: str) -> tuple[list[str], Returned]:
    """Run the model by an interpreter; return the round's ids, and what the function returned."""
    job, listener = record.job, record.listener

    def progress(seconds: float, memory: int) -> None:
        listener.progress(_phase(record), seconds, memory)

    worker = Worker(job.limits, job.isolation, listener.model_printed, progress, python)
    reading: Reading | None = None
    columns: list[str] = []
    try:
        with worker:  # it imports pandas while we fetch the files
            record.isolation = worker.isolation
            record.warnings = _gaps(worker.isolation)
            model, live = _fetch(record)
            if record.inspection is None:
                reading = Reading(model.descriptor, os.path.basename(model.path))

            with record.phase("start") as phase:
                ready = worker.ready()
                record.environment = {"python": ready.python, **ready.libraries}
                phase.detail = ", ".join(f"{name} {version}" for name, version in record.environment.items())

            with record.phase("round") as phase:
                read = worker.read_round(live.descriptor, live.path)
                ids = datasets.live_ids(read.index_name, read.rows, read.payload, live.path)
                columns = read.columns
                record.rows, record.columns = read.rows, len(columns)
                phase.detail = f"{read.rows:,} rows x {len(read.columns):,} columns"

            if reading is not None:
                _inspect(record, model, reading)
            if record.inspection is not None:
                refuse_wrong_python(record.inspection, ready.python)
                record.warnings += missing_features(record.inspection, columns, job.dataset)
                record.warnings += repaired_call(record.inspection)

            with record.phase("load") as phase:
                loaded = _load(worker, model, record.inspection)
                record.function = phase.detail = loaded.signature

            benchmarks = _fetch_benchmarks(record) if loaded.arguments == 2 else None

            with record.phase("predict") as phase:
                returned = _predict(worker, benchmarks, ids, record, python)
                phase.detail = returned.what
    except Failure as failure:
        raise explained(failure, record.inspection, columns, lambda: _installed(python)) from None
    finally:
        if reading is not None:
            reading.give_up()
        record.ending = worker.ending
        record.warnings += _left(worker.left)
    return ids, returned


def _installed(python: str) -> dict[str, str]:
    """The versions of what a worker finds, for a run that failed; from files, as a model could forge what it says."""
    from pathlib import Path

    from numerai_predict.environments.installed import read_installed

    try:
        found = read_installed(Path(python))
        return found.versions | {"Python": found.python}
    except (LookupError, OSError):
        return {}


def _inspect(record: Record, model: LocalFile, reading: Reading | None = None) -> None:
    """Read the pickle, without running it, in a child process that may have begun before."""
    with record.phase("inspect") as phase:
        reading = reading or Reading(model.descriptor, os.path.basename(model.path))
        try:
            record.inspection = reading.result()
        finally:
            reading.give_up()
        phase.detail = record.inspection.summary


def _fetch(record: Record) -> tuple[LocalFile, LocalFile]:
    """Get the model and the live features, once; what HTTP needs is loaded only if one of them is not local."""
    job, files = record.job, record.files
    if "model" not in files:
        with record.phase("fetch") as phase:
            if is_url(job.model) or not datasets.is_local(job.dataset):
                from numerai_predict import downloads

                listener = record.listener
                model, live = downloads.fetch_model_and_live_features(job, listener.transferred, listener.notice)
            else:
                model, live = models.open_model(job.model), datasets.open_data(job.dataset, "--dataset")
            files |= {"model": model, "live_features": live}
            phase.detail = f"model {model.size / 1e6:,.1f} MB, data {live.size / 1e6:,.1f} MB"
    for file in files.values():
        file.rewind()  # an earlier worker has read it
    return files["model"], files["live_features"]


def _fetch_benchmarks(record: Record) -> LocalFile:
    """Get the benchmark models, once, for a function that takes them; the worker waits, its clock does not run."""
    job = record.job
    if known := record.files.get("benchmark_models"):
        return known
    with record.phase("fetch") as phase:
        if datasets.is_local(job.benchmarks):
            benchmarks = datasets.open_data(job.benchmarks, "--benchmarks")
        else:
            from numerai_predict import downloads

            benchmarks = downloads.fetch_benchmark_models(job, record.listener.transferred, record.listener.notice)
        phase.detail = f"benchmark models {benchmarks.size / 1e6:,.1f} MB"
    record.files["benchmark_models"] = benchmarks
    return benchmarks


def _upload(record: Record, submission: Submission, path: str) -> int:
    from numerai_predict.upload import upload_predictions

    job = record.job
    assert job.upload is not None
    return upload_predictions(job.upload, submission.csv, path, job.transfer_timeout, record.listener.notice)


def _load(worker: Worker, model: LocalFile, inspection: Inspection | None) -> Loaded:
    """Load the pickle; return what it holds, if that can be called as Numerai calls it."""
    try:
        loaded = worker.load(model.descriptor, os.path.basename(model.path))
    except Failure as failure:
        raise _no_whole_pickle(failure, model, inspection) or failure from None
    if not loaded.callable:
        remedy = WRAP_IT if loaded.has_predict else None
        raise Failure("not_callable", what=loaded.what, remedy=remedy)
    if loaded.arguments not in (1, 2):
        problem = f"takes {loaded.arguments} arguments" if loaded.arguments >= 0 else "hides which arguments it takes"
        raise Failure("wrong_signature", signature=loaded.signature, problem=problem)
    return loaded


def _no_whole_pickle(failure: Failure, model: LocalFile, inspection: Inspection | None) -> Failure | None:
    """Tell a file that is no pickle, or only the first part of one, from a pickle that fails to load."""
    exception = failure.evidence.get("exception", "")
    if failure.kind.name != "load_raised":
        return None
    if models.is_compressed(model) and exception.startswith(_DECOMPRESSION_ERRORS):
        what = "its extension says that it is compressed, but it is not, or it is cut off"
        return Failure("not_a_pickle", file=model.path, what=what)
    if not exception.startswith(("UnpicklingError", "EOFError")):
        return None
    # Of this file, and not of a pickle inside it.
    if exception.startswith(f"UnpicklingError: invalid load key, {chr(model.first(1)[0])!r}"):
        return Failure("not_a_pickle", file=model.path, what=f"it begins with {model.first(8)!r}")
    if inspection and inspection.problem and inspection.complete is False and not inspection.protocol:
        return Failure("not_a_pickle", file=model.path, what=inspection.problem)
    if models.is_cut_off(model):
        return Failure("truncated_pickle", file=model.path, size=f"{model.size:,}")
    return None


_DECOMPRESSION_ERRORS = (
    "BadGzipFile",
    "BadZipFile",
    "LZMAError",
    "OSError: Invalid data stream",
    "EOFError",
    "ReadError",
)


def _predict(worker: Worker, benchmarks: LocalFile | None, ids: list[str], record: Record, python: str) -> Returned:
    """Call the function with as many frames as it takes."""
    try:
        if benchmarks is None:
            returned = worker.predict(None, "")
        else:
            returned = worker.predict(benchmarks.descriptor, benchmarks.path)
    except Failure as failure:
        if failure.kind.name == "data_unreadable" and benchmarks is not None:
            raise _verified(failure, benchmarks, ids, record, python) from None
        raise
    if returned.type == TOO_LARGE:
        raise Failure("result_too_large", actual=returned.what, limit=f"{CELLS_LIMIT:,} cells")
    if not returned.type:
        raise Failure("wrong_output_type", what=returned.what)
    return returned


def _verified(failure: Failure, benchmarks: LocalFile, ids: list[str], record: Record, python: str) -> Failure:
    """The true name of a failure that a worker puts down to the benchmark models, with the model already in it.

    A model could claim it to have its failure counted as ours. So a fresh worker, without a model, reads the file.
    """
    try:
        printed = record.listener.model_printed
        with Worker(record.job.limits, record.job.isolation, printed, lambda *_: None, python) as fresh:
            fresh.ready()
            read = fresh.read_round(benchmarks.descriptor, benchmarks.path)
    except Failure as confirmed:
        return confirmed
    if set(read.payload.decode().split("\n")) != set(ids):
        problem = f"The ids of {benchmarks.path} are not those of {record.job.dataset}"
        fix = "Give live features and benchmark models of the same round."
        return Failure("wrong_round", problem=problem, fix=fix)
    return Failure("broken_result", problem=f"it claims of readable benchmark models that {failure.cause}")


def _gaps(isolation: Isolation) -> list[Finding]:
    """What is open to the model on this machine, for whoever runs a model that is not their own."""
    if not isolation.layers and isolation.gaps:
        why = "Isolation is off" if isolation.mode == "off" else "Nothing confines a model on this operating system"
        sentence = f"{why}: it can do whatever the user can who runs it. Run models of others in the container."
        return [Finding("not_isolated", 1, (), sentence)]
    return [Finding(f"open_{gap.what}", 1, (), gap.sentence) for gap in isolation.gaps]


def _remarks(record: Record, returned: Returned) -> list[Finding]:
    """What the model left behind: no failure, but worth knowing."""
    remarks = []
    if record.ending and (count := record.ending.leftovers):
        sentence = f"The model left {count} process{'es' if count > 1 else ''} running; ended."
        remarks.append(Finding("processes_left", count, (), sentence))
    if count := returned.threads:
        sentence = f"The model left {count} thread{'s' if count > 1 else ''} running; ended."
        remarks.append(Finding("threads_left", count, (), sentence))
    return remarks


def _left(paths: Sequence[str]) -> list[Finding]:
    """Memory that is not given back: only what a user of its own made is certain to be the model's, and is removed."""
    if not paths:
        return []
    sentence = f"The model left files in memory; remove them if they are not another program's: {', '.join(paths[:3])}"
    return [Finding("files_left", len(paths), tuple(paths[:3]), sentence + (", ..." if paths[3:] else "."))]


def _phase(record: Record) -> str:
    return record.phases[-1].name if record.phases else "start"
