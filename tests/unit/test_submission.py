"""The judge: each rule of a submission, what it says of a broken one, and that the bytes stay as they are."""

import io
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pytest

from numerai_predict.failures import Failure
from numerai_predict.submission import _NAN, CELLS_LIMIT, FIXES, WARNINGS, Submission, judge

try:
    from numerai_tools.submissions import validate_submission_numerai
except ImportError:  # it needs Python 3.11
    validate_submission_numerai = None

LIVE = [f"n{number:015x}" for number in range(20)]
FOREIGN = [f"n{number:015x}" for number in range(100, 110)]


def frame(values: Any = None, ids: Any = None, name: Any = "id", column: Any = "prediction") -> pd.DataFrame:
    ids = LIVE if ids is None else ids
    values = [(row + 0.5) / len(ids) for row in range(len(ids))] if values is None else values
    return pd.DataFrame({column: values}, index=pd.Index(ids, name=name))


def with_value(value: Any, row: int = 3) -> pd.DataFrame:
    predictions = frame()
    predictions.iloc[row, 0] = value
    return predictions


def text(predictions: pd.DataFrame | pd.Series) -> bytes:
    return predictions.to_csv().encode()


def refusal(csv: bytes | pd.DataFrame, live: list[str] = LIVE) -> Failure:
    with pytest.raises(Failure) as caught:
        judge(csv if isinstance(csv, bytes) else text(csv), live)
    assert caught.value.kind.name == "invalid_predictions"
    return caught.value


def codes(failure: Failure) -> list[str]:
    return [finding["code"] for finding in failure.evidence["findings"]]


def official_refusal(csv: bytes) -> str:
    """What numerai-tools says of the CSV; nothing when it accepts."""
    try:
        validate_submission_numerai(pd.Series(LIVE), pd.read_csv(io.BytesIO(csv)))
    except Exception as error:
        return str(error) or type(error).__name__
    return ""


# --- where earlier versions and the official validator differ


@dataclass(frozen=True)
class Case:
    """One output of a model, and what has to be said of it: violations, the official prefix, or warnings."""

    row: str
    name: str
    predictions: Callable[[], pd.DataFrame | pd.Series]
    violations: tuple[str, ...] = ()
    official: str = ""
    warnings: tuple[str, ...] = ()


ROWS = [
    HEADERS := 'column "preds" / extra column / index unnamed / RangeIndex / index "ID"',
    CONSTANT := "constant 0.5; std 3e-10",
    MISSING := "one id missing; one foreign id in place of a live one",
    TWICE := "one id twice",
    ACCEPTED := 'exact 0.0 and 1.0; column "probability"; float32; extra foreign ids',
    OUTSIDE := "1.2, inf, NaN",
    TOLERATED := "\N{MINUS SIGN}1e-9",
    SERIES := "Series named prediction, index named id",
]

CASES = [
    Case(HEADERS, 'column "preds"', lambda: frame(column="preds"), ("prediction_column",), "headers"),
    Case(HEADERS, "extra column", lambda: frame().assign(era="0001"), ("columns_extra",), "headers"),
    Case(HEADERS, "index unnamed", lambda: frame(name=None), ("id_unnamed",), "headers"),
    Case(
        HEADERS,
        "RangeIndex",
        lambda: frame().reset_index(drop=True),
        ("id_unnamed", "ids_missing"),
        "headers",
        ("ids_extra",),
    ),
    Case(HEADERS, 'index "ID"', lambda: frame(name="ID"), ("id_misnamed",), "headers"),
    Case(CONSTANT, "constant 0.5", lambda: frame(values=0.5), ("values_constant",), "values"),
    Case(CONSTANT, "std 3e-10", lambda: frame([0.5, 0.5 + 6e-10] * 10), ("values_constant",), "values"),
    Case(MISSING, "one id missing", lambda: frame().drop(LIVE[3]), ("ids_missing",), "ids"),
    Case(
        MISSING,
        "one foreign id in place of a live one",
        lambda: frame(ids=[*LIVE[:-1], FOREIGN[0]]),
        ("ids_missing",),
        "ids",
        ("ids_extra",),
    ),
    Case(TWICE, "one id twice", lambda: frame(ids=[*LIVE, LIVE[3]]), ("ids_duplicated",), "ids"),
    Case(ACCEPTED, "exact 0.0 and 1.0", lambda: frame([0.0, 1.0] * 10)),
    Case(ACCEPTED, 'column "probability"', lambda: frame(column="probability")),
    Case(ACCEPTED, "float32", lambda: frame().astype("float32")),
    Case(ACCEPTED, "extra foreign ids", lambda: frame(ids=LIVE + FOREIGN), warnings=("ids_extra",)),
    Case(OUTSIDE, "1.2", lambda: with_value(1.2), ("values_out_of_range",), "values"),
    Case(OUTSIDE, "inf", lambda: with_value(math.inf), ("values_out_of_range",), "values"),
    Case(OUTSIDE, "NaN", lambda: with_value(math.nan), ("values_nan",), "values"),
    Case(TOLERATED, TOLERATED, lambda: with_value(-1e-9), warnings=("values_at_tolerance",)),
    Case(SERIES, SERIES, lambda: frame()["prediction"], warnings=("returned_series",)),
]

