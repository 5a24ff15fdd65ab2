"""What an inspection means for an environment: will the pickle run there, and if not, why, and what to do."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from numerai_predict import compatibility
from numerai_predict.environments import directories
from numerai_predict.environments.directories import Lock
from numerai_predict.failures import KINDS, WRAP_IT, Failure
from numerai_predict.pickles.functions import WITHOUT_CALL, frames
from numerai_predict.pickles.inspection import Inspection

if TYPE_CHECKING:
    from numerai_predict.environments.installed import Installed

YES, MAY, NO = "yes", "may", "no"
"""It will run as far as the pickle tells; something speaks against it; it cannot."""


class Reason(NamedTuple):
    """Something in a pickle that does not go with an environment."""

    sure: bool
    """Whether it cannot run there; otherwise it may."""

    sentence: str
    remedy: str
    kind: str = ""
    """The failure that a run would end with, one of `failures.KINDS`, where that is certain."""


class Verdict(NamedTuple):
    """Whether a pickle will run in an environment."""

    version: str
    """The environment's Python, as "3.12"."""

    will_run: str
    """`YES`, `MAY` or `NO`."""

    reasons: tuple[Reason, ...]
    folder: str = ""
    """Where it is installed; empty for what a directory has locked."""


Environment: TypeAlias = "Lock | Installed"
"""What a pickle is held against: its Python, the versions of distributions, and which modules there are."""


def unreadable(path: str, inspection: Inspection) -> Failure | None:
    """Return the failure that a file is which cannot be read to its end as a pickle; None if it can."""
    if not inspection.problem:
        return None
    if inspection.protocol and not inspection.complete:
        return Failure("truncated_pickle", file=path, size=f"{inspection.size:,}")
    return Failure("not_a_pickle", file=path, what=inspection.problem)


def verdicts(inspection: Inspection, env: str = "") -> list[Verdict]:
    """Return the verdict for an environment; by default for what each directory has locked.

    Args:
        inspection: what the pickle says of itself.
        env: a Python that has a directory, as "3.12"; "current", this interpreter; the path of an interpreter or of a
            virtual environment.

    Returns:
        The best first, and of equally good ones the newest.

    Raises:
        LookupError: there is no such environment.
    """
    found = [against(inspection, environment) for environment in _environments(env)]
    return sorted(found, key=_badness)


def _badness(found: Verdict) -> tuple[int, int]:
    return [YES, MAY, NO].index(found.will_run), sum(reason.sure for reason in found.reasons)


def _environments(env: str) -> list[Environment]:
    versions = directories.versions()
    if env and env not in versions:
        from numerai_predict.environments.installed import read_installed  # 15 ms, and locks do without

        return [read_installed(Path(sys.executable if env == "current" else env).expanduser())]
    return [directories.read_lock(version) for version in reversed(versions) if version == env or not env]


def against(inspection: Inspection, environment: Environment) -> Verdict:
    """Return the verdict for an environment."""
    reasons = [
        *call_reasons(inspection),
        *python_reasons(inspection, environment.python),
        *_library_reasons(inspection, environment.versions | {"Python": environment.python}),
        *_module_reasons(inspection, environment),
    ]
    will_run = NO if any(reason.sure for reason in reasons) else MAY if reasons else YES
    folder = "" if isinstance(environment, Lock) else str(environment.folder)
    return Verdict(environment.python, will_run, tuple(reasons), folder)


_NO_FUNCTION = re.compile(
    rf"None|an? \w+|an instance of (.*, {WITHOUT_CALL}|sklearn\.(?!metrics|gaussian_process\.kernels)|"
    r"lightgbm\.(sklearn|basic)|xgboost\.(sklearn|core)|catboost\.core).*"
)
"""How `Inspection.what` names what cannot be called: Python's own values, instances of the user's own classes that lack
what makes them callable, and estimators.

Not what else these libraries have: scorers, kernels and callbacks can be called.
"""

_CALL_RUNS_NOTHING = re.compile(r"the (coroutine|generator|asynchronous generator) function ")

BY_THE_BOX = (
    "That is the rule of the box as it is run today, which counts every parameter, those with a default, *args and "
    "**kwargs included; the validator of submissions sees predictions only."
)


