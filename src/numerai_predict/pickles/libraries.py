"""Which versions of libraries made the objects of a pickle, as far as the bytes say so.

Each library leaves its mark in its own way; some write their version down, of others only the major one shows.
"""

import re
import struct
from collections.abc import Iterable
from typing import Any, NamedTuple

from numerai_predict.pickles.structure import Stub

_XGBOOST_JSON = re.compile(rb'"version":\[(\d+),(\d+),(\d+)\]')
_CATBOOST = re.compile(rb"Branch: (?:tags|heads/release)/v?(\d+\.\d+(?:\.\d+)?)")
_LIGHTGBM = re.compile(r"tree\nversion=v(\d+)\n")

RECORDED = "__numerai_predict__"
"""The attribute in which `numerai_predict.save` leaves the versions that it was made with."""

_VERSION = re.compile(r"\d[\w.+!-]{0,40}", re.ASCII)

_SIZES = {b"i": ">b", b"U": ">B", b"I": ">h", b"l": ">i", b"L": ">q"}
"""How the Universal Binary JSON of XGBoost writes whole numbers: a letter, then so many bytes."""


class Library(NamedTuple):
    """The version of a library that made something in the pickle."""

    version: str
    exact: bool
    """Whether that is the whole version; otherwise only its first part is known."""


def libraries(values: Iterable[Any], names: Iterable[str]) -> dict[str, Library]:
    """Return what is known, by the name of the distribution.

    Args:
        values: every value of the pickle.
        names: its globals, as in "numpy._core.multiarray._reconstruct".
    """
    found = _by_names(set(names))
    recorded = dict[str, Library]()
    for value in values:
        if isinstance(value, dict):
            recorded |= _recorded(value)
        if isinstance(value, Stub | dict):
            found |= _by_state(value.state if isinstance(value, Stub) else value)
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


def _by_state(state: Any) -> dict[str, Library]:
    if isinstance(state, dict) and isinstance(version := state.get("_sklearn_version"), str):
        return {"scikit-learn": Library(version, True)}
    return {}


def _by_names(names: set[str]) -> dict[str, Library]:
    found = {}
    if any(name.startswith("numpy._core.") for name in names):
        found["numpy"] = Library("2", False)
    elif any(name.startswith("numpy.core.") for name in names):
        found["numpy"] = Library("1", False)
    if any(name.startswith("pandas.core.internals.") or name == "pandas.core.frame.DataFrame" for name in names):
        found["pandas"] = Library("2", False)
    elif "pandas.DataFrame" in names or any(name.startswith("pandas.arrays.") for name in names):
        found["pandas"] = Library("3", False)
    return found


def _by_bytes(content: bytes | bytearray) -> dict[str, Library]:
    if content.startswith(b"CBM1"):
        match = _CATBOOST.search(content)
        return {"catboost": Library(match[1].decode(), True)} if match else {"catboost": Library("1", False)}
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


def cloudpickle(names: set[str]) -> str | None:
    """Return which cloudpickle made a pickle, by the globals that it uses: "3.0 or newer", for example."""
    short = {name.partition("cloudpickle.")[2] for name in names if "cloudpickle." in name}
    if {"cloudpickle._function_setstate", "cloudpickle._class_setstate"} & short:
        return "3.0 or newer"
    if {"cloudpickle_fast._function_setstate", "cloudpickle_fast._class_setstate"} & short:
        return "2.2" if "cloudpickle._make_function" in short else "older than 2.2"
    return "unknown" if short else None
