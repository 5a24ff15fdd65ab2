"""The judge's verdict is that of numerai-tools, whatever a DataFrame writes."""

import io
import math
import warnings
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from numerai_predict.failures import Failure
from numerai_predict.submission import judge

official = pytest.importorskip(
    "numerai_tools.submissions",
    reason="numerai-tools is not installed (it needs Python 3.11): no verdict to compare with",
)

LIVE = [f"n{number:015x}" for number in (0x5EED, 0xBEEF, 0xC0FFEE, 0xE1E7, 0xF00D, 0xACE)]
FAMILIES = {"csv": "csv", "no": "ids", "id": "headers", "prediction": "headers", "columns": "headers"}
"""The official family of a code, by its first word; the others (ids, values) are named after theirs."""


# --- frames as models return them, mostly right, and wrong in one or two ways


def mostly(right: list[Any], wrong: list[Any]) -> st.SearchStrategy[Any]:
    """Something right; something wrong once in twenty times."""
    return st.integers(1, 20).flatmap(lambda n: st.sampled_from(wrong if n == 20 else right))


odd_ids = st.sampled_from(
    ["n0", "", None, math.nan, "nan", "None", "NA", "a,b", 'a"b', "a\nb", "a\rb", " ", "é", "1", 7, 1.5, True]
    + [LIVE[0], LIVE[0] + " ", LIVE[0].upper()]
)


@st.composite
def indexes(draw: st.DrawFn) -> pd.Index:
    ids: list[Any] = draw(st.permutations(LIVE))
    changes = st.lists(
        st.sampled_from(["drop", "add", "replace", "foreign", "foreign", "foreign", "range"]), max_size=2
    )
    for change in draw(mostly([[], ["foreign"]], [["range"]]) | changes):
        at = draw(st.integers(0, max(len(ids) - 1, 0)))
        if change == "drop":
            ids = ids[:at] + ids[at + 1 :]
        elif change == "add":
            ids = ids[:at] + [draw(odd_ids)] + ids[at:]
        elif change == "replace":
            ids = ids[:at] + [draw(odd_ids)] + ids[at + 1 :]
        elif change == "foreign":
            ids = ids + [f"n{number:015x}" for number in range(draw(st.integers(1, 5)))]
        else:
            ids = list(range(len(ids)))
    name = draw(mostly(["id"], [None, "ID", "", " id", "prediction", 0]))
    return pd.Index(ids, name=name, dtype=object)


# Away from the limits by more than the last digit, which read_csv rounds in its own way.
good_numbers = st.integers(0, 10**6).map(lambda n: n / 10**6)
near_the_limits = st.sampled_from(
    [0.0, 1.0, -0.0, 1e-300, 5e-324, -1e-9, -9e-9, -1.1e-8, -1e-7, 1 + 1e-9, 1 + 1e-6, 1 + 9e-6, 1.0000101, 1.0001]
)
far_numbers = st.sampled_from([math.nan, math.inf, -math.inf, 1.2, -3.0, 1e300, -1e300, 1e20, 2.0**63])
odd_texts = st.sampled_from(
    [
        "0.5",
        " 0.25 ",
        "\t0.5",
        "1_0",
        "0_1",
        "\u0661",
        "\u00a00.5",
        "",
        "NA",
        "None",
        "null",
        " nan",
        "+nan",
        "NAN",
        "inf",
    ]
    + ["Infinity", " inf", "-inf", "True", "False", "TRUE", "0x1", "1e-3", "1E0", "1e", ".5", "1.", "+.5", "--1", "1,5"]
    + ["abc", "5%", "1j", "1e400", "1e-400", "00.5", "0" * 400, "1" * 400, str(2**63), str(2**64), str(10**20), "[0.5]"]
) | st.text("0123456789.eE+- ", max_size=6)
odd_things = st.sampled_from([True, False, None, 0, 1, 2, 2**63, 2**64 - 1, 10**20, -1, Decimal("0.5"), Decimal("NaN")])