def call_reasons(inspection: Inspection) -> list[Reason]:
    """Return what speaks against calling what the pickle holds as Numerai calls it, in whatever environment."""
    if _NO_FUNCTION.fullmatch(inspection.what):
        sentence = f"It holds {inspection.what}, which cannot be called."
        remedy = WRAP_IT if inspection.what.startswith("an instance") else KINDS["not_callable"].remedy
        return [Reason(True, sentence, remedy, "not_callable")]
    if inspection.what.startswith("the class "):
        sentence = f"It holds {inspection.what} itself, and calling a class makes an instance, no predictions."
        return [Reason(False, sentence, "Pickle an instance of it that has __call__, or a function.")]
    if match := _CALL_RUNS_NOTHING.match(inspection.what):
        sentence = f"It holds {inspection.what}: calling it makes a {match[1]}, and no predictions."
        remedy = "Use no async, await or yield in it: return a DataFrame."
        return [Reason(True, sentence, remedy, "wrong_output_type")]
    if inspection.parameters is not None:
        return _signature_reasons(inspection)
    if inspection.what.startswith("an instance of"):
        sentence = f"It holds {inspection.what} and no function; only loading it tells whether that can be called."
        return [Reason(False, sentence, WRAP_IT)]
    return []


def _signature_reasons(inspection: Inspection) -> list[Reason]:
    parameters, remedy = inspection.parameters or (), KINDS["wrong_signature"].remedy
    if sentence := inspection.repaired_call:
        return [Reason(False, sentence, remedy)]
    sentence = f"Its signature is {inspection.signature}:"
    if len(parameters) not in (1, 2):
        sentence += f" {len(parameters)} parameters, not one or two. {BY_THE_BOX}"
        return [Reason(True, sentence, remedy, "wrong_signature")]
    if frames(parameters) is None:
        sentence += " it cannot be called with one frame or two, and nothing by name."
        return [Reason(True, sentence, remedy, "predict_raised")]
    return []


NOT_BY_NAME = (
    "Write it with cloudpickle.dump, which puts your functions into the pickle; those under functools.lru_cache or "
    "functools.cache it writes by name as well: take that away."
)


def python_reasons(inspection: Inspection, version: str) -> list[Reason]:
    """Return what speaks against running a pickle under a Python, whatever else is installed."""
    reasons = []
    made = " or ".join(inspection.pythons or ())
    if inspection.pythons == ():
        sentence = "Its functions are of no Python from 3.8 to 3.15, or of several."
        remedy = "Make it with CPython, and a cloudpickle of version 2.2 or newer."
        reasons.append(Reason(True, sentence, remedy, "crashed"))
    elif inspection.pythons and version not in inspection.pythons:
        sentence = f"Its functions were made by Python {made}, and run under no other; this is Python {version}."
        choose = (
            f"Choose Python {made} for it, or make" if {*inspection.pythons} & {*directories.versions()} else "Make"
        )
        reasons.append(Reason(True, sentence, f"{choose} it with Python {version}.", "wrong_python"))
    elif inspection.one_of:
        sentence = f"Its functions were made by Python {made}, and run only under the one that made them."
        reasons.append(Reason(False, sentence, f"Make it with Python {version}."))
    if inspection.in_main:
        names = ", ".join(inspection.in_main[:3])
        sentence = f"It does not hold {names}, only the name, as of something in the program that made it."
        reasons.append(Reason(True, sentence, NOT_BY_NAME))
    if "__builtin__.__main__" in inspection.load_globals:
        sentence = (
            "It was written by dill without recurse=True: it does not hold its functions' globals, and cannot load."
        )
        reasons.append(Reason(True, sentence, "Write it with cloudpickle.dump, which puts them into the pickle."))
    if inspection.undefined:
        sentence = f"Its functions use {', '.join(inspection.undefined[:5])}, which nothing defines."
        reasons.append(Reason(False, sentence, "Define or import that in the same program, and pickle it again."))
    return reasons


# --- libraries


def _library_reasons(inspection: Inspection, versions: Mapping[str, str]) -> list[Reason]:
    """What speaks against versions of libraries, and of "Python", by what is known to break between two."""
    found = compatibility.mismatches(inspection, versions)
    reasons = [Reason(mismatch.sure, mismatch.sentence, mismatch.remedy) for mismatch in found]
    if inspection.devices:
        sentence = f"Its tensors lie on {', '.join(inspection.devices)}, and the box has the CPU only."
        reasons.append(Reason(True, sentence, compatibility.TO_THE_CPU))
    return reasons


# --- modules


