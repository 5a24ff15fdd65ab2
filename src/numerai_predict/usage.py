"""What a function uses when it is called, and in which line: globals, imports, and the functions behind them."""

import builtins
import dis
import functools
import importlib.util
import linecache
import os
import site
import sys
import sysconfig
import types
from collections.abc import Iterator
from typing import Any, NamedTuple

import numerai_predict


class Use(NamedTuple):
    """A name, and where it is used."""

    name: str
    code: types.CodeType
    line: int
    value: Any = None

    @property
    def place(self) -> str:
        """File, line and the line's text, as in "model.py:3: `return scale(live_features)`"."""
        text = linecache.getline(self.code.co_filename, self.line).strip()
        return f"{_file(self.code.co_filename)}:{self.line}" + (f": `{text}`" if text else "")


def _file(name: str) -> str:
    """Return a file's name as its user knows it: a cell by its number, not by the file that it was compiled as."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    known = shell and shell.compile.format_code_name(name)
    return " ".join(known) if known else name


# --- whose a module is

_STANDARD_LIBRARY = [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")]

_LIBRARIES = tuple(
    os.path.join(os.path.realpath(folder), "")
    for folder in (*_STANDARD_LIBRARY, *site.getsitepackages(), site.getusersitepackages(), *numerai_predict.__path__)
)


def is_own(module: types.ModuleType | None) -> bool:
    """Whether a module is the user's own: neither of the standard library, nor an installed package, nor of ours."""
    file = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", ())), None)
    return isinstance(file, str) and _is_own(file)


def _is_own(file: str) -> bool:
    file = os.path.realpath(file)
    installed = {"site-packages", "dist-packages"} & set(file.split(os.sep))  # whoever's, whatever Python they are of
    return not installed and not file.startswith(_LIBRARIES)


def _travels(value: Any) -> bool:
    """Whether a function or class goes into a pickle itself; of a library, only its name does."""
    name = getattr(value, "__module__", None)
    return name == "__main__" or not isinstance(name, str) or name not in sys.modules or is_own(sys.modules[name])


# --- what is reached


def functions(root: Any) -> list[types.FunctionType]:
    """Return the functions of the user's that may run when a callable is called, itself first.

    Of a module, that is what is used of it.
    """
    found: list[types.FunctionType] = []
    todo, seen = [root], set()
    for value in todo:  # grows while it is walked
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, types.FunctionType) and _travels(value):
            found.append(value)
        todo += _behind(value)
    return found


def _behind(value: Any) -> list[Any]:
    """Return what runs, or may run, if a value is used."""
    if isinstance(value, types.FunctionType):
        return _behind_function(value) if _travels(value) else []
    if isinstance(value, functools.partial):
        return [value.func, *value.args, *value.keywords.values()]
    if isinstance(value, types.MethodType | staticmethod | classmethod):
        return [value.__func__, getattr(value, "__self__", None)]
    if isinstance(value, property):
        return [value.fget]
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, type):
        return [*value.__bases__, *vars(value).values()] if _travels(value) else []
    if _travels(type(value)):
        return [type(value), *getattr(value, "__dict__", {}).values()]
    return []


def _behind_function(function: types.FunctionType) -> list[Any]:
    used = [use.value for use in uses(function)]
    attributes = {name for code in _codes(function.__code__) for name in code.co_names}
    used += [
        member
        for module in used
        if isinstance(module, types.ModuleType) and is_own(module)
        for name, member in vars(module).items()
        if name in attributes
    ]
    defaults = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    return [*used, *defaults, *vars(function).values()]


# --- line by line


def uses(function: types.FunctionType) -> list[Use]:
    """Return the globals and the variables of outer functions that a function uses, with their values."""
    known = {"LOAD_GLOBAL": function.__globals__, "LOAD_DEREF": _closure(function)}
    return [
        Use(step.argval, code, line, known[step.opname][step.argval])
        for code, line, step in _steps(function)
        if step.argval in known.get(step.opname, ())
    ]


def undefined(used: list[types.FunctionType]) -> list[Use]:
    """Return the globals that functions use and nobody defines, nor any of them: a NameError when they are called."""
    steps = [(function, *step) for function in used for step in _steps(function)]
    known = vars(builtins).keys() - {"display", "get_ipython"}  # which IPython puts there
    known |= {step.argval for *_, step in steps if step.opname == "STORE_GLOBAL"}
    return [
        Use(step.argval, code, line)
        for function, code, line, step in steps
        if step.opname == "LOAD_GLOBAL" and step.argval not in known and step.argval not in function.__globals__
    ]


def own_imports(used: list[types.FunctionType]) -> list[Use]:
    """Return the modules of the user's own that functions import when they are called."""
    found = []
    steps = [step for function in used for step in _steps(function)]
    for at, (code, line, step) in enumerate(steps):
        if step.opname == "IMPORT_NAME":
            level = steps[at - 2][2].argval  # the statement loads this, then the names after `import`
            if level or _is_own_module(step.argval.partition(".")[0]):
                found.append(Use("." * level + step.argval, code, line))
    return found


def _is_own_module(name: str) -> bool:
    if name in sys.modules or name in sys.stdlib_module_names:
        return is_own(sys.modules.get(name))
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return False
    files = [found.origin, *(found.submodule_search_locations or ())] if found else []
    return any(file and _is_own(file) for file in files)


def _closure(function: types.FunctionType) -> dict[str, Any]:
    values = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            values[name] = cell.cell_contents
        except ValueError:
            pass  # not assigned yet
    return values


def _steps(function: types.FunctionType) -> Iterator[tuple[types.CodeType, int, dis.Instruction]]:
    """Yield the instructions of a function and of those written in it, with their code and line."""
    for code in _codes(function.__code__):
        starts = dict(dis.findlinestarts(code))
        line = code.co_firstlineno
        for step in dis.get_instructions(code):
            line = starts.get(step.offset) or line
            if step.opname != "EXTENDED_ARG":
                yield code, line, step


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)
