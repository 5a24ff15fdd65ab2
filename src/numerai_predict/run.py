"""The path of one job, from a model file to predictions that are where they were asked to go."""

import os

from numerai_predict import datasets, delivery, models
from numerai_predict.failures import Failure
from numerai_predict.interruption import Interrupted
from numerai_predict.local_files import LocalFile
from numerai_predict.record import Record
from numerai_predict.sandbox.messages import CELLS_LIMIT, TOO_LARGE, Loaded, Returned
from numerai_predict.sandbox.supervisor import Worker
from numerai_predict.submission import Finding, judge


def run(record: Record) -> None:
    """Run the record's job and write into the record what happened, whatever happens.

    The run has succeeded if `record.delivery` is there and `record.failure` is not.
    """
    try:
        _run(record)
    except Failure as failure:
        record.failure = failure
    except Interrupted as interrupted:
        kind = "interrupted" if str(interrupted) == "SIGINT" else "terminated"
        record.failure = Failure(kind, phase=_phase(record))
    except Exception as error:
        record.failure = _internal(error)
    finally:
        for file in record.files.values():
            file.close()


def _run(record: Record) -> None:
    if os.name == "nt":
        raise Failure("unsupported_platform", platform="Windows")
    job = record.job
    path = delivery.destination(job)
    listener = record.listener

    worker = Worker(job.limits, listener.model_printed, lambda *now: listener.progress(_phase(record), *now))
    try:
        with worker:  # it imports pandas while we look at the files
            with record.phase("fetch") as phase:
                model = record.files["model"] = models.open_model(job.model)
                round_ = datasets.open_round(job.dataset, job.benchmarks)
                record.files["live_features"] = live = round_.live_features
                if benchmarks := round_.benchmark_models:
                    record.files["benchmark_models"] = benchmarks
                phase.detail = f"model {model.size / 1e6:,.1f} MB, data {live.size / 1e6:,.1f} MB"

            with record.phase("start") as phase:
                ready = worker.ready()
                record.environment = {"python": ready.python, **ready.libraries}
                phase.detail = ", ".join(f"{name} {version}" for name, version in record.environment.items())

            with record.phase("round") as phase:
                read = worker.read_round(live.descriptor, live.path)
                ids = datasets.live_ids(read.index_name, read.rows, read.payload, live.path)
                record.rows, record.columns = read.rows, len(read.columns)
                phase.detail = f"{read.rows:,} rows x {len(read.columns):,} columns"

            with record.phase("load") as phase:
                loaded = _load(worker, model)
                record.function = phase.detail = loaded.signature

            with record.phase("predict") as phase:
                returned = _predict(worker, loaded, benchmarks)
                phase.detail = returned.what
    finally:
        record.ending = worker.ending
    record.warnings += _remarks(record, returned)

    with record.phase("judge") as phase:
        submission = record.submission = judge(returned.payload, ids, returned.type)
        record.warnings += submission.warnings
        phase.detail = f"{submission.rows:,} predictions, valid"

    with record.phase("deliver") as phase:
        record.delivery = delivery.deliver(submission, path)
        phase.detail = path


def _load(worker: Worker, model: LocalFile) -> Loaded:
    """Load the pickle; return what it holds, if that can be called as Numerai calls it."""
    try:
        loaded = worker.load(model.descriptor, os.path.basename(model.path))
    except Failure as failure:
        raise _no_whole_pickle(failure, model) or failure from None
    if not loaded.callable:
        remedy = _WRAP_IT if loaded.has_predict else None
        raise Failure("not_callable", what=loaded.what, remedy=remedy)
    if loaded.arguments not in (1, 2):
        problem = f"takes {loaded.arguments} arguments" if loaded.arguments >= 0 else "hides which arguments it takes"
        raise Failure("wrong_signature", signature=loaded.signature, problem=problem)
    return loaded


_WRAP_IT = (
    "Wrap it in a function, def predict(live_features): return pd.DataFrame({'prediction': "
    "model.predict(live_features[features])}, index=live_features.index), and pickle the function."
)


def _no_whole_pickle(failure: Failure, model: LocalFile) -> Failure | None:
    """Tell a file that is no pickle, or only the first part of one, from a pickle that fails to load."""
    exception = failure.evidence.get("exception", "")
    if failure.kind.name != "load_raised" or not exception.startswith(("UnpicklingError", "EOFError")):
        return None
    if "invalid load key" in exception:
        return Failure("not_a_pickle", file=model.path, what=f"it begins with {model.first(8)!r}")
    if models.is_cut_off(model):
        return Failure("truncated_pickle", file=model.path, size=f"{model.size:,}")
    return None


def _predict(worker: Worker, loaded: Loaded, benchmarks: LocalFile | None) -> Returned:
    """Call the function with as many frames as it takes."""
    if loaded.arguments == 1:
        returned = worker.predict(None, "")
    elif benchmarks is None:
        problem = f"The function {loaded.signature} takes the benchmark models, and there are none."
        raise Failure("usage", problem=problem, fix="Give --benchmarks FILE.")
    else:
        returned = worker.predict(benchmarks.descriptor, benchmarks.path)
    if returned.type == TOO_LARGE:
        raise Failure("result_too_large", actual=returned.what, limit=f"{CELLS_LIMIT:,} cells")
    if not returned.type:
        raise Failure("wrong_output_type", what=returned.what)
    return returned


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


def _phase(record: Record) -> str:
    return record.phases[-1].name if record.phases else "start"


def _internal(error: Exception) -> Failure:
    import traceback

    return Failure("internal", exception=f"{type(error).__name__}: {error}", traceback=traceback.format_exc())
