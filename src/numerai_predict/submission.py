"""What makes predictions a valid submission of the Classic tournament.

The judge reads the CSV bytes that are to be delivered, believes nothing else, and never edits them. Its verdict is that
of Numerai's own validator, `numerai_tools.submissions.validate_submission_numerai`, on what `pandas.read_csv` makes of
these bytes; where the two could differ on bytes that no DataFrame writes, the judge is the one that refuses.

    the CSV     it can be read, and has rows
    the header  the ids under `id`, then `prediction` or `probability`, and nothing else
    the ids     none missing, none twice; foreign ones are left to Numerai, which ignores them
    the values  numbers, none NaN, from 0 to 1, not all the same
"""

import io
import math
from collections import Counter
from collections.abc import Sequence
from csv import Error as CsvError
from csv import reader
from dataclasses import dataclass
from typing import Any, NamedTuple

from numerai_predict.failures import Failure

ID_COLUMN = "id"
PREDICTION_COLUMNS = ("prediction", "probability")

CELLS_LIMIT = 5_000_000
"""Cells that are still judged; a submission has 14,000. What comes from a worker may be anything."""

FIXES = {
    "csv_malformed": "Return an ordinary DataFrame whose to_csv() is pandas' own.",
    "no_rows": "Return one row for each id of live_features.",
    "id_unnamed": 'Name the index id: predictions.index.name = "id".',
    "id_misnamed": 'Name the index id: predictions.index.name = "id".',
    "id_not_first": 'Make the ids the index: predictions.set_index("id").',
    "prediction_column": 'Return pandas.DataFrame({"prediction": values}, index=live_features.index).',
    "columns_extra": 'Return predictions[["prediction"]], with live_features.index as its index.',
    "ids_nan": "Keep live_features.index as the index of what you return.",
    "ids_duplicated": "Return each id once: keep live_features.index as the index of what you return.",
    "ids_missing": "Keep live_features.index as the index of what you return.",
    "live_ids_repeated": "Use the live features of one round, in which each id stands once.",
    "values_not_numbers": 'Return numbers: predictions["prediction"].astype(float).',
    "values_nan": "Fill what is missing: predictions.fillna(0.5); if that is all of it, find out where it is lost.",
    "values_out_of_range": "Rank the predictions: predictions.rank(pct=True).",
    "values_constant": "Return predictions that differ; check that the model sees the features it was trained on.",
}
"""Every rule, by the code of its violation in the order of judging, with the remedy."""

WARNINGS = (
    "returned_series",
    "returned_subclass",
    "ids_extra",
    "values_at_tolerance",
    "extra_values_invalid",
)
"""Codes of remarks: what Numerai's rules accept and earlier versions of numerai-predict refused, or what it ignores."""


@dataclass(frozen=True)
class Finding:
    """A rule that the predictions break, or a remark about them."""

    code: str
    """One of `FIXES` or `WARNINGS`."""

    count: int
    """How many ids, values, columns or rows it is about."""

    examples: tuple[str, ...]
    """At most three of them, short and printable."""

    sentence: str
    """What is wrong and where."""

    def as_json(self) -> dict[str, Any]:
        """The finding as plain data."""
        return {**vars(self), "examples": list(self.examples)}


@dataclass(frozen=True)
class Submission:
    """Predictions that passed every rule."""

    csv: bytes
    """The bytes that were judged, to be delivered as they are."""

    rows: int
    extra_ids: int
    """Ids that are not of this round."""

    warnings: tuple[Finding, ...]


