"""What a pickle would build, without building it: the C unpickler with nothing but stubs to call.

`pickle.Unpickler` does all the work of the stream (its opcodes, its memo), but whatever it looks up is a *stub*: a type
that imports nothing, and whose call only records that it was called, with what. So the structure of a pickle can be
walked, and no byte of it is ever run.
"""

import io
import pickle
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Iterable, Iterator
from typing import Any

MAKES_TYPE = ("_make_skeleton_class", "_make_skeleton_enum", "_create_type", "_create_namedtuple")
NAMES_TYPE = ("_builtin_type", "_load_type")
MAKES_BYTES = ("_codecs.encode", "builtins.bytes")
"""How bytes are pickled up to protocol 2, which has none: as text of Latin-1, and if they are empty by their type."""

SETS_STATE = ("_function_setstate", "_class_setstate")


class Stub:
    """Something that a pickle would make: by calling `made_by` with `args`, and then giving it `state`."""

    made_by: "type[Stub] | Stub | str" = ""
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}  # noqa: RUF012  never written to
    state: Any = None

    def __new__(cls, *args: Any, **kwargs: Any) -> "Stub":
        """Record a call; the metaclass calls this, and NEWOBJ does."""
        made = object.__new__(cls)
        made.__dict__.update(made_by=cls, args=args, kwargs=kwargs, items=[])
        return made

    def __call__(self, *args: Any, **kwargs: Any) -> "Stub":
        """Record the call of something that was made: a bound method, a partial."""
        made = object.__new__(Stub)
        made.__dict__.update(made_by=self, args=args, kwargs=kwargs, items=[])
        return made

    def append(self, item: Any) -> None:
        """Take an element of a list."""
        self.__dict__["items"].append(item)

    add = append

    def extend(self, items: Any) -> None:
        """Take elements of a list."""
        self.__dict__["items"].extend(items)

    def __setitem__(self, key: Any, value: Any) -> None:
        """Take an entry of a dict."""
        self.__dict__["items"].append((key, value))

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __reduce_ex__(self, _: Any) -> Any:
        raise TypeError("a stub is not pickled")


class _SetState:
    """BUILD looks for `__setstate__` on what it builds, which may be a stub or a type of stubs."""

    def __get__(self, instance: Any, owner: Any) -> Any:
        def record(state: Any) -> None:
            if instance is None:
                owner.type_state = state
            else:
                instance.__dict__["state"] = state

        return record


class StubType(type):
    """The type of all stub types: calling one records the call, and special ones do what their namesakes would."""

    module: str
    qualname: str
    type_state: Any
    maker: Any
    registry: "list[StubType]"
    called: bool
    """Whether the pickle calls it, other than by making an instance of it."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Record a call of a global."""
        name = cls.qualname
        if name in SETS_STATE and len(args) == 2:
            _attach(args[0], args[1])
            return None
        if name in NAMES_TYPE and len(args) == 1 and isinstance(args[0], str):
            return stub_type(cls.registry, "types", args[0])
        if name in MAKES_TYPE:
            return stub_type(cls.registry, "", _text(args[:2]), maker=(cls, args))
        if cls.key in MAKES_BYTES and all(isinstance(arg, str) for arg in args):
            return _text(args[:1]).encode("latin-1", errors="replace")
        if (cls.module, name) in (("builtins", "getattr"), ("__builtin__", "getattr")) and _names_attribute(args):
            return stub_type(cls.registry, args[0].module, f"{args[0].qualname}.{args[1]}")
        cls.called = True
        return Stub.__new__(cls, *args, **kwargs)  # type: ignore[arg-type]

    @property
    def key(cls) -> str:
        """The module and the name, as in "numpy.ndarray"."""
        return f"{cls.module}.{cls.qualname}" if cls.module else cls.qualname


def _names_attribute(args: tuple[Any, ...]) -> bool:
    return len(args) == 2 and isinstance(args[0], StubType) and isinstance(args[1], str)


def _text(values: Any) -> str:
    return next((value for value in values if isinstance(value, str)), "")


def _attach(target: Any, state: Any) -> None:
    if isinstance(target, StubType):
        target.type_state = state
    elif isinstance(target, Stub):
        target.__dict__["state"] = state


def stub_type(registry: list[StubType], module: str, qualname: str, maker: Any = None) -> StubType:
    """Make a type that stands for a global, or for a class that the pickle itself defines (`maker` is its recipe)."""
    namespace = {"module": module, "qualname": qualname, "maker": maker, "registry": registry}
    made = StubType("Stub", (Stub,), {**namespace, "type_state": None, "called": False, "__setstate__": _SetState()})
    registry.append(made)
    return made


class Structure(pickle.Unpickler):
    """Reads a pickle; `root` is what it holds, made of stubs; `globals` what it looks up, in its order;
    `types` all stub types that came up.

    Args:
        content: the bytes of the pickle, decompressed.

    Raises from `load`:
        whatever the unpickler raises for a stream that is none; what was read until then is kept.
    """

    def __init__(self, content: bytes) -> None:
        # Not a file: of a declared length of a terabyte, BytesIO says that it is cut off, a file tries to read it.
        self._stream = io.BytesIO(content)
        self._names_of_python_2 = content[:1] != b"\x80" or content[1:2] < b"\x03"
        super().__init__(self._stream, encoding="latin-1")
        self.globals: dict[tuple[str, str], StubType] = {}
        self.types: list[StubType] = []
        self.root: Any = None

    def read(self) -> int:
        """Read the pickle; return how many bytes it has."""
        self.root = self.load()
        return self._stream.tell()

    def find_class(self, module: str, name: str) -> StubType:
        """Record a global; import nothing."""
        if self._names_of_python_2:
            module, name = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
        known = self.globals.get((module, name))
        if known is None:
            known = self.globals[module, name] = stub_type(self.types, module, name)
        return known

    def persistent_load(self, pid: Any) -> Stub:
        """Record a reference to something outside of the pickle, as torch has them."""
        made = object.__new__(Stub)
        made.__dict__.update(made_by="persistent_load", args=(pid,), kwargs={}, items=[])
        return made


_NUMBERS = frozenset((type(None), bool, int, float, complex))
_SEQUENCES, _LEAVES = (list, tuple, set, frozenset), (str, bytes, bytearray)


def walk(root: Any) -> Iterator[Any]:
    """Yield every value that can be reached from one, each once, without recursion: pickles nest a million deep.

    But for numbers, of which a model may have a hundred million, and for lists, tuples and sets themselves.
    """
    todo, seen = [root], set()
    while todo:
        value = todo.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if not isinstance(value, _SEQUENCES):
            yield value
        if not isinstance(value, _LEAVES):
            todo += reversed([part for part in _parts(value) if type(part) not in _NUMBERS])


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, _SEQUENCES):
        return value
    if isinstance(value, dict):
        return [part for item in value.items() for part in item]
    if isinstance(value, Stub):
        content = value.__dict__
        return [content.get("made_by"), *content.get("args", ()), *content.get("kwargs", {}).values(),
                content.get("state"), *content.get("items", ())]  # fmt: skip
    if isinstance(value, StubType):
        return [value.type_state, value.maker]
    return []
