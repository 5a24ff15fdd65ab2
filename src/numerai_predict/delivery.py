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
    path = job.output or os.path.join(job.output_dir, f"live_predictions-{os.urandom(6).hex()}.csv")
    folder = os.path.dirname(path) or "."
    flag = "--output" if job.output else "--output_dir"
    if not os.path.isdir(folder):
        problem = f"The output directory {folder} does not exist."
        raise Failure("usage", problem=problem, fix=f"Make it, or give another {flag}.")
    if os.path.lexists(path) and not os.path.isfile(path):
        raise Failure("usage", problem=f"{path} is not a file.", fix=f"Give another {flag}.")
    if not os.access(folder, os.W_OK):
        raise Failure("output_not_written", path=path, problem="this user may not write in that directory")
    return path


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
    temporary = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.{os.urandom(4).hex()}.part")
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