each_case = pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.row}: {case.name}") for case in CASES])


def test_every_row_of_the_table_has_its_cases() -> None:
    """The cases cover the eight rows of the table of outputs that are judged differently."""
    assert len(ROWS) == len({case.row for case in CASES}) == 8


@each_case
def test_judge_gives_the_official_verdict(case: Case) -> None:
    """The judge accepts what the official rules accept, and names the rule that is broken otherwise."""
    predictions = case.predictions()
    csv, returned = text(predictions), type(predictions).__name__
    if case.violations:
        with pytest.raises(Failure) as caught:
            judge(csv, LIVE, returned)
        assert tuple(codes(caught.value)) == case.violations
        warnings = caught.value.evidence["warnings"]
        assert tuple(warning["code"] for warning in warnings) == case.warnings
    else:
        submission = judge(csv, LIVE, returned)
        assert tuple(warning.code for warning in submission.warnings) == case.warnings


@each_case
@pytest.mark.skipif(validate_submission_numerai is None, reason="numerai-tools is not installed (it needs Python 3.11)")
def test_numerai_tools_gives_that_verdict(case: Case) -> None:
    """The official validator says of each case what the table says it says."""
    said = official_refusal(text(case.predictions()))

    assert said.startswith(f"invalid_submission_{case.official}") if case.official else not said


# --- violations

VIOLATIONS = {
    "csv_malformed": (b"id,prediction\n" + b"a,1,2\n" * 4, 4, ("row 1", "row 2", "row 3")),
    "no_rows": (b"id,prediction\n", 1, ()),
    "id_unnamed": (frame(name=None), 1, ()),
    "id_misnamed": (frame(name="ID"), 1, ('"ID"',)),
    "id_not_first": (frame().reset_index(), 1, ()),
    "prediction_column": (frame(column="preds").assign(a=1, b=2, c=3), 4, ('"preds"', '"a"', '"b"')),
    "columns_extra": (frame().assign(a=1, b=2, c=3, d=4), 4, ('"a"', '"b"', '"c"')),
    "ids_nan": (frame(ids=[*LIVE, None, "", "NA", "nan"]), 4, ("row 21", "row 22", "row 23")),
    "ids_duplicated": (frame(ids=LIVE + LIVE[:4] + FOREIGN[:1] * 2), 4, tuple(LIVE[:3])),
    "ids_missing": (frame().iloc[4:], 4, tuple(LIVE[:3])),
    "values_not_numbers": (
        frame(["a", "1_0", "", " x", "\u0661", *[0.1, 0.2, 0.3] * 5]),
        4,
        (f"{LIVE[0]} = a", f"{LIVE[1]} = 1_0", f"{LIVE[3]} =  x"),
    ),
    "values_nan": (frame([None] * 4 + [0.1, 0.2] * 8), 4, tuple(LIVE[:3])),
    "values_out_of_range": (
        frame([1.2, -1.0, math.inf, -math.inf] + [0.1, 0.2] * 8),
        4,
        (f"{LIVE[0]} = 1.2", f"{LIVE[1]} = -1.0", f"{LIVE[2]} = inf"),
    ),
    "values_constant": (
        frame([0.5, 0.5 + 1e-10, 0.5 + 2e-10, 0.5 + 3e-10] * 5),
        4,
        ("0.5", "0.5000000001", "0.5000000002"),
    ),
}


