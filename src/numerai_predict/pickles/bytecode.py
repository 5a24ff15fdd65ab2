"""Which Pythons can have made a code object, read from its bytes.

A pickled function carries its bytecode, whose meaning changes with every minor version of Python. Each version leaves
its marks: the numbers of its opcodes, the empty cache words behind them, the table of lines, the prologue. A version is
possible if everything fits; what is left is a set, and a function runs under each Python of its set (3.11 and 3.12
share many small functions, instruction for instruction).

The numbers come from the interpreters themselves (`opcodes.json`, by tools/opcode_table.py).
"""

import json
import os
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

OLD = frozenset({"3.8", "3.9"})
"""Pythons that are told from 3.10 by their table of lines, not from each other; none is supported."""

CO_NOFREE, CO_HAS_DOCSTRING, CO_METHOD = 0x40, 0x4000000, 0x8000000  # inspect.CO_*
COMPARISONS = {"3.10": (0, 6), "3.11": (0, 6), "3.12": (4, 6), "3.13": (5, 6), "3.14": (5, 6), "3.15": (5, 6)}
"""How far the argument of COMPARE_OP is shifted, and how many comparisons there are."""

PAIRED = 4
"""Bits of each of the two indexes of LOAD_FAST_LOAD_FAST and its like."""

CALL_INTRINSIC_1_OF_3_12 = 173

REUSED = frozenset({87, 173, 174, 175, 176})
"""Opcodes that are something else in 3.11 than in 3.12: a function that has one does not run under both."""


class Code(NamedTuple):
    """A code object as a pickle holds it: the arguments of `types.CodeType`."""

    argcount: int
    posonlyargcount: int
    kwonlyargcount: int
    nlocals: int
    stacksize: int
    flags: int
    code: bytes
    consts: Sequence[Any]
    names: Sequence[str]
    varnames: Sequence[str]
    filename: str
    name: str
    firstlineno: int
    lines: bytes
    freevars: Sequence[str]
    cellvars: Sequence[str]
    qualname: str | None
    """None up to Python 3.10."""


def code_from_arguments(arguments: Sequence[Any]) -> Code | None:
    """Return the code object that would be made of these arguments; None if no Python takes them.

    16 of them are Python 3.8 to 3.10, 18 are 3.11 and later; dill puts one of its own before them from 3.10 on.
    """
    if len(arguments) in (17, 19) and isinstance(arguments[0], bytes):
        arguments = arguments[1:]
    if len(arguments) == 16:
        fields, qualname = [*arguments], None
    elif len(arguments) == 18:
        fields, qualname = [*arguments[:12], arguments[13], arguments[14], *arguments[16:]], arguments[12]
        if not isinstance(qualname, str):
            return None
    else:
        return None
    code = Code._make([*fields, qualname])
    return code if _is_well_formed(code) else None


def _is_well_formed(code: Code) -> bool:
    numbers = (*code[:6], code.firstlineno)
    texts = (code.names, code.varnames, code.freevars, code.cellvars)
    return (
        all(type(number) is int for number in numbers)
        and type(code.code) is bytes
        and type(code.lines) is bytes
        and isinstance(code.consts, tuple)
        and all(isinstance(names, tuple) and all(type(name) is str for name in names) for names in texts)
    )


def versions(code: Code) -> frozenset[str]:
    """Return the Pythons, as "3.12", that can have made a code object, and under which it means the same."""
    if not code.code or len(code.code) % 2:
        return frozenset()
    if code.qualname is None:
        covered = sum(code.lines[0::2])  # of a line table; of the table before it, the sum is smaller
        if covered < len(code.code):
            return OLD
        return frozenset({"3.10"} if covered == len(code.code) and _fits(code, "3.10") else ())
    if not _lines_fit(code):
        return frozenset()
    return frozenset(version for version in known_versions() if version != "3.10" and _fits(code, version))


def opcodes_used(code: Code, version: str) -> Iterator[tuple[str, int]]:
    """Yield the names of a code object's instructions and their arguments, as a version reads them."""
    for _, _, number, argument in instructions(code.code, table(version)):
        yield table(version).names[number], argument


