"""`numerai-predict inspect`: what a pickle says of itself, and where it would run. Nothing of it is run."""

import argparse
import json
import os

from numerai_predict import verdict
from numerai_predict.failures import Failure
from numerai_predict.pickles import reader
from numerai_predict.pickles.inspection import Inspection
from numerai_predict.sandbox.output import escape_text
from numerai_predict.verdict import Verdict, page

DESCRIPTION = "Read a pickle without running it: which Python it needs, what it imports, how it is called."

EPILOG = """\
examples:
  numerai-predict inspect model.pkl
  numerai-predict inspect model.pkl --env current       against what is installed here
  numerai-predict inspect model.pkl --env ~/venvs/numerai
  numerai-predict inspect model.pkl --json

exit codes:
  0 it was read    2 there is no such file    10 it is no pickle    11 it is cut off
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this command."""
    parser.add_argument("model", metavar="MODEL", help="the pickle, a file; compressed ones by their extension")
    env = "hold it against one environment: current, 3.XX, the path of one (default: every 3.XX)"
    parser.add_argument("--env", default="", metavar="ENV", help=env)
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Run the command; return its exit code."""
    try:
        inspection = reader.read(os.path.expanduser(arguments.model), fork=True)
    except OSError as error:
        problem = f"The model file {arguments.model} cannot be read: {error.strerror}."
        return _failed(Failure("usage", problem=problem, fix="Check the path."))
    try:
        found = [] if inspection.problem else verdict.verdicts(inspection, arguments.env)
    except LookupError as error:
        fix = "Give --env current, 3.XX, or the path of an interpreter or of a virtual environment."
        return _failed(Failure("usage", problem=f"--env: {error}.", fix=fix))
    if arguments.json:
        print(json.dumps(_content(inspection, found), indent=1))
    elif not inspection.problem:
        print("\n".join(map(escape_text, page(arguments.model, inspection, found))))
    failure = verdict.unreadable(arguments.model, inspection)
    return _failed(failure) if failure else 0


def _failed(failure: Failure) -> int:
    from numerai_predict.cli.terminal import Terminal  # with all that a run needs: half as long again to start
    from numerai_predict.redaction import Redaction

    Terminal(Redaction([]), quiet=False, debug=False).failed(failure)
    return failure.exit_code


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
