"""Will a model pass? Read, run twice in the box, judged, compared: one verdict with its reasons."""

import csv
import io
import os
import tempfile
from dataclasses import replace
from typing import Any

from numerai_predict import offline, verdict
from numerai_predict.datasets import is_local
from numerai_predict.environments import IMAGE, directories
from numerai_predict.failures import KINDS, Failure, Fault
from numerai_predict.foresight import REPAIRED_CALL
from numerai_predict.inspecting import inspect_model, verdicts_or_failure
from numerai_predict.job import Job
from numerai_predict.pickles.inspection import Inspection
from numerai_predict.record import Listener, Phase, Record
from numerai_predict.redaction import Redaction, without_query
from numerai_predict.report import EXIT_CODES, FAIL, MAY, PASS, Check, Reason, Usage
from numerai_predict.run import run
from numerai_predict.submission import Finding

NEAR = 0.8
"""The share of a limit from which on another machine's speed or another round's size may go beyond it."""

REFUSED_TODAY = {
    "returned_series": 'Return a DataFrame: predictions.to_frame("prediction").',
    "returned_subclass": "Return an ordinary DataFrame: pandas.DataFrame(predictions).",
    "values_at_tolerance": "Keep the predictions between 0 and 1: predictions.clip(0, 1).",
    "extra_values_invalid": "Return the rows of live_features only: predictions.loc[live_features.index].",
    REPAIRED_CALL: KINDS["wrong_signature"].remedy,
}
"""Remarks on what Numerai's validator accepts, and the program that runs models there today refuses; and what to do."""


def check(job: Job, listener: Listener, redact: Redaction, quick: bool = False) -> Check:
    """Say whether a job's model will pass, without keeping its predictions.

    Args:
        job: the model, the data, the box; where the predictions go does not matter.
        listener: hears of the two runs.
        redact: takes the secrets out of what is said.
        quick: only read the pickle, and do not run it.

    Raises:
        Failure: it could not be checked, for reasons that are not the model's.
    """
    try:
        return _read_only(job, listener, redact) if quick else _run_twice(job, listener, redact)
    except Failure as failure:
        if failure.kind.fault is not Fault.MODEL:
            raise
        return Check(redact(without_query(job.model)), FAIL, failure.exit_code, [_reason(failure)])


def _run_twice(job: Job, listener: Listener, redact: Redaction) -> Check:
    with tempfile.TemporaryDirectory(prefix="numerai-predict-") as folder:
        first, sample = _first_run(job, listener, redact, folder)
        if first.failure:
            return _failed(job, first, first.failure, sample)
        listener.notice("once more, to compare what it predicts")
        again = replace(first.job, env=first.virtual_environment or job.env, output=os.path.join(folder, "2.csv"))
        second = Record(again, _Quietly(listener), redact)
        run(second)
        if second.failure and second.failure.kind.fault is not Fault.MODEL:
            raise second.failure
        return _ran(job, first, second, sample)


def _read_only(job: Job, listener: Listener, redact: Redaction) -> Check:
    from numerai_predict import choice

    inspection = inspect_model(job.model, job.transfer_timeout, listener)
    name = redact(without_query(job.model))
    if failure := verdict.unreadable(name, inspection):
        return Check(name, FAIL, failure.exit_code, [_reason(failure)])
    found = verdicts_or_failure(inspection, job.env)
    best = choice.preferred(inspection, found)
    # First what keeps it from being loaded: what cannot be loaded is not called.
    of_calls = verdict.call_reasons(inspection)
    reasons = [
        Reason(reason.sentence, reason.remedy, reason.kind or ("load_raised" if reason.sure else ""))
        for reason in sorted(best.reasons, key=lambda reason: (not reason.sure, reason in of_calls))
    ]
    which = {verdict.YES: PASS, verdict.MAY: MAY, verdict.NO: FAIL}[best.will_run]
    code = KINDS[reasons[0].kind].exit_code if which == FAIL else EXIT_CODES[which]
    python = "" if which == FAIL else best.version
    return Check(name, which, code, reasons, python, environments=found)


