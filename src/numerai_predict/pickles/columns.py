"""Which columns of the data a pickle names: its models' own lists, and whatever looks like Numerai's names."""

import re
import struct
from collections.abc import Iterable
from typing import Any

from numerai_predict.pickles.structure import Stub

_NUMERAI = re.compile(r"feature_\S+|v\d+_\w+")
"""Features, and benchmark models such as v53_lgbm_ender20."""

_WORDS = re.compile(r"feature(?:_[^\W_][^\s_]*){3,}|feature_[a-z_]*\d+|v\d+_\w+")
"""The same in a text that stands anywhere: features have three words or a number, the parameters and attributes of
libraries (`feature_names_in_`, `feature_fraction_bynode`) two at most."""

_CATBOOST = re.compile(rb"(?:feature_|v\d)[^\0-\x20]{1,200}\0")

_LIGHTGBM = re.compile(r"\nfeature_names=([^\n]*)\n")
_XGBOOST = b"feature_names[#L"


def columns(values: Iterable[Any]) -> list[str]:
    """Return the names, each once, in the order in which the pickle has them."""
    found: dict[str, None] = {}
    for value in values:
        if isinstance(value, str):
            if len(value) < 200 and _WORDS.fullmatch(value):
                found[value] = None
            elif value.startswith("tree\n") and (match := _LIGHTGBM.search(value)):
                found.update(dict.fromkeys(name for name in match[1].split(" ") if _NUMERAI.fullmatch(name)))
        elif isinstance(value, bytes | bytearray) and _XGBOOST in value[:65536]:
            found.update(dict.fromkeys(name for name in _xgboost(bytes(value)) if _NUMERAI.fullmatch(name)))
        elif isinstance(value, bytes | bytearray) and value.startswith(b"CBM1"):
            found.update(dict.fromkeys(name for name in _catboost(value) if _NUMERAI.fullmatch(name)))
        elif isinstance(value, Stub) and isinstance(value.state, dict):
            found.update(dict.fromkeys(_scikit_learn(value.state.get("feature_names_in_"))))
    return list(found)


def _xgboost(content: bytes) -> list[str]:
    """The names in XGBoost's Universal Binary JSON: a count, then a letter, a length and the text of each."""
    at = content.find(_XGBOOST) + len(_XGBOOST)
    names = []
    try:
        (count,) = struct.unpack_from(">q", content, at)
        at += 8
        for _ in range(min(count, 100_000)):
            if content[at : at + 2] != b"SL":
                break
            (length,) = struct.unpack_from(">q", content, at + 2)
            if not 0 <= length <= 1000:
                break
            names.append(content[at + 10 : at + 10 + length].decode(errors="replace"))
            at += 10 + length
    except struct.error:
        pass  # cut off
    return names


def _catboost(content: bytes | bytearray) -> list[str]:
    """The names in CatBoost's FlatBuffer: a length, the text of each, and a zero byte."""
    names = []
    for match in _CATBOOST.finditer(content):
        start, end = match.start(), match.end() - 1
        if int.from_bytes(content[max(0, start - 4) : start], "little") == end - start:
            names.append(content[start:end].decode(errors="replace"))
    return names


def _scikit_learn(array: Any) -> list[str]:
    """The names in a NumPy array of objects: the last part of its state is the list of them."""
    state = array.state if isinstance(array, Stub) else None
    names = state[-1] if isinstance(state, tuple) and state else None
    return (
        [name for name in names if isinstance(name, str) and _NUMERAI.fullmatch(name)]
        if isinstance(names, list)
        else []
    )
