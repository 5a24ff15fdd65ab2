"""Saving a function as a pickle that will run in Numerai's box, or saying which line of it will not.

A pickle that cloudpickle made runs there as well. This one brings the user's own modules along, knows the versions of
its libraries, and is refused where cloudpickle would write something that fails only in the box.
"""

import inspect
import io
import os
import sys
import types
from collections.abc import Callable, Iterable
from importlib import metadata
from typing import Any

import cloudpickle

from numerai_predict import api
from numerai_predict.delivery import write_atomically
from numerai_predict.environments.directories import normal
from numerai_predict.failures import WRAP_IT, Failure
from numerai_predict.pickles.container import compression
from numerai_predict.pickles.inspection import Inspection, inspect_bytes
from numerai_predict.pickles.libraries import RECORDED
from numerai_predict.usage import functions, is_own, own_imports, undefined, uses


def save(function: Callable[..., Any], path: str | os.PathLike[str]) -> api.Reading:
    """Pickle a function so that it will run in Numerai's box, and read what was written, without running it.

    Modules of the user's own go into the pickle, which is made by cloudpickle; so do the versions of the libraries.

    Args:
        function: takes live_features, or live_features and live_benchmark_models, and returns a DataFrame. Functions,
            lambdas, bound methods, partials and instances with `__call__` will do.
        path: where the pickle goes; what is there is replaced when the new one is whole.

    Raises:
        Failure: `unsavable`, with the line that is to blame; `wrong_signature`.
    """
    _refuse_wrong_calls(function)
    name = os.fsdecode(path)
    if not os.path.basename(name) or (os.path.exists(name) and not os.path.isfile(name)):
        problem = f"{name or 'a file without a name'} cannot be written: it is no file"
        raise Failure("unsavable", problem=problem, fix="Give another path.")
    if extension := compression(name):
        problem = f"pandas would decompress a file whose name ends with {extension}, and it is not compressed"
        raise Failure("unsavable", problem=problem, fix="Save it as model.pkl.")
    used = functions(function)
    _refuse_what_fails_in_the_box(used)
    first, why = _tried(function)
    if first is None:
        raise _unpicklable(why, function, used)
    content = pickled(function, versions([*first.load_modules, *first.call_imports]))
    try:
        write_atomically(name, content)
    except OSError as error:
        problem = f"{name} cannot be written: {error.strerror}"
        raise Failure("unsavable", problem=problem, fix="Give another path, or make room.") from None
    return api.inspect(name)


def pickled(function: Callable[..., Any], recorded: dict[str, str] | None = None) -> bytes:
    """Return the pickle of a function, with the user's own modules in it: the box has none of them.

    Args:
        function: anything that can be called.
        recorded: versions of libraries, kept in an attribute of the first function that the pickle holds.

    Raises:
        Exception: whatever objects raise that cannot be pickled.
    """
    known = cloudpickle.list_registry_pickle_by_value()
    modules = [
        module
        for name, module in list(sys.modules.items())
        if name not in known and name != "__main__" and getattr(module, "__name__", "") == name and is_own(module)
    ]
    file = io.BytesIO()
    try:
        for module in modules:
            cloudpickle.register_pickle_by_value(module)
        _Pickler(file, recorded).dump(function)
    finally:
        for module in modules:
            cloudpickle.unregister_pickle_by_value(module)
    return file.getvalue()


def pickled_or_failure(function: Callable[..., Any]) -> bytes:
    """Return the pickle of a function, whether or not it will run in the box.

    Raises:
        Failure: `unsavable`, if it cannot be called or pickled, with the line that is to blame.
    """
    _refuse_what_is_no_function(function)
    try:
        return pickled(function)
    except Exception as error:  # objects raise what they like
        raise _unpicklable(_no_pickle(error), function, functions(function)) from None


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """cloudpickle's, which gives the first function that it writes by value one attribute more than it has."""

    def __init__(self, file: io.BytesIO, recorded: dict[str, str] | None) -> None:
        super().__init__(file)
        self._recorded = recorded

    def reducer_override(self, value: Any) -> Any:
        """Return what the value is made from when it is loaded."""
        reduced = super().reducer_override(value)
        if self._recorded and isinstance(value, types.FunctionType) and isinstance(reduced, tuple):
            make, arguments, (attributes, slots), *rest = reduced
            reduced = make, arguments, ({**attributes, RECORDED: self._recorded}, slots), *rest
            self._recorded = None
        return reduced