def _module_reasons(inspection: Inspection, environment: Environment) -> list[Reason]:
    missing = _missing(inspection, environment)
    packages = list(dict.fromkeys(module.partition(".")[0] for module in missing))
    absent = [name for name in packages if not environment.has(name)]
    moved = [module for module in missing if environment.has(module.partition(".")[0])]
    reasons = []
    if "dill" in absent and inspection.maker == "dill":
        absent.remove("dill")
        sentence = "It was written by dill, which is needed to load it, and is not here."
        reasons.append(Reason(True, sentence, "Write it with cloudpickle.dump.", "missing_module"))
    if absent:
        sentence = f"It imports {', '.join(absent)}, and there is no package of that name here."
        otherwise = "do without it" if isinstance(environment, Lock) else "install it"
        remedy = f"If it is your own, call cloudpickle.register_pickle_by_value on it; otherwise {otherwise}."
        reasons.append(Reason(False, sentence, remedy))
    for package in dict.fromkeys(module.partition(".")[0] for module in moved):
        names = ", ".join(module for module in moved if module.partition(".")[0] == package)
        sentence = f"It imports {names}, which the installed {package} does not have."
        reasons.append(Reason(False, sentence, "Make it with the versions that are installed, or install its own."))
    return reasons


def _missing(inspection: Inspection, environment: Environment) -> list[str]:
    """The modules that are not there."""
    never = {"__builtin__", ""}  # what dill has of Python 2
    if any(module.startswith("sklearn._loss") for module in inspection.load_modules):
        never.add("_loss")  # no file has that name: importing scikit-learn makes the module
    modules = dict.fromkeys([*inspection.load_modules, *inspection.call_imports])
    return [name for name in modules if name.partition(".")[0] not in never and not environment.has(name)]


# --- for people

SHOWN = 12
"""Names of a list that are shown on a page."""


def page(name: str, inspection: Inspection, found: list[Verdict]) -> list[str]:
    """Return what there is to say of a pickle, as lines for people.

    Args:
        name: how the page calls it.
        inspection: what the pickle says of itself.
        found: the verdict for each environment.
    """
    rows = {
        "holds": f"{inspection.what} {inspection.signature if inspection.parameters is not None else ''}".strip(),
        "made by": inspection.maker + _pythons(inspection),
        "file": f"{inspection.size:,} bytes, protocol {inspection.protocol}, SHA-256 {inspection.sha256}",
        "libraries": ", ".join(f"{name} {one}" for name, one in inspection.libraries.items()),
        "imports": _some(inspection.load_modules),
        "when called": _some(inspection.call_imports),
        "columns": _some(inspection.columns),
        "tensors on": _some(inspection.devices),
        "undefined": _some(inspection.undefined),
        "reaches for": _some(inspection.worth_knowing),
    }
    lines = [name, *(f"  {row:<12} {text}" for row, text in rows.items() if text)]
    if inspection.trailing:
        lines.append(f"  Warning: {inspection.trailing:,} bytes follow its end; nobody reads them.")
    if inspection.called_on_load:
        names = ", ".join(inspection.called_on_load)
        lines.append(f"  Warning: it calls {names} while it is loaded; no honest model does. Do not load it.")
    return [*lines, "", *_would_it_run(found)]


def _pythons(inspection: Inspection) -> str:
    if inspection.pythons is None:
        return "; it holds no function, and goes with any Python"
    if not inspection.pythons:
        return "; its functions are of no known Python"
    return f", Python {' or '.join(inspection.pythons)}"


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _would_it_run(found: list[Verdict]) -> list[str]:
    lines = ["Would it run?"]
    everywhere = _told(found[0]) if len(found) > 1 else []
    everywhere = [reason for reason in everywhere if all(reason in one.reasons for one in found)]
    lines += [f"  anywhere     {reason.sentence} {reason.remedy}" for reason in everywhere]
    for one in found:
        words = {"yes": "as far as it tells, yes", "may": "perhaps not", "no": "no"}[one.will_run]
        where = f" (in {one.folder})" if one.folder else ""
        lines.append(f"  Python {one.version:<5} {words}{where}")
        reasons = [reason for reason in _told(one) if reason not in everywhere]
        lines += [f"               {reason.sentence} {reason.remedy}" for reason in reasons]
    return lines


def _told(found: Verdict) -> list[Reason]:
    """What is sure makes what is not beside the point."""
    return [reason for reason in found.reasons if reason.sure or found.will_run != NO]