@pytest.mark.parametrize("code", VIOLATIONS)
def test_violation_counts_and_shows_examples(code: str) -> None:
    """A violation says how often the rule is broken, shows at most three places, and its remedy is there."""
    csv, count, examples = VIOLATIONS[code]

    finding = next(finding for finding in refusal(csv).evidence["findings"] if finding["code"] == code)

    assert (finding["count"], finding["examples"]) == (count, list(examples))
    assert all(example in finding["sentence"] for example in examples)
    assert finding["sentence"].endswith(".")
    assert FIXES[code]


def test_live_data_that_repeat_an_id_are_refused() -> None:
    """Live data with an id twice can have no valid submission, as the official rule counts them."""
    failure = refusal(frame(), [*LIVE, LIVE[0]])

    assert codes(failure) == ["live_ids_repeated"]


def test_every_rule_is_tested() -> None:
    """No code of a violation is without a test."""
    assert set(FIXES) == {*VIOLATIONS, "live_ids_repeated"}


def test_all_violations_are_reported_at_once() -> None:
    """Broken header, ids and values are all named in one failure, whose sentence has them all."""
    predictions = frame([math.nan, 2.0, "x", *[0.5] * 18], ids=[*LIVE[:-1], LIVE[0], None], name="ID", column="preds")

    failure = refusal(predictions.assign(era=1).rename(columns={"preds": "prediction"}))

    assert codes(failure) == [
        "id_misnamed",
        "columns_extra",
        "ids_nan",
        "ids_duplicated",
        "ids_missing",
        "values_not_numbers",
        "values_nan",
        "values_out_of_range",
        "values_constant",
    ]
    assert all(finding["sentence"].rstrip(".") in failure.cause for finding in failure.evidence["findings"])


@pytest.mark.parametrize(
    ("predictions", "fix"),
    [
        (with_value(1.2), "Rank the predictions: predictions.rank(pct=True)."),
        (frame().reset_index(drop=True), "Keep live_features.index as the index of what you return."),
        (frame().iloc[1:], "Keep live_features.index as the index of what you return."),
        (frame(name=None), 'Name the index id: predictions.index.name = "id".'),
        (frame().reset_index(), 'Make the ids the index: predictions.set_index("id").'),
    ],
    ids=["range", "RangeIndex", "missing", "unnamed", "ids as a column"],
)
def test_the_remedy_fits_the_most_telling_violation(predictions: pd.DataFrame, fix: str) -> None:
    """The remedy is one sentence that mends the most telling violation."""
    assert refusal(predictions).remedy == fix


def test_values_are_judged_where_all_ids_are_foreign() -> None:
    """A lost index does not hide that the values are invalid, too."""
    failure = refusal(frame(values=[2.0] + [0.5] * 19).reset_index(drop=True))

    assert codes(failure) == ["id_unnamed", "ids_missing", "values_out_of_range", "values_constant"]


def test_a_failure_is_plain_data() -> None:
    """The evidence of a failure can be written to the record as it is."""
    evidence = refusal(frame(ids=[*LIVE[:-1], FOREIGN[0]])).evidence

    assert json.loads(json.dumps(evidence)) == evidence


def test_examples_are_short_and_printable() -> None:
    """What a model puts into an id cannot command a terminal, nor flood it."""
    failure = refusal(frame(ids=["\x1b[2J", "\u202eabc", "x" * 1000, *LIVE[3:]], values=[2.0, 3.0, 4.0, *[0.1] * 17]))

    assert str(failure).isprintable()
    assert len(str(failure)) < 1000


def test_cells_that_pandas_reads_as_nan_are_nan() -> None:
    """The judge's list of cells that mean NaN is that of pandas.read_csv."""
    parsers = pytest.importorskip("pandas._libs.parsers")

    assert parsers.STR_NA_VALUES | {"None"} == _NAN  # which pandas 1 still read as text


def test_the_spread_is_that_of_a_sample() -> None:
    """The official limit is for the deviation with n - 1, which pandas computes: here 1.02e-8, with n 0.995e-8."""
    submission = judge(text(frame([0.5, 0.5 + 1.99e-8] * 10)), LIVE)

    assert submission.rows == 20


# --- warnings

