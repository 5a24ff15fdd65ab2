"""The presigned POST: predictions count as delivered only when the store has said so."""

from collections.abc import Callable
from urllib.parse import urlsplit

from numerai_predict import transfer
from numerai_predict.failures import Failure
from numerai_predict.job import Upload
from numerai_predict.transfer import Deadline, DeadlinePassed, TransferFailed


def upload_predictions(upload: Upload, csv: bytes, path: str, seconds: float, notice: Callable[[str], None]) -> int:
    """Send predictions to the store; return the HTTP status with which it confirmed.

    Args:
        path: where the same bytes lie on disk.
        seconds: for all tries together.
        notice: told when it has to be tried again.

    Raises:
        Failure: `upload_refused` if it answered, and trying again makes no sense; `upload_failed` otherwise.
    """
    deadline = Deadline(seconds, notice)

    def send() -> int:
        return transfer.post_form(upload.url, upload.fields, "live_predictions.csv", csv, deadline)

    try:
        return transfer.at_once(deadline, {"upload": send})["upload"]
    except TransferFailed as error:
        refused = error.status is not None and 300 <= error.status < 500 and error.status != 429
        kind = "upload_refused" if refused and not isinstance(error, DeadlinePassed) else "upload_failed"
        raise Failure(kind, host=urlsplit(upload.url).hostname, problem=str(error), path=path) from None
