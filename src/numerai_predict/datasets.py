"""The data of one round: live features and benchmark models, as local files that are what they should be."""

from dataclasses import dataclass

from numerai_predict.failures import Failure
from numerai_predict.local_files import LocalFile, open_file

PARQUET_MAGIC = b"PAR1"
"""A parquet file begins and ends with these bytes."""


@dataclass(frozen=True)
class Round:
    """The open files of one round."""

    live_features: LocalFile
    benchmark_models: LocalFile | None


def open_round(dataset: str, benchmarks: str | None) -> Round:
    """Open the files of a round.

    Raises:
        Failure: `usage` if a file does not exist, `data_unreadable` if it cannot be used.
    """
    return Round(
        live_features=_open_parquet(dataset, "--dataset"),
        benchmark_models=_open_parquet(benchmarks, "--benchmarks") if benchmarks else None,
    )


def _open_parquet(path: str, flag: str) -> LocalFile:
    try:
        file = open_file(path)
    except FileNotFoundError:
        problem = f"There is no data file {path}."
        raise Failure("usage", problem=problem, fix=f"Check the path given to {flag}.") from None
    except OSError as error:
        fix = "Check that this user may read it."
        raise Failure("data_unreadable", file=path, problem=error.strerror, fix=fix) from None
    if what := _not_parquet(file):
        file.close()
        raise Failure("data_unreadable", file=path, problem=what, fix="Download the file again.")
    return file


def _not_parquet(file: LocalFile) -> str | None:
    """Say what is wrong with a parquet file's two ends."""
    if file.first(4) != PARQUET_MAGIC:
        return "it is not a parquet file"
    footer = int.from_bytes(file.last(8)[:4], "little")
    if file.last(4) != PARQUET_MAGIC or footer + 12 > file.size:
        return "it is cut off: the parquet footer is missing"
    return None


def live_ids(index: str, rows: int, ids: bytes, file: str) -> list[str]:
    """Return the ids of the round, from what the worker read before it had seen a byte of the model.

    Raises:
        Failure: `data_unreadable` if the file has no rows, or no index `id` whose values are all different.
    """

    def unusable(problem: str) -> Failure:
        fix = "Use the live.parquet of the round as Numerai offers it."
        return Failure("data_unreadable", file=file, problem=problem, fix=fix)

    if index != "id":
        raise unusable(f"its index is {index!r}, not 'id'" if index else "it has no index `id`")
    if not rows:
        raise unusable("it has no rows")
    names = ids.decode().split("\n")
    if len(names) != rows or len(set(names)) != rows:
        raise unusable("its ids are not all different")
    return names
