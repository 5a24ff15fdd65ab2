"""`numerai-predict inspect`: what a pickle says of itself, and where it would run. Nothing of it is run."""

import argparse
import json
import os

from numerai_predict import verdict
from numerai_predict.cli.terminal import Terminal
from numerai_predict.failures import Failure
from numerai_predict.pickles import reader
from numerai_predict.pickles.inspection import Inspection
from numerai_predict.redaction import Redaction
from numerai_predict.sandbox.output import escape_text
from numerai_predict.verdict import NO, Verdict

DESCRIPTION = "Read a pickle without running it: which Python it needs, what it imports, how it is called."

EPILOG = """\
examples:
  numerai-predict inspect model.pkl
  numerai-predict inspect model.pkl --json

exit codes:
  0 it was read    2 there is no such file    10 it is no pickle    11 it is cut off
"""

SHOWN = 12
"""Names of a list that are shown on the page."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this command."""
    parser.add_argument("model", metavar="MODEL", help="the pickle, a file; compressed ones by their extension")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Run the command; return its exit code."""
    try:
        inspection = reader.read(os.path.expanduser(arguments.model))
    except OSError as error:
        problem = f"The model file {arguments.model} cannot be read: {error.strerror}."
        return _failed(Failure("usage", problem=problem, fix="Check the path."))
    found = [] if inspection.problem else verdict.verdicts(inspection)
    if arguments.json:
        print(json.dumps(_content(inspection, found), indent=1))
    elif not inspection.problem:
        print("\n".join(map(escape_text, _page(arguments.model, inspection, found))))
    return _failed(_failure(arguments.model, inspection)) if inspection.problem else 0


def _failed(failure: Failure) -> int:
    Terminal(Redaction([]), quiet=False, debug=False).failed(failure)
    return failure.exit_code


def _failure(path: str, inspection: Inspection) -> Failure:
    if inspection.protocol and not inspection.complete:
        return Failure("truncated_pickle", file=path, size=f"{inspection.size:,}")
    return Failure("not_a_pickle", file=path, what=inspection.problem)


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


def _page(path: str, inspection: Inspection, found: list[Verdict]) -> list[str]:
    """The page for people."""
    rows = {
        "holds": f"{inspection.what} {inspection.signature if inspection.parameters is not None else ''}".strip(),
        "made by": inspection.maker + _pythons(inspection),
        "file": f"{inspection.size:,} bytes, protocol {inspection.protocol}, SHA-256 {inspection.sha256}",
        "libraries": ", ".join(
            f"{name} {one.version}{'' if one.exact else '.x'}" for name, one in inspection.libraries.items()
        ),
        "imports": _some(inspection.load_modules),
        "when called": _some(inspection.call_imports),
        "columns": _some(inspection.columns),
        "undefined": _some(inspection.undefined),
        "reaches for": _some(inspection.worth_knowing),
    }
    lines = [path, *(f"  {name:<12} {text}" for name, text in rows.items() if text)]
    if inspection.trailing:
        lines.append(f"  Warning: {inspection.trailing:,} bytes follow its end; nobody reads them.")
    if inspection.called_on_load:
        names = ", ".join(inspection.called_on_load)
        lines.append(f"  Warning: it calls {names} while it is loaded; no honest model does. Do not load it.")
    return [*lines, "", *(_environments(found) if found else [])]


def _pythons(inspection: Inspection) -> str:
    if inspection.pythons is None:
        return "; it holds no function, and goes with any Python"
    if not inspection.pythons:
        return "; its functions are of no known Python"
    return f", Python {' or '.join(inspection.pythons)}"


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _environments(found: list[Verdict]) -> list[str]:
    lines = ["Would it run?"]
    for one in found:
        words = {"yes": "as far as it tells, yes", "may": "perhaps not", "no": "no"}[one.will_run]
        lines.append(f"  Python {one.version:<5} {words}")
        reasons = [reason for reason in one.reasons if reason.sure or one.will_run != NO]
        lines += [f"               {reason.sentence} {reason.remedy}" for reason in reasons]
    return lines
