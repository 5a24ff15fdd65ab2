"""The predictions on disk: whole, at their final name, or not there at all."""

import os
from dataclasses import dataclass

from numerai_predict.failures import Failure
from numerai_predict.interruption import deferred
from numerai_predict.job import Job
from numerai_predict.submission import Submission


@dataclass(frozen=True)
class Delivery:
    """Where the predictions are."""

    path: str
    size: int
    sha256: str


def destination(job: Job) -> str:
    """Return the path at which a job's predictions are to appear.

    Raises:
        Failure: `usage` if nothing can appear there, whatever the predictions are.
    """
    path = (
        job.output
        if job.output is not None
        else os.path.join(job.output_dir, f"live_predictions-{os.urandom(6).hex()}.csv")
    )
    flag = "--output_dir" if job.output is None else "--output"
    check_place(path, flag)
    if not os.access(os.path.dirname(path) or ".", os.W_OK):
        raise Failure("output_not_written", path=path, problem="this user may not write in that directory")
    inputs = {os.path.realpath(location) for location in (job.model, job.dataset, job.benchmarks)}
    if os.path.realpath(path) in inputs:
        raise Failure("usage", problem=f"{path} is an input of this run.", fix=f"Give another {flag}.")
    return path


def check_place(path: str, flag: str) -> None:
    """See to it that a file can appear at a path, and that nothing but a file is replaced by it.

    Raises:
        Failure: `usage`.
    """
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        problem = f"The directory {folder} does not exist."
        raise Failure("usage", problem=problem, fix=f"Make it, or give another {flag}.")
    # A link is followed: what it points to is replaced, and /dev/stdout stays what it is.
    place = os.path.realpath(path)
    if not os.path.basename(path) or (os.path.exists(place) and not os.path.isfile(place)):
        raise Failure("usage", problem=f"{path or 'An empty name'} is not a file.", fix=f"Give another {flag}.")


def deliver(submission: Submission, path: str) -> Delivery:
    """Write the very bytes that were judged.

    Raises:
        Failure: `output_not_written`; nothing is left behind then.
    """
    import hashlib

    try:
        write_atomically(path, submission.csv)
    except OSError as error:
        raise Failure("output_not_written", path=path, problem=error.strerror) from None
    return Delivery(path, len(submission.csv), hashlib.sha256(submission.csv).hexdigest())


def write_atomically(path: str, content: bytes) -> None:
    """Write a file that appears at its name when it is whole and on disk, replacing what was there.

    Raises:
        OSError: it could not be written; what was at `path` is still there.
    """
    path = os.path.realpath(path)
    temporary = os.path.join(os.path.dirname(path), f".{os.urandom(8).hex()}.part")
    with deferred():
        try:
            with open(temporary, "xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except OSError:
            try:
                os.unlink(temporary)
            except FileNotFoundError:
                pass
            raise
