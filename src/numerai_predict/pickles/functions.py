"""The functions that a pickle holds: for which Pythons they are, what they import, and how they are called."""

import builtins
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from numerai_predict.pickles import bytecode
from numerai_predict.pickles.bytecode import Code
from numerai_predict.pickles.structure import Stub, StubType, walk

CODE = ("types.CodeType", "dill._dill._create_code")
FUNCTION = ("types.FunctionType", "dill._dill._create_function")
PARTIAL = ("functools.partial", "types.PartialType")
GETATTR = ("builtins.getattr", "__builtin__.getattr")

NOT_CALLED = ("builtins.object", "__builtin__.object", "types.object", "abc.ABC", "builtins.dict", "builtins.list",
              "sklearn.base.BaseEstimator", "sklearn.base.RegressorMixin", "sklearn.base.TransformerMixin")  # fmt: skip
"""Classes that users build theirs on, and that have no `__call__`."""

CO_VARARGS, CO_VARKEYWORDS = 0x04, 0x08

NOT_RUN = {0x20: "generator ", 0x80: "coroutine ", 0x200: "asynchronous generator "}
"""Flags of functions of which a call runs nothing, and what they are called."""


class Parameter(NamedTuple):
    """One parameter of a function, as `inspect.Parameter` has it."""

    name: str
    kind: str
    """The name of one of the kinds of `inspect.Parameter`: "POSITIONAL_OR_KEYWORD", "VAR_KEYWORD", ..."""

    has_default: bool = False

    def __str__(self) -> str:
        stars = {"VAR_POSITIONAL": "*", "VAR_KEYWORD": "**"}.get(self.kind, "")
        return f"{stars}{self.name}{'=...' if self.has_default else ''}"


class Function(NamedTuple):
    """A function, as a pickle makes it."""

    stub: Stub
    code: Code | None
    """None if no Python takes what the pickle makes code of."""

    module_globals: dict[str, Any]

    @property
    def name(self) -> str:
        """Its name."""
        return self.code.name if self.code else "?"


def is_function(value: Any) -> bool:
    """Whether a stub stands for a function that the pickle makes."""
    made_by = key(value)
    return (made_by.endswith("._make_function") or made_by in FUNCTION) and bool(value.args)


def is_code(value: Any) -> bool:
    """Whether a stub stands for a code object."""
    return key(value) in CODE


def function(stub: Stub) -> Function:
    """Return the function that a stub stands for."""
    arguments = stub.args
    code = code_of(arguments[0])
    module_globals = dict(arguments[1]) if len(arguments) > 1 and isinstance(arguments[1], dict) else {}
    slots = stub.state[1] if isinstance(stub.state, tuple) and len(stub.state) == 2 else {}
    if isinstance(slots, dict) and isinstance(slots.get("__globals__"), dict):
        module_globals |= slots["__globals__"]
    return Function(stub, code, module_globals)


def code_of(value: Any) -> Code | None:
    """Return the code object that a stub stands for; None if it is none, or one that no Python takes."""
    return bytecode.code_from_arguments(value.args) if key(value) in CODE else None


def codes(root: Any) -> list[Code | None]:
    """Return every code object, those of nested functions included."""
    return [code_of(value) for value in walk(root) if is_code(value)]


def pythons(found: Iterable[Code | None]) -> frozenset[str] | None:
    """Return the Pythons under which all of some code objects mean what they meant where they were made.

    None if there is no code, and so nothing that could tell; empty if no known Python made it all.
    """
    common: frozenset[str] | None = None
    for code in found:
        possible = bytecode.versions(code) if code else frozenset()
        common = possible if common is None else common & possible
    if common and {"3.11", "3.12"} <= common and any(_differs(code) for code in found if code):
        return frozenset({"3.11", "3.12"})
    return common


def interchangeable(found: Iterable[Code | None], versions: frozenset[str]) -> bool:
    """Whether code that may be of several Pythons runs under each of them: not if an opcode means another thing."""
    return len(versions) < 2 or not any(_differs(code) for code in found if code)


def _differs(code: Code) -> bool:
    return any(code.code[at] in bytecode.REUSED for at in range(0, len(code.code), 2))


def imports(found: Iterable[Code | None], version: str) -> list[str]:
    """Return the modules that are imported when functions are called, each once, in the order of the code."""
    names: dict[str, None] = {}
    shift = 2 if version == "3.15" else 0
    for code in filter(None, found):
        for name, argument in bytecode.opcodes_used(code, version):
            if name == "IMPORT_NAME" and argument >> shift < len(code.names):
                names[code.names[argument >> shift]] = None
    return list(names)