@st.composite
def values(draw: st.DrawFn, size: int) -> Any:
    numbers = draw(st.lists(good_numbers, min_size=size, max_size=size))
    kind = draw(st.sampled_from(["good", "good", "odd", "odd", "constant", "nearly", "int", "bool", "all odd"]))
    if kind in ("constant", "nearly"):
        # 1e-8 is the limit of the standard deviation.
        step = draw(st.sampled_from([1e-12, 1e-9, 3e-9, 5e-8, 1e-6])) if kind == "nearly" else 0.0
        numbers = [draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))] * size
        numbers = [abs(number - step * (row % 2)) for row, number in enumerate(numbers)]
    elif kind == "int":
        numbers = [row % 2 for row in range(size)]
    elif kind == "bool":
        numbers = [row % 2 == 0 for row in range(size)]
    things: list[Any] = list(numbers)
    if kind in ("odd", "int", "bool") and size:
        for thing in draw(st.lists(near_the_limits | far_numbers | odd_texts | odd_things, max_size=3)):
            things[draw(st.integers(0, size - 1))] = thing
    elif kind == "all odd":
        things = draw(st.lists(near_the_limits | odd_texts | odd_things, min_size=size, max_size=size))
    column = pd.Series(things, dtype=object)
    dtype = draw(st.sampled_from(["object", "infer", "float64", "float32", "Float64", "str", "category", "Decimal"]))
    event(f"values: {kind} as {dtype}")
    try:
        if dtype == "Decimal":
            return column.map(lambda thing: Decimal(repr(thing)) if isinstance(thing, float) else thing).values
        return (column.infer_objects() if dtype == "infer" else column.astype(dtype)).values
    except (ValueError, TypeError, OverflowError):
        return column.values


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    index = draw(indexes())
    column = draw(mostly(["prediction", "probability"], ["preds", "id", "", 0, "Prediction", None]))
    frame = pd.DataFrame({column: draw(values(len(index)))}, index=index)
    extra = draw(mostly([None], ["era", "id", "probability", ""]))
    if extra is not None and extra not in frame.columns:
        frame.insert(draw(st.integers(0, 1)), extra, 1)
    if draw(mostly([False], [True])):
        try:
            frame = frame.reset_index()
        except ValueError:
            pass  # a column of that name is there
    return frame


# --- the two verdicts


def official_verdict(csv: bytes) -> str:
    """The family of the rule that numerai-tools finds broken; "" when it accepts, "?" when it does not say."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # overflows in the spread of huge values
            official.validate_submission_numerai(pd.Series(LIVE), pd.read_csv(io.BytesIO(csv)))
    except AssertionError as error:
        prefix = str(error).partition(":")[0]
        return prefix.removeprefix("invalid_submission_") if prefix.startswith("invalid_submission_") else "?"
    except Exception:
        return "?"
    return ""


def own_verdict(csv: bytes) -> set[str]:
    """The families of the rules that the judge finds broken; empty when it accepts."""
    try:
        assert judge(csv, LIVE).csv is csv
    except Failure as failure:
        words = [finding["code"].partition("_")[0] for finding in failure.evidence["findings"]]
        return {FAMILIES.get(word, word) for word in words}
    return set()


# A whole number that needs an unsigned integer, in a row that is not of this round, is refused with or without need.
def needs_unsigned(frame: pd.DataFrame) -> bool:
    cells = [str(cell).strip(" \t\n\v\f\r").lstrip("+") for cell in frame.to_numpy().ravel()]
    return any(cell.isdecimal() and cell.isascii() and len(cell) < 30 and 2**63 <= int(cell) <= 2**64 for cell in cells)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(frames())
def test_the_verdict_is_the_official_one(frame: pd.DataFrame) -> None:
    """The judge accepts what numerai-tools accepts, and names the first rule that it finds broken."""
    csv = frame.to_csv().encode()

    expected, verdict = official_verdict(csv), own_verdict(csv)

    event(f"official: {expected or 'accepted'}")
    if not expected and verdict and needs_unsigned(frame):
        return
    assert bool(expected) == bool(verdict), (expected, verdict, csv)
    if expected and expected != "?":
        assert expected in verdict, (expected, verdict, csv)


@settings(max_examples=300, deadline=None)
@given(st.lists(odd_texts, min_size=1, max_size=4), st.booleans())
def test_no_text_passes_that_numerai_tools_refuses(cells: list[str], foreign: bool) -> None:
    """Whatever text stands among the values, in rows of this round or not, the judge is never the milder one."""
    ids = LIVE + ["x", "y", "z", "w"] if foreign else LIVE
    numbers = [f"0.{row}" for row in range(len(ids) - len(cells))]
    frame = pd.DataFrame({"prediction": numbers + cells}, index=pd.Index(ids, name="id"))
    csv = frame.to_csv().encode()

    assert own_verdict(csv) or not official_verdict(csv)
