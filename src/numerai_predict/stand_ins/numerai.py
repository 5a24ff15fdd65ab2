"""Numerai's API, and the store from which its files come."""

import hashlib
import json
import re

from numerai_predict.stand_ins.server import Answer, Leg, Request, StandIn

SIGNATURE = "canary5ignature0fNumerai"
"""Stands in the query string of every URL that this API hands out; a file is not given without it."""


class Numerai(StandIn):
    """Answers GraphQL at "/", and hands out the files under the URLs that it has named.

    Args:
        files: what there is, as in {"v5.3/live.parquet": b"..."}; may be changed at any time.
        round_number: the round that is open.
    """

    def __init__(self, files: dict[str, bytes], round_number: int = 1334) -> None:
        self.files = files
        self.round_number = round_number
        self.api, self.data = Leg(), Leg()
        self.errors: str | None = None
        """A message that every question is answered with."""

        self.url_is_null = False
        self.between_rounds: str | None = None
        """How the question about the open round is answered when none is: "error" or "null"."""

    def leg(self, request: Request) -> Leg:
        return self.api if request.method == "POST" else self.data

    def answer(self, request: Request) -> Answer:
        return self._question(request) if request.method == "POST" else self._file(request)

    # --- the API

    def _question(self, request: Request) -> Answer:
        content = json.loads(request.body)
        query, variables = content["query"], content["variables"]
        if self.errors is not None:
            return _graphql(errors=self.errors)
        if re.search(r"\bdataset\s*\(", query):
            return self._dataset(variables["filename"])
        if re.search(r"\blist_?[dD]atasets\s*\(", query):
            return _graphql(listDatasets=sorted(self.files))
        if re.search(r"\brounds\s*\(", query):
            return self._rounds()
        return _graphql(errors="Cannot query this field.")

    def _dataset(self, name: str) -> Answer:
        if name not in self.files:
            return _graphql(errors="the requested file does not exist", dataset=None)
        url = f"{self.url}/datasets/{name}?X-Amz-Expires=3600&X-Amz-Signature={SIGNATURE}"
        return _graphql(dataset=None if self.url_is_null else url)

    def _rounds(self) -> Answer:
        if self.between_rounds == "error":
            return _graphql(errors="Current round not open for submissions", rounds=None)
        if self.between_rounds == "null":
            return _graphql(rounds=[None])
        return _graphql(rounds=[{"number": self.round_number}])

    # --- the files

    def _file(self, request: Request) -> Answer:
        content = self.files.get(request.path.removeprefix("/datasets/"))
        if request.query.get("X-Amz-Signature") != SIGNATURE or content is None:
            return Answer(403, body=b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")
        etag = f'"{hashlib.md5(content).hexdigest()}"'
        headers = {"ETag": etag, "x-amz-request-id": "0123456789ABCDEF"}
        if request.headers.get("If-None-Match") == etag:
            return Answer(304, headers)
        return Answer(200, headers, content)


def _graphql(errors: str | None = None, **data: object) -> Answer:
    content: dict[str, object] = {"data": data}
    if errors is not None:
        content["errors"] = [{"message": errors}]
    return Answer(200, {"Content-Type": "application/json"}, json.dumps(content).encode())