BUILT_IN = vars(builtins).keys() | {
    *("copyright", "credits", "exit", "help", "license", "quit"),  # by `site`, without which we may be run
    *("BaseExceptionGroup", "ExceptionGroup", "PythonFinalizationError"),  # since 3.11 and 3.13, and this may be 3.10
}
"""Names that every function finds."""


def undefined_names(found: Iterable[Function], version: str) -> set[str]:
    """Return the global names that functions use and that nobody defines: a NameError when they are called.

    Nested functions see the globals of the one around them; and what one function makes global, another may use.
    """
    undefined, stored = set[str](), set[str]()
    shift = 1 if version != "3.10" else 0
    for function in found:
        known = function.module_globals.keys() | BUILT_IN
        for code in filter(None, codes(function.stub.args[0])):
            for name, argument in bytecode.opcodes_used(code, version):
                if name == "LOAD_GLOBAL" and argument >> shift < len(code.names):
                    if (loaded := code.names[argument >> shift]) not in known:
                        undefined.add(loaded)
                elif name == "STORE_GLOBAL" and argument < len(code.names):
                    stored.add(code.names[argument])
    return {name for name in undefined - stored if not name.startswith("__")}


# --- how it is called


WITHOUT_CALL = "a class without __call__"
"""What `what` adds to an instance of a class that the pickle holds, and that makes nothing that can be called."""


def what(root: Any) -> str:
    """Return a phrase for what a pickle holds."""
    if root is None:
        return "None"
    if is_function(root):
        return f"the {_sort(function(root).code)}function {function(root).name}"
    if isinstance(root, StubType):
        return f"the class {root.key}" if root.maker else f"{root.key} itself"
    made_by = key(root)
    if made_by in ("types.MethodType", *GETATTR):
        return "a bound method"
    if made_by in PARTIAL:
        return "a functools.partial"
    if isinstance(root, Stub):
        cls = _class_of(root)
        if not isinstance(cls, StubType):
            return "something that a call makes"
        return f"an instance of {cls.key}{'' if _may_be_called(cls) else f', {WITHOUT_CALL}'}"
    return f"{'an' if type(root).__name__[0] in 'aeiou' else 'a'} {type(root).__name__}"


def _sort(code: Code | None) -> str:
    """The word for a function whose call runs nothing of it; nothing for others."""
    return next((word for flag, word in NOT_RUN.items() if code and code.flags & flag), "")


def parameters(root: Any) -> list[Parameter] | None:
    """Return the parameters that `inspect.signature` would find; None if the pickle itself does not tell them."""
    for _ in range(100):  # no honest chain of partials and wrappers is longer
        attributes = _attributes(root)
        if "__signature__" in attributes:
            return None  # it says something else than its code
        if (wrapped := attributes.get("__wrapped__")) is None:
            return _of_code(function(root)) if is_function(root) else _of_callable(root)
        root = wrapped
    return None


def frames(found: Sequence[Parameter]) -> int | None:
    """Return how many frames a function of these parameters is called with; None if no such call goes.

    One for each parameter, as Numerai's box counts; where that call cannot work, as some are for keywords only, with
    those that it takes. The worker does the same with what it has loaded.
    """
    for count in (len(found), 1, 2):
        if _takes(found, count):
            return count
    return None


def _takes(found: Sequence[Parameter], count: int) -> bool:
    """Whether a call with so many values, and none by name, goes."""
    by_position = [one for one in found if one.kind in ("POSITIONAL_ONLY", "POSITIONAL_OR_KEYWORD")]
    needed = [one for one in by_position if not one.has_default]
    by_name = any(one.kind == "KEYWORD_ONLY" and not one.has_default for one in found)
    any_number = any(one.kind == "VAR_POSITIONAL" for one in found)
    return len(needed) <= count and (any_number or count <= len(by_position)) and not by_name


def _of_callable(root: Any) -> list[Parameter] | None:
    made_by = key(root)
    if made_by in PARTIAL:
        return _of_partial(root)
    if made_by == "types.MethodType" and len(root.args) == 2:
        return _without_self(parameters(root.args[0]))
    if made_by in GETATTR and len(root.args) == 2:
        return _without_self(parameters(_member(_class_of(root.args[0]), root.args[1])))
    if isinstance(root, Stub):
        return _without_self(parameters(_member(_class_of(root), "__call__")))
    return None


def _of_code(function: Function) -> list[Parameter] | None:
    code = function.code
    if code is None:
        return None
    only, named = code.argcount, code.argcount + code.kwonlyargcount
    defaults, by_name = _defaults(function)
    found = []
    for at, name in enumerate(code.varnames[:only]):
        kind = "POSITIONAL_ONLY" if at < code.posonlyargcount else "POSITIONAL_OR_KEYWORD"
        found.append(Parameter(name, kind, at >= only - defaults))
    rest = list(code.varnames[named:])
    if code.flags & CO_VARARGS and rest:
        found.append(Parameter(rest.pop(0), "VAR_POSITIONAL"))
    found += [Parameter(name, "KEYWORD_ONLY", name in by_name) for name in code.varnames[only:named]]
    if code.flags & CO_VARKEYWORDS and rest:
        found.append(Parameter(rest[0], "VAR_KEYWORD"))
    return found


