"""Which interpreter a job's worker is started with: this one, another, or one of an environment made for the pickle."""

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from numerai_predict.environments import directories, store
from numerai_predict.environments.directories import Lock
from numerai_predict.environments.interpreters import interpreter
from numerai_predict.environments.store import Notice, Stored
from numerai_predict.failures import Failure
from numerai_predict.foresight import refuse_wrong_python
from numerai_predict.pickles.inspection import Inspection

if TYPE_CHECKING:
    from numerai_predict.verdict import Verdict

CURRENT, AUTO = "current", "auto"
"""The interpreter that runs this program; the environment that fits the pickle best."""

_MISSING = re.compile(r"No module named '([\w.]+)'|[Mm]issing optional dependency '([\w-]+)'")


def interpreter_at_once(env: str) -> str | None:
    """Return the interpreter that needs no knowledge of the pickle, or None if it does.

    Args:
        env: "current", a path (an interpreter, or the folder of a virtual environment), "auto" or "3.12".

    Raises:
        Failure: `usage`, if it is none of these.
    """
    if env == CURRENT:
        return sys.executable
    if env == AUTO or env in directories.versions():
        return None
    for path in (Path(env).expanduser(), Path(env, "bin", "python").expanduser()):
        if path.is_file() and os.access(path, os.X_OK):
            return str(path.absolute())
    fix = f"Give current, auto, the folder of a virtual environment, or one of {', '.join(directories.versions())}."
    raise Failure("usage", problem=f"There is no environment {env}.", fix=fix)


def choose(env: str, path: str, inspection: Inspection) -> str:
    """Return the Python whose environment a pickle is to run in, as "3.12".

    Args:
        env: "auto", or a Python that has a directory.
        path: the pickle's, for a failure to name.

    Raises:
        Failure: `wrong_python`, if it runs in none of them; `not_a_pickle`, `truncated_pickle`.
    """
    from numerai_predict import verdict  # reads every lock

    if env != AUTO:
        return env
    if failure := verdict.unreadable(path, inspection):
        raise failure
    best = preferred(inspection, verdict.verdicts(inspection)).version
    refuse_wrong_python(inspection, best)
    return best


def preferred(inspection: Inspection, found: "list[Verdict]") -> "Verdict":
    """Return the verdict to go by: of its own Python if there is one, and of equal ones of the Python that runs this.

    Args:
        inspection: what the pickle says of itself.
        found: the verdict for each environment, best first.

    Raises:
        Failure: `usage`, if there are none.
    """
    if not found:
        fix = "Leave --env away: this is an environment already."
        raise Failure("usage", problem="There are no directories of environments here, as in a container.", fix=fix)
    fitting = [one for one in found if one.version in (inspection.pythons or ())] or found
    equal = [one for one in fitting if one.will_run == fitting[0].will_run]
    current = "{}.{}".format(*sys.version_info)
    equal.sort(key=lambda one: one.version != current)
    return next((one for one in equal if interpreter(one.version)), equal[0])


def provide(version: str, inspection: Inspection, more: list[str], notice: Notice) -> Stored:
    """Return an environment with the slice of a lock that a pickle needs; make it, unless it is there.

    Args:
        version: the Python.
        inspection: what the pickle says of itself.
        more: modules that a run has missed.
        notice: is told if it has to be made.

    Raises:
        Failure: `no_environment`.
    """
    lock = directories.read_lock(version)
    modules = [*inspection.load_modules, *inspection.call_imports, *inspection.libraries, *more]
    try:
        return store.provide(version, lock.slice([*directories.WORKER, *known(modules, lock)]), notice)
    except (LookupError, RuntimeError, OSError) as error:
        raise not_made(version, error) from None


def not_made(version: str, error: Exception) -> Failure:
    """Return the failure that an environment is which could not be made."""
    remedy = None
    if isinstance(error, OSError):
        remedy = f"See to whom {store.home()} belongs, or set XDG_CACHE_HOME to another folder."
    return Failure("no_environment", remedy=remedy, version=version, problem=str(error))


def known(modules: list[str], lock: Lock) -> list[str]:
    """Return those modules that a lock has a package for; the others are the standard library's, or the user's own."""
    return [name for name in modules if directories.distribution(name.partition(".")[0]) in lock.requirements]


def missed(failure: Failure, version: str, requirements: tuple[str, ...]) -> str | None:
    """Return the module that a run failed for, if the box has it and the slice has not."""
    match = _MISSING.search(str(failure.evidence.get("exception", "")))
    if failure.kind.name not in ("missing_module", "load_raised", "predict_raised") or match is None:
        return None
    module = (match[1] or match[2]).partition(".")[0]
    line = directories.read_lock(version).requirements.get(directories.distribution(module))
    return module if line and line not in requirements else None
