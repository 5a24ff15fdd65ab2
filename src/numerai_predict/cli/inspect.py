"""`numerai-predict inspect`: what a pickle says of itself, and where it would run. Nothing of it is run."""

import argparse
import json
from typing import TYPE_CHECKING

from numerai_predict import verdict
from numerai_predict.cli.stdout import print_result
from numerai_predict.failures import Failure
from numerai_predict.inspecting import inspect_download, inspect_file, verdicts_or_failure
from numerai_predict.pickles.inspection import Inspection
from numerai_predict.redaction import Redaction, is_url, without_query
from numerai_predict.sandbox.output import escape_text
from numerai_predict.verdict import Verdict, page

if TYPE_CHECKING:
    from numerai_predict.cli.terminal import Terminal

DESCRIPTION = "Read a pickle without running it: which Python it needs, what it imports, how it is called."

EPILOG = """\
examples:
  numerai-predict inspect model.pkl
  numerai-predict inspect model.pkl --env current       against what is installed here
  numerai-predict inspect model.pkl --env ~/venvs/numerai
  numerai-predict inspect model.pkl --json

exit codes:
  0 it was read    2 there is no such file    10 it is no pickle    11 it is cut off    41 it could not be read
  48 it could not be downloaded
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this command."""
    parser.add_argument(
        "model", metavar="MODEL", help="the pickle, a file or an http(s) URL; compressed ones by their extension"
    )
    env = "hold it against one environment: current, 3.XX, the path of one (default: auto, every 3.XX)"
    parser.add_argument("--env", default="auto", metavar="ENV", help=env)
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Run the command; return its exit code."""
    redact = Redaction([])
    try:
        if is_url(arguments.model):
            from numerai_predict.cli.secrets import hide
            from numerai_predict.job import Job

            redact = hide([arguments.model], None)
            inspection = inspect_download(arguments.model, Job.transfer_timeout, _terminal(redact))
        else:
            inspection = inspect_file(arguments.model)
        name = without_query(arguments.model)
        found = [] if inspection.problem else verdicts_or_failure(inspection, arguments.env)
        if arguments.json:
            print_result(json.dumps(_content(inspection, found), indent=1))
        elif not inspection.problem:
            print_result("\n".join(map(escape_text, page(name, inspection, found))))
        if failure := verdict.unreadable(name, inspection):
            raise failure
    except Failure as failure:
        _terminal(redact).failed(failure)
        return failure.exit_code
    return 0


def _terminal(redact: Redaction) -> "Terminal":
    from numerai_predict.cli.terminal import Terminal  # with all that a run needs: half as long again to start

    return Terminal(redact, quiet=False, debug=False)


def _content(inspection: Inspection, found: list[Verdict]) -> dict[str, object]:
    """Everything, as plain data."""
    content = inspection._asdict()
    content["signature"] = inspection.signature
    content["parameters"] = inspection.parameters and [parameter._asdict() for parameter in inspection.parameters]
    content["libraries"] = {name: library._asdict() for name, library in inspection.libraries.items()}
    content["environments"] = [
        {**one._asdict(), "reasons": [reason._asdict() for reason in one.reasons]} for one in found
    ]
    return content