def _defaults(function: Function) -> tuple[int, set[str]]:
    """How many parameters have a default, from the last, and the names of those that only go by name."""
    arguments, state = function.stub.args, function.stub.state
    slots = state[1] if isinstance(state, tuple) and len(state) == 2 and isinstance(state[1], dict) else {}
    by_position = arguments[3] if len(arguments) > 3 else None
    by_position = by_position if by_position is not None else slots.get("__defaults__")
    by_name = slots.get("__kwdefaults__")
    count = len(by_position) if isinstance(by_position, tuple) else 0
    return count, set(by_name) if isinstance(by_name, dict) else set()


def _of_partial(stub: Stub) -> list[Parameter] | None:
    """A partial's parameters: those bound by position go, those bound by name become keyword-only, and stay."""
    state = stub.state if isinstance(stub.state, tuple) and len(stub.state) == 4 else (None, (), {}, None)
    bound = state[1] if isinstance(state[1], tuple) else ()
    by_name = state[2] if isinstance(state[2], dict) else {}
    inner = parameters(stub.args[0]) if stub.args else None
    if inner is None:
        return None
    left, result, named_before = len(bound), [], False
    for parameter in inner:
        if left and parameter.kind in ("POSITIONAL_ONLY", "POSITIONAL_OR_KEYWORD"):
            left -= 1
            continue
        if parameter.name in by_name and not parameter.kind.startswith("VAR"):
            parameter = Parameter(parameter.name, "KEYWORD_ONLY", True)
            named_before = True
        elif named_before and parameter.kind == "POSITIONAL_OR_KEYWORD":
            parameter = parameter._replace(kind="KEYWORD_ONLY")
        elif named_before and parameter.kind == "VAR_POSITIONAL":
            continue
        result.append(parameter)
    return result


def _without_self(found: list[Parameter] | None) -> list[Parameter] | None:
    if not found:
        return found
    return found if found[0].kind == "VAR_POSITIONAL" else found[1:]


def _class_of(value: Any) -> Any:
    if key(value) == "copyreg._reconstructor":  # up to protocol 1
        return value.args[0] if value.args else None
    return value.__dict__.get("made_by") if isinstance(value, Stub) else None


def _member(cls: Any, name: Any) -> Any:
    """A function of a class that the pickle defines, or of its bases that it defines as well."""
    if not isinstance(name, str):
        return None
    return next((content[name] for content in map(_content, _lineage(cls)) if name in content), None)


def _may_be_called(cls: StubType) -> bool:
    """Whether instances of a class may be called: certain, if the pickle holds it and all that it is built on."""
    known = all(isinstance(one, StubType) and (one.maker or one.key in NOT_CALLED) for one in _lineage(cls))
    return not known or _member(cls, "__call__") is not None


def _lineage(cls: Any) -> list[Any]:
    """A class and, if the pickle defines it, all that it is built on, each once."""
    found = {id(cls): cls}
    todo = [cls]
    for one in todo:  # grows while it is walked
        if isinstance(one, StubType) and one.maker:
            _, arguments = one.maker
            bases = {id(base): base for part in arguments if isinstance(part, tuple) for base in part}
            todo += [base for known, base in bases.items() if known not in found]
            found |= bases
    return todo


def _content(cls: Any) -> dict[Any, Any]:
    """The names that a class defines, as far as the pickle holds them."""
    if not isinstance(cls, StubType):
        return {}
    state = cls.type_state[0] if isinstance(cls.type_state, tuple) and cls.type_state else cls.type_state
    content = dict(state) if isinstance(state, dict) else {}
    for part in cls.maker[1] if cls.maker else ():
        if isinstance(part, dict):
            content = part | content  # dill gives a class its content when it makes it
    return content


def _attributes(value: Any) -> dict[str, Any]:
    """The attributes of a function or an instance: its state, or the first part of it, if there are slots as well."""
    state = value.state if isinstance(value, Stub) else None
    state = state[0] if isinstance(state, tuple) and state else state
    return state if isinstance(state, dict) else {}


def key(value: Any) -> str:
    """Return what made a stub, as in "types.CodeType"; empty for everything else."""
    made_by = value.__dict__.get("made_by") if isinstance(value, Stub) else None
    return made_by.key if isinstance(made_by, StubType) else ""