@cache
def known_versions() -> tuple[str, ...]:
    """Return the Pythons whose opcodes are known, oldest first."""
    return tuple(_tables())


# --- tables


class Table:
    """The opcodes of one Python, by number."""

    def __init__(self, version: str, content: dict[str, Any]) -> None:
        self.version = version
        self.minor = int(version.partition(".")[2])
        self.names = [""] * 256
        for name, number in content["opcodes"].items():
            self.names[number] = name
        self.has_argument = set(content["arg"])
        self.consts, self.named, self.compare = (set(content[kind]) for kind in ("const", "name", "compare"))
        self.locals, self.free = set(content["local"]), set(content["free"])
        self.relative, self.absolute = set(content["jrel"]), set(content["jabs"])
        numbers = content["opcodes"]
        self.caches = [0] * 256
        for name, count in content["caches"].items():
            self.caches[numbers[name]] = count
        self.extended = numbers["EXTENDED_ARG"]
        self.legal = [bool(name) and not name.startswith(_NEVER_STORED) for name in self.names]
        self.paired = {numbers[name] for name in _PAIRS if name in numbers}
        self.shift = {numbers[name]: by for name, by in self._shifts().items() if name in numbers}
        self.unchecked_jumps = {numbers[name] for name in ("END_ASYNC_FOR",) if name in numbers}
        self.last = {number for number, name in enumerate(self.names) if name.startswith(_LAST)}
        self.prologue = {
            numbers[name] for name in ("COPY_FREE_VARS", "MAKE_CELL", "RETURN_GENERATOR") if name in numbers
        }

    def _shifts(self) -> dict[str, int]:
        """How far an argument is shifted before it is the index of a name: the bits below it are flags."""
        shifts = {"LOAD_GLOBAL": 1} if self.minor >= 11 else {}
        if self.minor >= 12:
            shifts |= {"LOAD_ATTR": 1, "LOAD_SUPER_ATTR": 2}
        if self.minor >= 15:
            shifts |= {"IMPORT_NAME": 2}
        return shifts


_NEVER_STORED = ("CACHE", "RESERVED", "INTERPRETER_EXIT", "INSTRUMENTED_", "ENTER_EXECUTOR")
_PAIRS = (
    "LOAD_FAST_LOAD_FAST",
    "STORE_FAST_LOAD_FAST",
    "STORE_FAST_STORE_FAST",
    "LOAD_FAST_BORROW_LOAD_FAST_BORROW",
)
_LAST = ("RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE", "JUMP_")


@cache
def _tables() -> dict[str, Table]:
    with open(os.path.join(os.path.dirname(__file__), "opcodes.json")) as file:
        content = json.load(file)
    return {version: Table(version, table) for version, table in content.items()}


def table(version: str) -> Table:
    """Return the opcodes of a Python.

    Raises:
        KeyError: that version is not known.
    """
    return _tables()[version]


def instructions(code: bytes, table: Table) -> list[tuple[int, int, int, int]]:
    """Return (first unit, unit after it and its caches, opcode, argument) of each instruction.

    Raises:
        ValueError: the bytes are no code of this version: an opcode that it lacks or never stores, an argument where
            there is none, a cache that is not empty.
    """
    found = []
    legal, caches, has_argument, extended = table.legal, table.caches, table.has_argument, table.extended
    without_argument_is_zero = table.minor >= 11  # 3.10's optimizer leaves arguments behind
    units = len(code) // 2
    at, start, prefix = 0, 0, 0
    while at < units:
        number, argument = code[2 * at], code[2 * at + 1]
        if not legal[number]:
            raise ValueError(f"opcode {number}")
        at += 1
        if number == extended:
            prefix = (prefix | argument) << 8
            continue
        if without_argument_is_zero and argument and number not in has_argument:
            raise ValueError(f"an argument of {table.names[number]}")
        if count := caches[number]:
            if any(code[2 * at : 2 * (at + count)]) or at + count > units:
                raise ValueError(f"the cache of {table.names[number]}")
            at += count
        found.append((start, at, number, prefix | argument))
        start, prefix = at, 0
    return found


# --- what has to fit