def judge(csv: bytes, live_ids: Sequence[str], returned: str = "DataFrame") -> Submission:
    """Hold predictions against every rule of a submission.

    Args:
        csv: what `DataFrame.to_csv()` gave.
        live_ids: the ids of the round, as they stand in the live features.
        returned: the name of the type that the model returned.

    Raises:
        Failure: `invalid_predictions`, with every rule that is broken.
    """
    table = _read(csv)
    ids = _ids_as_read(table.ids)
    live = frozenset(live_ids)
    foreign = [] if live.issuperset(ids) else [id for id in dict.fromkeys(ids) if id not in live and id not in _NAN]
    warnings = _remarks_on_type(returned) + _remarks_on_ids(foreign)

    violations = _broken_header(table.header) + _broken_ids(ids, live_ids, live)
    if table.values is not None:
        # Where no row is of this round, the values are judged all the same: to name every fault at once.
        values = _Values.of(ids, table.values, frozenset(ids) if live.isdisjoint(ids) else live)
        violations += _broken_values(values)
        warnings += _remarks_on_values(values)

    if violations:
        raise _invalid(violations, warnings)
    return Submission(csv, len(ids), len(foreign), tuple(warnings))


# --- the CSV


class _Table(NamedTuple):
    header: list[str]
    ids: Sequence[str]
    values: Sequence[str] | None  # None when no column can be meant


def _read(csv: bytes) -> _Table:
    """The columns that hold the ids and the values, wherever they stand."""
    header, *rows = _rows(csv)
    try:
        columns: list[Sequence[str]] = list(zip(header, *rows, strict=True))
    except ValueError:
        columns = list(zip(header, *_evened(rows, len(header)), strict=True))
    columns = [column[1:] for column in columns]
    id_position = _id_position(header)
    position = _prediction_position(header, id_position)
    return _Table(header, columns[id_position], None if position is None else columns[position])


def _evened(rows: list[list[str]], width: int) -> list[list[str]]:
    """Short rows filled up, as pandas does; it refuses long ones."""
    long = [f"row {number}" for number, row in enumerate(rows, 1) if len(row) > width]
    if long:
        raise _malformed(f"{_count(len(long), 'row')} longer than the header", long)
    return [row + [""] * (width - len(row)) for row in rows]


def _rows(csv: bytes) -> list[list[str]]:
    if csv.count(b",") + csv.count(b"\n") + csv.count(b"\r") > CELLS_LIMIT:
        raise _malformed(f"more than {CELLS_LIMIT:,} cells")
    if b"\0" in csv:
        raise _malformed("a NUL byte")
    try:
        # Lines end where pandas ends them, at \n, \r and \r\n; an empty line is no row, and a byte order mark no text.
        rows = list(filter(None, reader(io.StringIO(csv.decode("utf-8-sig"), newline=""), strict=True)))
    except UnicodeDecodeError as error:
        raise _malformed(f"bytes that are not UTF-8, at {error.start:,}") from None
    except CsvError as error:
        raise _malformed(f"a fault in the quoting or a field that is too long: {error}") from None
    if not rows:
        raise _malformed("no header")
    return rows


def _malformed(what: str, examples: Sequence[str] = ()) -> Failure:
    return _invalid(
        [_finding("csv_malformed", f"The CSV cannot be judged, it has {what}", examples, len(examples) or 1)]
    )