def versions(modules: Iterable[str]) -> dict[str, str]:
    """Return the versions of the installed packages that some modules are of, by the names of the packages."""
    packages = metadata.packages_distributions()
    tops = {module.partition(".")[0] for module in modules}
    return {normal(name): metadata.version(name) for top in sorted(tops) for name in packages.get(top, ())}


# --- what is refused


def _refuse_what_is_no_function(function: Any) -> None:
    what = f"it is an instance of {type(function).__module__}.{type(function).__qualname__}"
    if isinstance(function, type):
        problem, fix = f"it is the class {function.__qualname__} itself", "Save an instance of it that has __call__."
        raise Failure("unsavable", problem=problem, fix=fix)
    if not callable(function):
        fix = WRAP_IT if hasattr(function, "predict") else "Save a function."
        raise Failure("unsavable", problem=f"{what}, which cannot be called", fix=fix)


def _refuse_wrong_calls(function: Callable[..., Any]) -> None:
    _refuse_what_is_no_function(function)
    runs_nothing = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)
    calls = (function, inspect.getattr_static(type(function), "__call__", None))
    if any(is_such(call) for is_such in runs_nothing for call in calls):
        problem = "calling it runs nothing: it is a coroutine or a generator"
        raise Failure("unsavable", problem=problem, fix="Use no async, await or yield in it: return a DataFrame.")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        what = f"it is an instance of {type(function).__module__}.{type(function).__qualname__}"
        fix = "Wrap it in a function of your own."
        raise Failure("unsavable", problem=f"{what}, which hides its parameters", fix=fix) from None
    if (count := len(signature.parameters)) not in (1, 2):
        name = getattr(function, "__name__", type(function).__name__)
        raise Failure("wrong_signature", signature=f"{name}{signature}", problem=f"takes {count} arguments")


def _refuse_what_fails_in_the_box(used: list[types.FunctionType]) -> None:
    """Refuse what would be found missing only when the function is called there."""
    for use in undefined(used):
        fix = f"Define or import {use.name} before you save the function."
        raise Failure("unsavable", problem=f"nothing defines {use.name}, which is used in {use.place}", fix=fix)
    for use in own_imports(used):
        problem = f"the box does not have {use.name}, a module of yours, which is imported in {use.place}"
        fix = "Import it at the top, outside of functions: what they use of it goes into the pickle then."
        raise Failure("unsavable", problem=problem, fix=fix)


def _unpicklable(why: str, function: Callable[..., Any], used: list[types.FunctionType]) -> Failure:
    """Return the failure, with what is to blame and where it is used, as far as that can be found."""
    # The last function that uses it is the one that no other is behind.
    blamed = ((use, _tried(use.value)[1]) for one in reversed(used) for use in uses(one))
    use, reason = next((found for found in blamed if found[1]), (None, ""))
    if use is None and hasattr(function, "cache_info"):
        fix = "Take functools.lru_cache or functools.cache away from it."
        return Failure("unsavable", problem="it is under functools.lru_cache, and is pickled as a mere name", fix=fix)
    if use is None:
        fix = "Make it inside the function, or leave it out."
        return Failure("unsavable", problem=f"something that it holds {why}", fix=fix)
    fix = f"Make {use.name} inside the function, or do without it."
    if isinstance(use.value, types.ModuleType):
        fix = f"Write `from {use.value.__name__} import ...`: only what the function uses is pickled then."
    return Failure("unsavable", problem=f"{use.name} {reason}; it is used in {use.place}", fix=fix)


def _tried(value: Any) -> tuple[Inspection | None, str]:
    """Return what the pickle of a value says of itself, or None and why there is none that would load."""
    try:
        inspection = inspect_bytes(pickled(value))
    except Exception as error:  # objects raise what they like
        return None, _no_pickle(error)
    if names := _left_behind(inspection):
        why = "as functions behind functools.lru_cache are, and objects whose __reduce__ says so"
        return None, f"is pickled as a mere name, {names[0]}, {why}"
    return inspection, ""


def _no_pickle(error: Exception) -> str:
    return f"cannot be pickled ({type(error).__name__}: {error})"


def _left_behind(inspection: Inspection) -> list[str]:
    """Return what a pickle names of the user's program and modules; `__main__` is another program in the box."""
    modules = [name for name in inspection.load_modules if is_own(sys.modules.get(name))]
    beginnings = tuple(f"{name}." for name in (*modules, "__main__"))
    return [name for name in inspection.load_globals if name.startswith(beginnings)]
