"""The two questions that a run asks Numerai's API. Neither needs an account.

Not through numerapi, which has no timeout, loses the server's words, and imports pandas; the question about a file is
the one that numerapi asks, and a test holds it to that.
"""

import os
from typing import Any
from urllib.parse import urlsplit

from numerai_predict import transfer
from numerai_predict.failures import Failure
from numerai_predict.transfer import Deadline, TransferFailed

API_URL = "https://api-tournament.numer.ai"
"""Numerai's GraphQL endpoint; the environment variable NUMERAI_API_URL names another, for tests and proxies."""

CLASSIC = 8
"""The number of the Classic tournament."""

DATASET_QUERY = (
    "query($filename: String! $round: Int $tournament: Int) "
    "{ dataset(filename: $filename round: $round tournament: $tournament) }"
)

ROUND_QUERY = "query($tournament: Int!) { rounds(tournament: $tournament number: 0) { number } }"
"""The round with the number 0 is the open one."""

_NO_SUCH_FILE = "the requested file does not exist"


def dataset_url(name: str, deadline: Deadline) -> str | None:
    """Return where a file such as v5.3/live.parquet can be downloaded for a while; None if there is no such file.

    Raises:
        Failure: `api_failed`.
    """
    variables = {"filename": name, "round": None, "tournament": CLASSIC}
    what = f"where {name} is"
    try:
        url = _ask(DATASET_QUERY, variables, what, deadline).get("dataset")
    except Failure as failure:
        if _NO_SUCH_FILE in failure.evidence["problem"]:
            return None
        raise
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise _failed(what, "the answer holds no URL")
    return url


def current_round(deadline: Deadline) -> int:
    """Return the number of the round that is open.

    Raises:
        Failure: `api_failed`, or `wrong_round` if none is open.
    """
    what = "which round is open"
    fix = "Wait until the round opens: Tuesday to Saturday, from 12:00 UTC."
    try:
        rounds: Any = _ask(ROUND_QUERY, {"tournament": CLASSIC}, what, deadline).get("rounds")
    except Failure as failure:
        if "not open" in failure.evidence["problem"]:
            raise Failure("wrong_round", problem="No round is open", fix=fix) from None
        raise
    if rounds in ([], [None]):
        raise Failure("wrong_round", problem="No round is open", fix=fix)
    try:
        return int(rounds[0]["number"])
    except (TypeError, KeyError, IndexError, ValueError):
        raise _failed(what, "the answer holds no number") from None


def _ask(query: str, variables: dict[str, Any], what: str, deadline: Deadline) -> dict[str, Any]:
    """Ask the API; return the `data` of its answer."""
    try:
        answer = transfer.ask(_url(), {"query": query, "variables": variables}, deadline)
    except TransferFailed as error:
        raise _failed(what, str(error)) from None
    if not isinstance(answer, dict):
        raise _failed(what, "the answer is no GraphQL")
    if errors := answer.get("errors"):
        raise _failed(what, _messages(errors))
    data = answer.get("data")
    if not isinstance(data, dict):
        raise _failed(what, "the answer holds no data")
    return data


def _messages(errors: Any) -> str:
    if not isinstance(errors, list):
        return "it reports an error without a message"
    texts = [str(error.get("message", "")) if isinstance(error, dict) else str(error) for error in errors]
    return "; ".join(texts)[:300]


def _failed(what: str, problem: str) -> Failure:
    return Failure("api_failed", host=urlsplit(_url()).hostname, what=what, problem=problem)


def _url() -> str:
    return os.environ.get("NUMERAI_API_URL") or API_URL