def _first_run(job: Job, listener: Listener, redact: Redaction, folder: str) -> tuple[Record, bool]:
    """Run the model; on the sample round if Numerai cannot be reached. Return the record, and whether it was that."""
    why = None if is_local(job.dataset) or job.round else offline.unreachable(job.dataset)
    if why:
        unused = f" {job.benchmarks} is not of this round, and is not used." if is_local(job.benchmarks) else ""
        listener.notice(f"{why.cause} So on a sample round: invented data in the shape of Numerai's.{unused}")
        named = inspect_model(job.model, job.transfer_timeout, listener).columns
        live, benchmarks = offline.sample_round(named)
        job = replace(job, dataset=live, benchmarks=benchmarks)
    else:
        _refuse_without_benchmarks(job, listener)
    record = Record(replace(job, output=os.path.join(folder, "1.csv")), listener, redact)
    run(record)
    if record.failure and record.failure.kind.fault is not Fault.MODEL:
        raise record.failure
    return record, bool(why)


def _refuse_without_benchmarks(job: Job, listener: Listener) -> None:
    """Say at once what a run would say when it has asked for as long as a download may take."""
    if not is_local(job.dataset) or is_local(job.benchmarks):
        return
    parameters = inspect_model(job.model, job.transfer_timeout, listener).parameters or ()
    if len(parameters) == 2 and (failure := offline.unreachable(job.benchmarks)):
        remedy = "Give --benchmarks as well: the benchmark models of the same round as --dataset."
        raise Failure(failure.kind.name, remedy=remedy, **failure.evidence)


class _Quietly:
    """The listener of a second run, of which only the progress is new: what the model prints was seen in the first."""

    def __init__(self, listener: Listener) -> None:
        self.progress = listener.progress
        self.transferred = listener.transferred

    def phase_ended(self, _: Phase) -> None:
        """Nothing."""

    def model_printed(self, _: str) -> None:
        """Nothing."""

    def notice(self, _: str) -> None:
        """Nothing."""


def _failed(job: Job, record: Record, failure: Failure, sample: bool) -> Check:
    reason = _other_layout(record, failure) or _reason(failure)
    # It may compute its columns' names, and then nothing in the pickle says what the sample round has to have.
    missed = sample and "KeyError" in str(failure.evidence.get("exception"))
    if missed:
        sentence = f"{reason.sentence} That was on invented data, which may lack what Numerai's have."
        reason = Reason(sentence, "Check it again where Numerai can be reached, or with --dataset.", reason.kind)
    return Check(
        **_common(job, record, sample),
        verdict=MAY if missed else FAIL,
        exit_code=EXIT_CODES[MAY] if missed else failure.exit_code,
        reasons=[reason],
        usage=_usage(job, record),
        traceback=_traceback(failure),
        warnings=[warning.sentence for warning in record.warnings],
    )


def _traceback(failure: Failure) -> str:
    trace, frames = failure.evidence.get("traceback"), failure.evidence.get("crash_log")
    return trace or (f"Where it was, most recent call first:\n{frames}" if frames else "")


def _other_layout(record: Record, failure: Failure) -> Reason | None:
    """The reason of a failure that the pickle foretells: its objects are of a library that the box has an older one of.

    Python's own words, "No module named 'numpy._core'" for example, lead nowhere.
    """
    inspection, name = record.inspection, failure.kind.name
    if name not in ("missing_module", "load_raised", "predict_raised", "crashed") or inspection is None:
        return None
    if not record.virtual_environment:
        return None  # what is installed elsewhere need not be what the lock has
    version = ".".join(record.environment["python"].split(".")[:2])
    for why in verdict.against(inspection, directories.read_lock(version)).reasons:
        if why.sure and why not in verdict.python_reasons(inspection, version):
            return Reason(f"{why.sentence} {failure.cause}", why.remedy, name)
    return None


def _ran(job: Job, first: Record, second: Record, sample: bool) -> Check:
    warnings = [finding for finding in first.warnings if finding.code not in REFUSED_TODAY]
    usage = _usage(job, first, second)
    difference = None
    if second.failure:
        reasons = [_reason(second.failure, "It passed once; run again on the same data, ")]
    else:
        assert first.submission
        assert second.submission
        difference = largest_difference(first.submission.csv, second.submission.csv)
        reasons = [*_uncertain(first, sample), *_near_limits(usage)]
    said = [finding.sentence for finding in warnings]
    if difference:
        said.append(
            f"It is not deterministic: two runs on the same data differ by up to {difference:.3g}. "
            "Give every random number generator in it a seed."
        )
    return Check(
        **_common(job, first, sample),
        verdict=MAY if reasons else PASS,
        exit_code=EXIT_CODES[MAY if reasons else PASS],
        reasons=reasons,
        usage=usage,
        largest_difference=difference,
        warnings=said,
        traceback=_traceback(second.failure) if second.failure else "",
    )


