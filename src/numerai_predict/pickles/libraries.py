"""Which versions of libraries made the objects of a pickle, as far as the bytes say so.

Each library leaves its mark in its own way; some write their version down, of others only the major one shows.
"""

import re
import struct
from collections.abc import Iterable
from typing import Any, NamedTuple

from numerai_predict.pickles.functions import key
from numerai_predict.pickles.structure import Stub

_XGBOOST_JSON = re.compile(rb'"version":\[(\d+),(\d+),(\d+)\]')
_CATBOOST = re.compile(rb"Branch: (?:tags|heads/release)/v?(\d+\.\d+(?:\.\d+)?)|CatBoost [Rr]elease (\d+\.\d+\.\d+)\.")
"""What CatBoost writes of the commit that it was built from: its tag, or the line by which it was released."""

_LIGHTGBM = re.compile(r"tree\nversion=v(\d+)\n")
_DEVICE = re.compile(rb"X(.)\0\0\0((?:cuda|mps|xpu|hpu)(?::\d+)?)", re.DOTALL)
"""Where the storage of a tensor has to be put, as torch pickles it: BINUNICODE, a length, the text."""

RECORDED = "__numerai_predict__"
"""The attribute in which `numerai_predict.save` leaves the versions that it was made with."""

_VERSION = re.compile(r"\d[\w.+!-]{0,40}", re.ASCII)

_SIZES = {b"i": ">b", b"U": ">B", b"I": ">h", b"l": ">i", b"L": ">q"}
"""How the Universal Binary JSON of XGBoost writes whole numbers: a letter, then so many bytes."""

POLARS_COLUMNS, POLARS_STREAM = "1.19 or older", "1.20 or newer"
"""Those that pickle a frame column by column, and those that pickle it as one stream."""

_PANDAS_3 = ("DataFrame", "Series", "Index", "RangeIndex", "DatetimeIndex", "MultiIndex", "Categorical", "StringDtype")
"""Classes that name `pandas` as their module only since pandas 3."""


class Library(NamedTuple):
    """The version of a library that made something in the pickle."""

    version: str
    exact: bool
    """Whether that is the whole version; otherwise only its first part is known."""

    def __str__(self) -> str:
        return self.version if self.exact or not self.version[-1].isdigit() else f"{self.version}.x"


def libraries(values: Iterable[Any], names: Iterable[str]) -> dict[str, Library]:
    """Return what is known, by the name of the distribution.

    Args:
        values: every value of the pickle.
        names: its globals, as in "numpy._core.multiarray._reconstruct".
    """
    found = _by_names(set(names))
    recorded = dict[str, Library]()
    for value in values:
        if isinstance(value, Stub):
            made_by = key(value)
            found |= _by_call(made_by, value.args) or _by_state(made_by, value.state)
        elif isinstance(value, dict):
            recorded |= _recorded(value)
            found |= _by_state("", value)
        elif isinstance(value, str) and (match := _LIGHTGBM.match(value[:64])):
            found["lightgbm"] = Library(match[1], False)
        elif isinstance(value, bytes | bytearray) and len(value) > 64:
            found |= _by_bytes(value)
    marked = {name for name, library in found.items() if library.exact}  # the objects' own word counts more
    return found | {name: library for name, library in recorded.items() if name not in marked}


def _recorded(attributes: dict[Any, Any]) -> dict[str, Library]:
    versions = attributes.get(RECORDED)
    return {
        name: Library(version, True)
        for name, version in (versions.items() if isinstance(versions, dict) else ())
        if isinstance(name, str) and isinstance(version, str) and _VERSION.fullmatch(version)
    }


def _by_names(names: set[str]) -> dict[str, Library]:
    found = {}
    if any(name.startswith("numpy._core.") for name in names):
        found["numpy"] = Library("2", False)
    elif any(name.startswith("numpy.core.") for name in names):
        found["numpy"] = Library("1", False)
    # Both have pandas.core.internals.
    if any(name in names for name in map("pandas.{}".format, _PANDAS_3)) or _any(names, "pandas.arrays."):
        found["pandas"] = Library("3", False)
    elif _any(names, "pandas.core.internals.", "pandas.core.indexes.", "pandas.core.frame.", "pandas.core.series."):
        found["pandas"] = Library("2", False)
    return found


def _any(names: set[str], *beginnings: str) -> bool:
    return any(name.startswith(beginnings) for name in names)


_RANDOM = ("__bit_generator_ctor", "__generator_ctor", "__randomstate_ctor")
"""By what NumPy makes generators of random numbers again, in `numpy.random._pickle`."""


def _by_call(called: str, arguments: tuple[Any, ...]) -> dict[str, Library]:
    if arguments and called.startswith("numpy.random._pickle.") and called.endswith(_RANDOM):
        # NumPy 1 names the kind of generator; NumPy 2 gives its class, or what was made of it.
        return {"numpy": Library("1" if isinstance(arguments[0], str) else "2", False)}
    return {}


def _by_state(made_by: str, state: Any) -> dict[str, Library]:
    if made_by == "polars.dataframe.frame.DataFrame":
        return {"polars": Library(POLARS_COLUMNS if isinstance(state, list) else POLARS_STREAM, False)}
    if not isinstance(state, dict):
        return {}
    if isinstance(version := state.get("_sklearn_version"), str):
        return {"scikit-learn": Library(version, True)}
    if made_by.startswith("lightgbm.sklearn."):
        return {"lightgbm": Library("3" if "silent" in state else "4", False)}
    return {}


def _by_bytes(content: bytes | bytearray) -> dict[str, Library]:
    if content.startswith(b"CBM1"):
        match = _CATBOOST.search(content)
        return {"catboost": Library((match[1] or match[2]).decode(), True) if match else Library("1", False)}
    if content.startswith(b"{") and (version := _xgboost(content)):
        return {"xgboost": Library(version, True)}
    return {}


def _xgboost(content: bytes | bytearray) -> str | None:
    if match := _XGBOOST_JSON.search(content):
        return ".".join(part.decode() for part in match.groups())
    at = content.rfind(b"version[#L")
    if at < 0 or b"learner" not in content:
        return None
    at += len(b"version[#L") + 8
    parts = []
    for _ in range(3):
        form = _SIZES.get(bytes(content[at : at + 1]))
        if form is None or at + 1 + struct.calcsize(form) > len(content):
            return None
        parts.append(struct.unpack_from(form, content, at + 1)[0])
        at += 1 + struct.calcsize(form)
    return ".".join(map(str, parts))


def devices(values: Iterable[Any]) -> list[str]:
    """Return where torch has to put tensors of the pickle, other than into memory: "cuda:0", for example."""
    found: dict[str, None] = {}
    for value in values:
        if key(value) == "torch.storage._load_from_bytes" and value.args and isinstance(value.args[0], bytes):
            matches = _DEVICE.finditer(value.args[0])
            found |= dict.fromkeys(match[2].decode() for match in matches if len(match[2]) == match[1][0])
    return list(found)


def cloudpickle(names: set[str]) -> str | None:
    """Return which cloudpickle made a pickle, by the globals that it uses: "3.0 or newer", for example."""
    short = {name.partition("cloudpickle.")[2] for name in names if "cloudpickle." in name}
    if {"cloudpickle._function_setstate", "cloudpickle._class_setstate"} & short:
        return "3.0 or newer"
    if {"cloudpickle_fast._function_setstate", "cloudpickle_fast._class_setstate"} & short:
        return "2.2" if "cloudpickle._make_function" in short else "older than 2.2"
    return "unknown" if short else None
