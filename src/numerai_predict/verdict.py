"""What an inspection means for an environment: will the pickle run there, and if not, why, and what to do."""

import re
import sys
from collections.abc import Iterable
from typing import NamedTuple

from numerai_predict.environments import directories
from numerai_predict.environments.directories import Lock
from numerai_predict.failures import Failure
from numerai_predict.pickles.inspection import Inspection

YES, MAY, NO = "yes", "may", "no"
"""It will run as far as the pickle tells; something speaks against it; it cannot."""


class Reason(NamedTuple):
    """Something in a pickle that does not go with an environment."""

    sure: bool
    """Whether it cannot run there; otherwise it may."""

    sentence: str
    remedy: str


class Verdict(NamedTuple):
    """Whether a pickle will run in an environment."""

    version: str
    """The environment's Python, as "3.12"."""

    will_run: str
    """`YES`, `MAY` or `NO`."""

    reasons: tuple[Reason, ...]


def unreadable(path: str, inspection: Inspection) -> Failure | None:
    """Return the failure that a file is which cannot be read to its end as a pickle; None if it can."""
    if not inspection.problem:
        return None
    if inspection.protocol and not inspection.complete:
        return Failure("truncated_pickle", file=path, size=f"{inspection.size:,}")
    return Failure("not_a_pickle", file=path, what=inspection.problem)


def verdicts(inspection: Inspection) -> list[Verdict]:
    """Return the verdict for every environment, best first, and of equal ones the newest first."""
    found = [against_lock(inspection, version) for version in reversed(directories.versions())]
    return sorted(found, key=lambda verdict: [YES, MAY, NO].index(verdict.will_run))


def against_lock(inspection: Inspection, version: str) -> Verdict:
    """Return the verdict for the environment of a Python, by what its lock holds."""
    lock = directories.read_lock(version)
    reasons = [
        *python_reasons(inspection, version),
        *_library_reasons(inspection, lock),
        *_module_reasons(inspection, lock),
    ]
    will_run = NO if any(reason.sure for reason in reasons) else MAY if reasons else YES
    return Verdict(version, will_run, tuple(reasons))


def python_reasons(inspection: Inspection, version: str) -> list[Reason]:
    """Return what speaks against running a pickle under a Python, whatever else is installed."""
    reasons = []
    made = " or ".join(inspection.pythons or ())
    if inspection.pythons == ():
        sentence = "Its functions are of no Python from 3.8 to 3.15, or of several."
        reasons.append(Reason(True, sentence, "Make it with CPython, and a cloudpickle of version 2.2 or newer."))
    elif inspection.pythons and version not in inspection.pythons:
        sentence = f"Its functions were made by Python {made}, and run under no other; this is Python {version}."
        choose = (
            f"Choose Python {made} for it, or make" if {*inspection.pythons} & {*directories.versions()} else "Make"
        )
        reasons.append(Reason(True, sentence, f"{choose} it with Python {version}."))
    elif inspection.one_of:
        sentence = f"Its functions were made by Python {made}, and run only under the one that made them."
        reasons.append(Reason(False, sentence, f"Make it with Python {version}."))
    if inspection.in_main:
        names = ", ".join(inspection.in_main[:3])
        sentence = f"It only names {names} of the program that made it, and does not hold it."
        reasons.append(
            Reason(True, sentence, "Write it with cloudpickle.dump, which puts your functions into the pickle.")
        )
    if inspection.undefined:
        sentence = f"Its functions use {', '.join(inspection.undefined[:5])}, which nothing defines."
        reasons.append(Reason(False, sentence, "Define or import that in the same program, and pickle it again."))
    return reasons


# --- libraries


def _library_reasons(inspection: Inspection, lock: Lock) -> list[Reason]:
    reasons = []
    for name, made in _made_by(inspection).items():
        here = _locked(lock, name)
        if here and (sure := _breaks(inspection, name, made, here)) is not None:
            sentence = f"It was made with {name} {made}; here is {name} {here}."
            reasons.append(Reason(sure, sentence, f"Make it with {name}=={here}."))
    return reasons


def _made_by(inspection: Inspection) -> dict[str, str]:
    """The versions of libraries, and of cloudpickle."""
    versions = {name: library.version for name, library in inspection.libraries.items()}
    if match := re.match(r"cloudpickle (\d[\d.]*)", inspection.maker):
        versions["cloudpickle"] = match[1]
    return versions


def _breaks(inspection: Inspection, name: str, made: str, here: str) -> bool | None:
    """Whether an object of one version surely breaks in another (True), may break (False), or works (None)."""
    before, now = _numbers(made), _numbers(here)
    if name in ("cloudpickle", "numpy", "lightgbm") or (name == "pandas" and _makes(inspection, "pandas.")):
        # What newer ones write, older ones cannot read; newer ones read what older ones wrote.
        return True if before[0] > now[0] else None
    if name == "scikit-learn" and before[:2] != now[:2]:
        moved = min(before, now) < [1, 3] <= max(before, now) and _makes(inspection, "sklearn.ensemble", "sklearn.tree")
        return moved or _makes(inspection, "sklearn.ensemble._hist_gradient_boosting")
    if name == "xgboost" and before[0] != now[0]:
        return True if _makes(inspection, "xgboost.sklearn") else None
    return None


def _makes(inspection: Inspection, *modules: str) -> bool:
    """Whether it makes objects of a module; to refer to a class is nothing that breaks."""
    return any(name.startswith(modules) for name in inspection.makes)


def _locked(lock: Lock, name: str) -> str | None:
    match = re.match(r"[^=]+==([\d.]+)", lock.requirements.get(name, ""))
    return match[1] if match else None


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


# --- modules


def _module_reasons(inspection: Inspection, lock: Lock) -> list[Reason]:
    missing = _missing([*inspection.load_modules, *inspection.call_imports], lock)
    if not missing:
        return []
    names = ", ".join(missing)
    sentence = f"It imports {names}, and there is no package of that name here."
    remedy = "If it is your own, call cloudpickle.register_pickle_by_value on it; otherwise do without it."
    return [Reason(False, sentence, remedy)]


def _missing(modules: Iterable[str], lock: Lock) -> list[str]:
    tops = dict.fromkeys(module.partition(".")[0] for module in modules)
    known = sys.stdlib_module_names | {"__builtin__", "copy_reg", "types", ""}
    return [top for top in tops if top not in known and directories.distribution(top) not in lock.requirements]


# --- for people

SHOWN = 12
"""Names of a list that are shown on a page."""


def page(name: str, inspection: Inspection, found: list[Verdict]) -> list[str]:
    """Return what there is to say of a pickle, as lines for people.

    Args:
        name: how the page calls it.
        inspection: what the pickle says of itself.
        found: the verdict for each environment; none outside of a clone.
    """
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
    lines = [name, *(f"  {row:<12} {text}" for row, text in rows.items() if text)]
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