# What `pandas.read_csv` takes for NaN, for a truth value, and for infinity (in any case).
_NAN = frozenset(
    ["", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>"]
    + ["N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"]
)
_BOOLEANS = {"True": 1.0, "TRUE": 1.0, "true": 1.0, "False": 0.0, "FALSE": 0.0, "false": 0.0}
_INFINITIES = frozenset(["inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"])
_BLANKS = " \t\n\v\f\r"
_NUMBER_CHARACTERS = frozenset("0123456789.e+-")
_EXPONENT_LIMIT = 9  # characters; pandas counts in 32 bits


def _numbers(cells: Sequence[str]) -> Sequence[float | None]:
    """The numbers that pandas reads; None is a cell that makes it read the whole column as text."""
    try:
        if _are_plain(cells) and max(numbers := list(map(float, cells)), default=0.0) < 2**63:
            return numbers
    except ValueError:
        pass
    if _BOOLEANS.keys() | _NAN >= set(cells):
        return [_BOOLEANS.get(cell, math.nan) for cell in cells]
    return [_number(cell) for cell in cells]


def _are_plain(cells: Sequence[str]) -> bool:
    """Whether float() takes no more than pandas does: it reads "1_0", digits of other scripts and any exponent."""
    text = "".join(cells)
    if text.encode().translate(None, b"0123456789.e+-"):
        return False
    return "e" not in text or all(len(cell.partition("e")[2]) <= _EXPONENT_LIMIT for cell in cells)


def _number(cell: str) -> float | None:
    if cell in _NAN:
        return math.nan
    if cell.lower() in _INFINITIES:
        return float(cell)
    text = cell.strip(_BLANKS).lower()
    if not set(text) <= _NUMBER_CHARACTERS or len(text.partition("e")[2]) > _EXPONENT_LIMIT:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    # A whole number that only an unsigned integer holds makes text of a column with NaN or negative numbers.
    if 2**63 <= number <= 2**64 and text.lstrip("+").isdigit():
        return None
    return number


def _ids_as_read(cells: Sequence[str]) -> Sequence[str]:
    """The ids that pandas reads: in a column of nothing but whole numbers, "007" is 7.

    The ids of a round are no numbers, so the first cell ends this.
    """
    if all(cell in _BOOLEANS for cell in cells):
        return [str(bool(_BOOLEANS[cell])) for cell in cells]
    numbers = []
    for cell in cells:
        number = _number(cell)
        if number is None or math.isnan(number):
            return cells
        numbers.append(number)
    try:
        integers = list(map(int, cells))
    except ValueError:
        return list(map(repr, numbers))
    fit = all(-(2**63) <= integer < 2**63 for integer in integers)
    return list(map(str, integers if fit else numbers))


# --- the header


def _id_position(header: list[str]) -> int:
    return header.index(ID_COLUMN) if ID_COLUMN in header else 0


def _prediction_position(header: list[str], id_position: int) -> int | None:
    others = [position for position in range(len(header)) if position != id_position]
    named = [position for position in others if header[position] in PREDICTION_COLUMNS]
    if named:
        return named[0]
    return others[0] if len(others) == 1 else None


def _broken_header(header: list[str]) -> list[Finding]:
    id_position = _id_position(header)
    others = header[:id_position] + header[id_position + 1 :]
    if id_position > 0 and not header[0]:
        others = others[1:]  # the index itself, which goes when the ids take its place
    return _broken_id_column(header, id_position) + _broken_prediction_column(others)


def _broken_id_column(header: list[str], position: int) -> list[Finding]:
    if header[0] == ID_COLUMN:
        return []
    if position > 0:
        return [_finding("id_not_first", f"The ids are not the index: id is column {position + 1}")]
    if not header[0]:
        return [_finding("id_unnamed", "The index has no name, and must have the name id")]
    return [_finding("id_misnamed", "The index must have the name id, and has another", [_quoted(header[0])])]


def _broken_prediction_column(others: list[str]) -> list[Finding]:
    named = [name for name in others if name in PREDICTION_COLUMNS]
    if not named:
        sentence = "Beside the ids there must be one column, prediction, and there is none of that name"
        return [_finding("prediction_column", sentence, [_quoted(name) for name in others])]
    others = list(others)
    others.remove(named[0])
    if not others:
        return []
    sentence = f"There {_are(others)} {_count(len(others), 'column')} too many beside id and {named[0]}"
    return [_finding("columns_extra", sentence, [_quoted(name) for name in others])]


# --- the ids


def _broken_ids(ids: Sequence[str], live_ids: Sequence[str], live: frozenset[str]) -> list[Finding]:
    if not ids:
        return [_finding("no_rows", "The predictions have no row")]
    found = set(ids)
    return (
        _nan_ids(ids, found)
        + _duplicated_ids(ids, found, live)
        + _missing_ids(found, live_ids)
        + _repeated_live_ids(live_ids, live)
    )


def _nan_ids(ids: Sequence[str], found: set[str]) -> list[Finding]:
    if found.isdisjoint(_NAN):
        return []
    rows = [f"row {number}" for number, id in enumerate(ids, 1) if id in _NAN]
    return [_finding("ids_nan", f"There is no id in {_count(len(rows), 'row')}", rows)]


def _duplicated_ids(ids: Sequence[str], found: set[str], live: frozenset[str]) -> list[Finding]:
    if len(ids) == len(found):
        return []
    twice = [id for id, times in Counter(ids).items() if times > 1 and id in live]
    return (
        [
            _finding(
                "ids_duplicated", f"The predictions have more than one row for {_count(len(twice), 'live id')}", twice
            )
        ]
        if twice
        else []
    )


def _missing_ids(found: set[str], live_ids: Sequence[str]) -> list[Finding]:
    missing = [id for id in live_ids if id not in found]
    if not missing:
        return []
    sentence = f"The predictions lack {len(missing):,} of {_count(len(live_ids), 'live id')}"
    return [_finding("ids_missing", sentence, missing)]


def _repeated_live_ids(live_ids: Sequence[str], live: frozenset[str]) -> list[Finding]:
    if len(live_ids) == len(live):
        return []
    repeated = [id for id, times in Counter(live_ids).items() if times > 1]
    sentence = f"The live data themselves repeat {_count(len(repeated), 'id')}"
    return [_finding("live_ids_repeated", sentence, repeated)]


def _remarks_on_ids(foreign: list[str]) -> list[Finding]:
    if not foreign:
        return []
    sentence = f"Numerai ignores {_count(len(foreign), 'id')} that the live data do not have"
    return [_finding("ids_extra", sentence, foreign)]


# --- the values


class _Values(NamedTuple):
    ids: Sequence[str]
    cells: Sequence[str]
    numbers: list[float]
    texts: list[int]
    """The rows, of this round or not, whose value is no number."""
    ordinary: list[float]
    """The numbers of this round that lie within 0 to 1."""
    odd: list[int]
    """The rows of this round with another number, or NaN."""
    odd_extra: list[int]
    """The same, of the rows that are not of this round."""

    @classmethod
    def of(cls, ids: Sequence[str], cells: Sequence[str], live: frozenset[str]) -> "_Values":
        read = _numbers(cells)
        texts = [row for row, number in enumerate(read) if number is None] if None in read else []
        numbers = [math.nan if number is None else number for number in read]
        ordinary = [number for id, number in zip(ids, numbers, strict=True) if 0 <= number <= 1 and id in live]
        odd = [row for row, number in enumerate(numbers) if not 0 <= number <= 1 and read[row] is not None]
        odd_live = [row for row in odd if ids[row] in live]
        odd_extra = [row for row in odd if ids[row] not in live]
        return cls(ids, cells, numbers, texts, ordinary, odd_live, odd_extra)

    def examples(self, rows: list[int]) -> list[str]:
        return [f"{_short(self.ids[row])} = {_short(self.cells[row])}" for row in rows[:3]]


def _broken_values(values: _Values) -> list[Finding]:
    return _not_numbers(values) + _nan_values(values) + _values_out_of_range(values) + _constant_values(values)


def _not_numbers(values: _Values) -> list[Finding]:
    # In any row: a single one makes pandas read the whole column as text.
    rows = values.texts
    if not rows:
        return []
    sentence = f"The predictions have {_count(len(rows), 'value')} that {_are(rows)} no number"
    return [_finding("values_not_numbers", sentence, values.examples(rows), len(rows))]


def _nan_values(values: _Values) -> list[Finding]:
    rows = [row for row in values.odd if math.isnan(values.numbers[row])]
    if not rows:
        return []
    ids = [values.ids[row] for row in rows[:3]]
    return [_finding("values_nan", f"The predictions have {_count(len(rows), 'NaN')}", ids, len(rows))]


def _values_out_of_range(values: _Values) -> list[Finding]:
    rows = [row for row in values.odd if not _is_within(n := values.numbers[row]) and not math.isnan(n)]
    if not rows:
        return []
    sentence = f"The predictions have {_count(len(rows), 'value')} outside 0 to 1"
    return [_finding("values_out_of_range", sentence, values.examples(rows), len(rows))]


def _constant_values(values: _Values) -> list[Finding]:
    numbers = values.ordinary + [n for row in values.odd if _is_within(n := values.numbers[row])]
    if len(numbers) < 2:
        return []  # the official rule has nothing against a single one
    deviation = _standard_deviation(numbers)
    if not _is_close(0.0, deviation):
        return []
    sentence = f"The {len(numbers):,} predictions are all but the same, with a standard deviation of {deviation:.2g}"
    return [_finding("values_constant", sentence, [repr(number) for number in dict.fromkeys(numbers)])]


def _remarks_on_values(values: _Values) -> list[Finding]:
    edge = [row for row in values.odd if _is_within(values.numbers[row])]
    extra = values.odd_extra
    remarks = []
    if edge:
        sentence = f"Numerai tolerates {_count(len(edge), 'value')} just outside 0 to 1, earlier checks did not"
        remarks.append(_finding("values_at_tolerance", sentence, values.examples(edge), len(edge)))
    if extra:
        sentence = f"Numerai ignores {_count(len(extra), 'value')} outside 0 to 1 or NaN that belong to no live id"
        remarks.append(_finding("extra_values_invalid", sentence, values.examples(extra), len(extra)))
    return remarks


def _is_within(number: float) -> bool:
    return (number >= 0 or _is_close(number, 0.0)) and (number <= 1 or _is_close(number, 1.0))


def _is_close(a: float, b: float) -> bool:
    """`numpy.isclose` with its own tolerances."""
    return abs(a - b) <= 1e-8 + 1e-5 * abs(b)


def _standard_deviation(numbers: list[float]) -> float:
    mean = math.fsum(numbers) / len(numbers)
    deviations = [number - mean for number in numbers]
    return math.sqrt(math.fsum(d * d for d in deviations) / (len(numbers) - 1))


# --- what is said


def _remarks_on_type(returned: str) -> list[Finding]:
    if returned == "DataFrame":
        return []
    if returned == "Series":
        sentence = (
            "The function returned a Series, which makes the same CSV as a DataFrame, but earlier checks refused it"
        )
        return [_finding("returned_series", sentence)]
    sentence = "The function returned a subclass of DataFrame, which earlier checks refused"
    return [_finding("returned_subclass", sentence, [returned])]


def _invalid(violations: list[Finding], warnings: Sequence[Finding] = ()) -> Failure:
    # An index that was lost also has no name, and may come with a column too many: keeping it mends all of that.
    telling = next((finding for finding in violations if finding.code == "ids_missing"), violations[0])
    return Failure(
        "invalid_predictions",
        violations=" ".join(finding.sentence for finding in violations).removesuffix("."),
        fix=FIXES[telling.code],
        findings=[finding.as_json() for finding in violations],
        warnings=[finding.as_json() for finding in warnings],
    )


def _finding(code: str, what: str, examples: Sequence[str] = (), count: int | None = None) -> Finding:
    count = len(examples) or 1 if count is None else count
    shown = tuple(_short(example, 130) for example in examples[:3])
    more = " and more" if count > len(shown) > 0 else ""
    where = f": {', '.join(shown)}{more}" if shown else ""
    return Finding(code, count, shown, f"{what}{where}.")


def _short(text: str, limit: int = 60) -> str:
    """A cell as it may be shown: nothing that a terminal obeys, and not at any length."""
    cut = text if len(text) <= limit else text[: limit - 3] + "..."
    return cut if cut and cut.isprintable() else repr(cut)


def _quoted(name: str) -> str:
    return f'"{_short(name)}"'


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _are(things: Sequence[object]) -> str:
    return "is" if len(things) == 1 else "are"