def _common(job: Job, record: Record, sample: bool) -> dict[str, Any]:
    inspection = record.inspection
    environments = verdict.verdicts(inspection) if inspection and not inspection.problem else []
    version = ".".join(record.environment.get("python", "").split(".")[:2])
    made_for = (inspection and inspection.pythons) or (version,)
    if version not in made_for:
        version = next((one.version for one in environments if one.version in made_for), "")
    where = "a sample round: invented data" if sample else without_query(record.job.dataset)
    data = f"{record.rows:,} row{'s' if record.rows != 1 else ''} of {where}"
    return {
        "model": record.redact(without_query(job.model)),
        "python": version,
        "data": record.redact(data) if record.rows else "",
        "sample": sample,
        "rows": record.rows,
        "output": record.output,
        "environments": environments,
    }


def _usage(job: Job, *records: Record) -> Usage | None:
    used = [record.usage for record in records if record.usage]
    if not used:
        return None  # it did not come to running
    return Usage(
        seconds=max(usage.seconds for usage in used),
        timeout=job.limits.timeout,
        peak_memory=max(usage.peak_memory for usage in used),
        memory=job.limits.memory,
    )


def _reason(failure: Failure, before: str = "") -> Reason:
    cause = before + (failure.cause[0].lower() + failure.cause[1:] if before else failure.cause)
    return Reason(cause, failure.remedy, failure.kind.name)


# --- what stays uncertain after a run that went well


def _uncertain(record: Record, sample: bool) -> list[Reason]:
    reasons = [_refused_today(finding) for finding in record.warnings if finding.code in REFUSED_TODAY]
    inspection = record.inspection
    if inspection is None or inspection.problem:
        return reasons
    if sample and (named := [name for name in inspection.columns if name.startswith("feature_")]):
        sentence = (
            f"It names {len(named)} features, and whether Numerai's data have them was not seen: "
            "the sample round was given them."
        )
        reasons.append(Reason(sentence, "Check it again where Numerai can be reached, or with --dataset."))
    if not record.virtual_environment and not record.job.env.startswith(IMAGE):
        reasons += _other_versions(inspection, record.environment["python"])
    return [*reasons, *_network(record, inspection)]


def _refused_today(finding: Finding) -> Reason:
    sentence = finding.sentence
    if finding.code != REPAIRED_CALL:  # which says so itself
        sentence += " Numerai's validator accepts that, the box as it is today does not."
    return Reason(sentence, REFUSED_TODAY[finding.code], finding.code)


def _other_versions(inspection: Inspection, python: str) -> list[Reason]:
    """What the box may do otherwise, for a run in an environment that is not made from its lock."""
    version = ".".join(python.split(".")[:2])
    found = [one for one in verdict.verdicts(inspection) if one.version == version]
    return [
        Reason(f"In the box of Python {version}: {reason.sentence}", reason.remedy)
        for one in found
        for reason in one.reasons
        if reason not in verdict.call_reasons(inspection)  # it was called
    ]


def _network(record: Record, inspection: Inspection) -> list[Reason]:
    """The box has no network; where this machine could not take it away, the model may have used it."""
    from numerai_predict.pickles.inspection import NETWORK

    names = [name for name in inspection.worth_knowing if name.partition(".")[0] in NETWORK]
    open_network = any(finding.code in ("open_network", "not_isolated") for finding in record.warnings)
    if not (names and open_network):
        return []
    sentence = f"It uses {', '.join(names)}, the box has no network, and here it was open to the model."
    return [Reason(sentence, "Put all that the model needs into the pickle.")]


def _near_limits(usage: Usage | None) -> list[Reason]:
    if usage is None:
        return []
    names = ("time", "memory")
    near = [name for name, share in zip(names, usage.shares, strict=True) if share > NEAR]
    if not near:
        return []
    sentence = f"It needs more than {NEAR:.0%} of the {' and of the '.join(near)} that the box gives."
    return [Reason(sentence, "Use a smaller model, fewer features, or predict in parts.")]


def largest_difference(first: bytes, second: bytes) -> float:
    """Return the largest difference between two valid submissions of the same ids; 0.0 if their bytes are equal."""
    if first == second:
        return 0.0
    values = [
        {row[0]: float(row[1]) for row in list(csv.reader(io.StringIO(one.decode())))[1:]} for one in (first, second)
    ]
    return max(abs(value - values[1].get(id, 2.0)) for id, value in values[0].items())
