"""A stand-in for Numerai's API: where a file can be downloaded, the files themselves, and which round is open."""

import hashlib
import json
import re
import secrets
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from types import TracebackType
from typing import Any, Literal
from urllib.parse import quote, urlencode

from werkzeug import Request, Response
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from stand_ins.faults import Faulty, Server
from stand_ins.s3_error import S3Error, access_denied, xml


class GraphQLError(Exception):
    """An error that the API reports under HTTP 200."""


class NumeraiApi:
    """The API and the store of its files, each behind a server of its own, for as long as the `with` block lasts.

    Args:
        files: what can be downloaded, such as "v5.3/live.parquet".
        round_number: the round that is open.
    """

    def __init__(self, files: dict[str, bytes], round_number: int = 1334) -> None:
        self.files = dict(files)
        """May be changed at any time: an entry with other bytes is a changed file."""
        self.round_number = round_number
        self.errors: str | None = None
        """The message with which the API answers every question."""
        self.null_url = False
        """Whether the API answers null where the URL of a file should be."""
        self.between_rounds: Literal["error", "null"] | None = None
        """How the API says that no round is open, if none is."""
        self.signature = secrets.token_hex(32)
        """The secret in the URLs of files."""
        self.api = Faulty(self._api_app)
        self.data = Faulty(self._data_app)
        self.api_server, self.data_server = Server(self.api), Server(self.data)

    def __enter__(self) -> "NumeraiApi":
        with ExitStack() as servers:
            servers.enter_context(self.api_server)
            servers.enter_context(self.data_server)
            self._servers = servers.pop_all()
        self.url = self.api_server.url
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._servers.close()

    def file_url(self, name: str) -> str:
        """Where a file can be downloaded, as the API says it."""
        signed = {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Signature": self.signature,
            "X-Amz-Expires": 3600,
        }
        return f"{self.data_server.url}/{quote(name)}?{urlencode(signed)}"

    # --- the API

    def _api_app(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        if request.path != "/" or request.method != "POST":
            return Response("Not Found", 404)(environ, start_response)
        question = request.get_json(force=True, silent=True)
        field = _field(question)
        if field is None:
            answer, status = {"errors": [{"message": "No query document supplied"}]}, 400
        else:
            answer, status = self._answer(field, question), 200
        return Response(json.dumps(answer), status, content_type="application/json")(environ, start_response)

    def _answer(self, field: str, question: dict[str, Any]) -> dict[str, Any]:
        if self.errors is not None:
            return {"errors": [{"message": self.errors}]}
        resolvers: dict[str, Callable[[dict[str, Any]], Any]] = {
            "dataset": self._dataset,
            "listDatasets": lambda _: sorted(self.files),
            "rounds": self._rounds,
        }
        name = re.sub(r"_(\w)", lambda match: match[1].upper(), field)
        if name not in resolvers:
            return {"errors": [{"message": f'Cannot query field "{field}" on type "RootQueryType".'}]}
        try:
            return {"data": {field: resolvers[name](question)}}
        except GraphQLError as error:
            return {"errors": [{"message": str(error), "path": [field]}], "data": {field: None}}

    def _dataset(self, question: dict[str, Any]) -> str | None:
        name = (question.get("variables") or {}).get("filename")
        if name not in self.files:
            raise GraphQLError("the requested file does not exist")
        return None if self.null_url else self.file_url(name)

    def _rounds(self, question: dict[str, Any]) -> list[dict[str, Any] | None]:
        """The open round, with the fields that were asked for."""
        if self.between_rounds == "error":
            raise GraphQLError("Current round not open for submissions")
        if self.between_rounds == "null":
            return [None]
        opened = datetime.now(timezone.utc).replace(minute=0, second=0, microsecond=0, tzinfo=None) - timedelta(hours=1)
        hours = {"openTime": 0, "closeStakingTime": 3, "closeTime": 26}
        values = {name: f"{(opened + timedelta(hours=later)).isoformat()}Z" for name, later in hours.items()}
        values |= {"number": self.round_number, "target": "target_ender_20"}
        selection = question["query"].rpartition("{")[2]
        return [{name: values[name] for name in re.findall(r"\w+", selection) if name in values}]

    # --- the store of its files

    def _data_app(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        try:
            response = self._file(request)
        except S3Error as error:
            response = Response(xml("Error", error.elements), error.status, content_type="application/xml")
        response.headers.update({"x-amz-request-id": secrets.token_hex(8).upper(), "Server": "AmazonS3"})
        return response(environ, start_response)

    def _file(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            raise S3Error(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
        if "X-Amz-Signature" not in request.args:
            raise access_denied()
        if request.args["X-Amz-Signature"] != self.signature:
            message = "The request signature we calculated does not match the signature you provided."
            raise S3Error(403, "SignatureDoesNotMatch", message)
        name = request.path[1:]
        if name not in self.files:
            raise S3Error(404, "NoSuchKey", "The specified key does not exist.", {"Key": name})
        content = self.files[name]
        response = Response(content, content_type="binary/octet-stream")
        response.set_etag(hashlib.md5(content).hexdigest())
        try:
            return response.make_conditional(request, accept_ranges=True, complete_length=len(content))
        except RequestedRangeNotSatisfiable:
            message = "The requested range is not satisfiable"
            details = {"RangeRequested": request.headers["Range"], "ActualObjectSize": len(content)}
            raise S3Error(416, "InvalidRange", message, details) from None


def _field(question: Any) -> str | None:
    """The field that a question is about: what follows the first brace."""
    query = question.get("query") if isinstance(question, dict) else None
    match = re.search(r"\{\s*(\w+)", query) if isinstance(query, str) else None
    return match[1] if match else None
