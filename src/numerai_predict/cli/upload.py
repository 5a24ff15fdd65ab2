"""`numerai-predict upload`: send predictions that are on disk to a presigned POST.

For predictions whose upload failed. Nothing is judged again: the same bytes are sent.
"""

import argparse
import os

from numerai_predict import interruption
from numerai_predict.cli.predict import duration, positive
from numerai_predict.cli.secrets import hide, parse_upload
from numerai_predict.cli.terminal import Terminal
from numerai_predict.failures import Failure
from numerai_predict.redaction import Redaction

DESCRIPTION = "Send predictions that are on disk, as they are, to a presigned POST."

EPILOG = """\
examples:
  numerai-predict upload live_predictions-3f2a9c51d0b7.csv --post_url "$POST_URL" --post_data "$POST_FIELDS"
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this command."""
    add = parser.add_argument
    add("file", metavar="FILE", help="the predictions, as a run left them")
    add("--post_url", "--post-url", required=True, metavar="URL", help="the URL of the presigned POST")
    add("--post_data", "--post-data", required=True, metavar="FIELDS", help="its fields, urlencoded")
    timeout = "for all tries together (default: 600s)"
    add(
        "--transfer_timeout",
        "--transfer-timeout",
        type=positive(duration),
        default=600.0,
        metavar="TIME",
        help=timeout,
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command; return its exit code."""
    terminal = Terminal(Redaction([]), quiet=False, debug=False)
    interruption.listen()
    try:
        terminal = Terminal(hide([arguments.post_url], arguments.post_data), quiet=False, debug=False)
        status = _send(arguments, terminal)
    except Failure as failure:
        terminal.failed(failure)
        return failure.exit_code
    except interruption.Interrupted as interrupted:
        return 128 + interrupted.number
    terminal.say(f"Uploaded {arguments.file}: confirmed with HTTP status {status}.")
    return 0


def _send(arguments: argparse.Namespace, terminal: Terminal) -> int:
    from numerai_predict.upload import upload_predictions

    upload = parse_upload(arguments.post_url, arguments.post_data)
    assert upload is not None
    try:
        with open(arguments.file, "rb") as file:
            content = file.read()
    except OSError as error:
        problem = f"The file {arguments.file} cannot be read: {error.strerror}."
        raise Failure("usage", problem=problem, fix="Check the path.") from None
    path = os.path.abspath(arguments.file)
    return upload_predictions(upload, content, path, arguments.transfer_timeout, terminal.notice)