def _fits(code: Code, version: str) -> bool:
    opcodes = table(version)
    if not _flags_fit(code, opcodes.minor):
        return False
    try:
        found = instructions(code.code, opcodes)
    except ValueError:
        return False
    return (
        bool(found)
        and found[-1][2] in opcodes.last
        and _arguments_fit(code, opcodes, found)
        and _jumps_fit(opcodes, found)
        and (opcodes.minor < 11 or _prologue_fits(opcodes, found))
        and (opcodes.minor != 11 or not _calls_intrinsics(opcodes, found))
    )


def _flags_fit(code: Code, minor: int) -> bool:
    no_free = bool(code.flags & CO_NOFREE)
    if no_free is not (minor <= 10 and not code.freevars and not code.cellvars):
        return False
    newer = (CO_HAS_DOCSTRING if minor < 13 else 0) | (CO_METHOD if minor < 14 else 0)
    return not code.flags & newer


def _lines_fit(code: Code) -> bool:
    """Whether the location table (Python 3.11 and later) describes exactly as many units as there are."""
    table, at, units = code.lines, 0, 0
    while at < len(table):
        first = table[at]
        kind = first >> 3 & 15
        if not first & 0x80:
            return False
        units += (first & 7) + 1
        at += 1 + (1 if kind < 10 else 2 if kind < 13 else 0)
        for _ in range({13: 1, 14: 4}.get(kind, 0)):  # numbers of six bits a byte; one more bit says that more follow
            while at < len(table) and table[at] & 0x40:
                at += 1
            at += 1
    return at == len(table) and units == len(code.code) // 2


def _arguments_fit(code: Code, table: Table, found: list[tuple[int, int, int, int]]) -> bool:
    consts, names = len(code.consts), len(code.names)
    free = len(code.cellvars) + len(code.freevars)
    fast = len(code.varnames)
    if table.minor >= 11:  # one numbering for all variables
        free = fast = fast + len(set(code.cellvars) - set(code.varnames)) + len(code.freevars)
    shift, most = COMPARISONS[table.version]
    operations = 26 if table.minor >= 14 else 25
    for _, _, number, argument in found:
        if number in table.consts:
            fits = argument < consts
        elif number in table.named:
            fits = argument >> table.shift.get(number, 0) < names
        elif number in table.paired:
            fits = argument >> PAIRED < fast and argument & 15 < fast
        elif number in table.locals:
            fits = argument < fast
        elif number in table.free:
            fits = argument < free
        elif number in table.compare:
            fits = argument >> shift < most
        elif table.names[number] == "BINARY_OP":
            fits = argument <= operations
        elif table.names[number] == "COPY_FREE_VARS":
            fits = argument == len(code.freevars)
        else:
            continue
        if not fits:
            return False
    return True


def _jumps_fit(table: Table, found: list[tuple[int, int, int, int]]) -> bool:
    """Whether every jump lands on the start of an instruction; an instruction starts with its EXTENDED_ARG."""
    starts = {start for start, *_ in found}
    for _, end, number, argument in found:
        if number in table.absolute:
            target = argument
        elif number in table.relative and number not in table.unchecked_jumps:
            base = end if table.minor >= 12 else end - table.caches[number]
            target = base - argument if "BACKWARD" in table.names[number] else base + argument
        else:
            continue
        if target not in starts:
            return False
    return True


def _prologue_fits(table: Table, found: list[tuple[int, int, int, int]]) -> bool:
    """Whether RESUME comes first, but for what sets up cells and generators."""
    before = ""
    for _, _, number, argument in found:
        name = table.names[number]
        if name == "RESUME":
            return argument & 3 == 0
        if number not in table.prologue and not (name == "POP_TOP" and before == "RETURN_GENERATOR"):
            return False
        before = name
    return False


def _calls_intrinsics(table: Table, found: list[tuple[int, int, int, int]]) -> bool:
    """Whether what is a jump in 3.11 is 3.12's CALL_INTRINSIC_1, by its neighbours."""
    names = ["", *(table.names[number] for _, _, number, _ in found), ""]
    return any(
        found[at][2] == CALL_INTRINSIC_1_OF_3_12
        and (names[at] in ("LIST_EXTEND", "LIST_APPEND", "BUILD_LIST") or names[at + 2] == "RERAISE")
        for at in range(len(found))
    )