REMARKS = {
    "returned_series": (text(frame()), "Series", 1, ()),
    "returned_subclass": (text(frame()), "geopandas.GeoDataFrame", 1, ("geopandas.GeoDataFrame",)),
    "ids_extra": (text(frame(ids=LIVE + FOREIGN)), "DataFrame", 10, tuple(FOREIGN[:3])),
    "values_at_tolerance": (
        text(frame([-1e-9, 1 + 1e-9, *[0.1, 0.2] * 9])),
        "DataFrame",
        2,
        (f"{LIVE[0]} = -1e-09", f"{LIVE[1]} = 1.000000001"),
    ),
    "extra_values_invalid": (
        text(frame([*[0.1, 0.2] * 10, math.nan, 2.0, -1.0, math.inf], ids=LIVE + FOREIGN[:4])),
        "DataFrame",
        4,
        (f"{FOREIGN[0]} = ''", f"{FOREIGN[1]} = 2.0", f"{FOREIGN[2]} = -1.0"),
    ),
}


@pytest.mark.parametrize("code", WARNINGS)
def test_warning_counts_and_shows_examples(code: str) -> None:
    """What is accepted today and was refused before, or is ignored by Numerai, is said in one sentence."""
    csv, returned, count, examples = REMARKS[code]

    warning = next(warning for warning in judge(csv, LIVE, returned).warnings if warning.code == code)

    assert (warning.count, warning.examples) == (count, examples)
    assert warning.sentence.endswith(".")


def test_a_faultless_submission_has_no_warning() -> None:
    """Nothing is said about predictions with which nothing is wrong."""
    assert judge(text(frame()), LIVE) == Submission(text(frame()), 20, 0, ())


def test_rows_and_foreign_ids_are_counted() -> None:
    """Rows are counted as they are delivered, foreign ids each once."""
    submission = judge(text(frame(ids=LIVE + FOREIGN + FOREIGN)), LIVE)

    assert (submission.rows, submission.extra_ids) == (40, 10)


# --- the bytes


@pytest.mark.parametrize(
    "csv",
    [
        text(frame()),
        text(frame(ids=LIVE + ["a,b", 'a"b', "a\nb"])),
        text(frame()).replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + text(frame()),
        text(frame()).replace(b"\n", b"\n\n"),
        text(frame()) + b"abc\n",
        text(frame().map(" {} ".format)),
    ],
    ids=["plain", "quoted ids", "CRLF", "byte order mark", "empty lines", "short row", "spaces"],
)
def test_the_bytes_that_are_judged_are_delivered(csv: bytes) -> None:
    """What was judged is handed on as it came, not as the judge read it."""
    assert judge(csv, LIVE).csv is csv


@pytest.mark.parametrize(
    "csv",
    [
        b"",
        b"\n\n",
        b"\xff\xfe",
        text(frame()) + b"\xe9,0.5\n",
        text(frame()) + b"\0,0.5\n",
        text(frame()) + b'"abc,0.5\n',
        text(frame()) + b'"a"bc,0.5\n',
        text(frame()) + b"x" * 200_000 + b",0.5\n",
        text(frame()) + b"abc,0.5,0.5\n",
        b"id,prediction\n" + b"abc\n" * 3,
        b"," * (CELLS_LIMIT + 1),
        pd.DataFrame().to_csv().encode(),
        pd.DataFrame(index=LIVE).to_csv().encode(),
    ],
    ids=[
        "nothing",
        "empty lines",
        "UTF-16 mark",
        "not UTF-8",
        "NUL",
        "open quote",
        "text after a quote",
        "long field",
        "long row",
        "short rows",
        "too many cells",
        "empty frame",
        "no column",
    ],
)
def test_malformed_bytes_are_a_violation(csv: bytes) -> None:
    """Whatever bytes come, the judge refuses them as a fault of the model and does not fail itself."""
    assert refusal(csv).exit_code == 31


# --- cost


def test_a_round_is_judged_in_milliseconds() -> None:
    """The judge adds next to nothing to a run: for a full submission, less than the model's side takes to write it."""
    live = [f"n{number * 0x9E3779B97F4A7C15 % 2**60:015x}" for number in range(7058)]
    predictions = frame(ids=live)
    csv = text(predictions)
    judging, writing = [], []
    for _ in range(9):
        for seconds, action in ((judging, lambda: judge(csv, live)), (writing, predictions.to_csv)):
            start = time.process_time()
            action()
            seconds.append(time.process_time() - start)
    ratio = min(judging) / min(writing)
    print(f"{1000 * min(judging):.1f} ms, {ratio:.2f} of to_csv")

    assert ratio < 2
