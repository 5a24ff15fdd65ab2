"""The data of one round: live features and benchmark models, as local files that are what they should be."""

import os
import re

from numerai_predict.failures import Failure
from numerai_predict.local_files import LocalFile, open_file
from numerai_predict.redaction import is_url, without_query

VERSION = "v5.3"
"""The dataset that is used unless another is named. Raised only in a release: a model names the features of one."""

LIVE_FEATURES = f"{VERSION}/live.parquet"
BENCHMARK_MODELS = f"{VERSION}/live_benchmark_models.parquet"

PARQUET_MAGIC = b"PAR1"
"""A parquet file begins and ends with these bytes."""

_NUMERAI_NAME = re.compile(r"v\d+(\.\d+)*/[\w.-]+")


def is_local(location: str) -> bool:
    """Whether a location is a path: a file that exists, or whatever is no name of one of Numerai's files."""
    return os.path.exists(location) or not _NUMERAI_NAME.fullmatch(location)


# --- local files


def open_data(path: str, flag: str) -> LocalFile:
    """Open a local parquet file.

    Raises:
        Failure: `usage` if it does not exist, `data_unreadable` if it cannot be used.
    """
    try:
        file = open_file(os.path.expanduser(path))
    except FileNotFoundError:
        problem = f"There is no data file {without_query(path)}."
        fix = f"Give {flag} a path, or a name of Numerai's such as {LIVE_FEATURES}."
        if is_url(path):
            problem, fix = "Data cannot be given as a URL.", f"Download it and give {flag} the file."
        raise Failure("usage", problem=problem, fix=fix) from None
    except OSError as error:
        fix = "Check that this user may read it."
        raise Failure("data_unreadable", file=path, problem=error.strerror, fix=fix) from None
    if what := not_parquet(file):
        file.close()
        raise Failure("data_unreadable", file=path, problem=what, fix="Download the file again.")
    return file


def not_parquet(file: LocalFile) -> str | None:
    """Say what is wrong with a parquet file's two ends."""
    if file.first(4) != PARQUET_MAGIC:
        return "it is not a parquet file"
    footer = int.from_bytes(file.last(8)[:4], "little")
    if file.last(4) != PARQUET_MAGIC or footer + 12 > file.size:
        return "it is cut off: the parquet footer is missing"
    return None


# --- what a worker read


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
