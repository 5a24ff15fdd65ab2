"""A stand-in for S3 that refuses what S3 refuses, for presigned GET and presigned POST, signed by SigV2 or SigV4."""

import hashlib
import secrets
import time
from email.utils import formatdate
from types import TracebackType
from typing import Any, Literal
from urllib.parse import quote

import boto3
from botocore.config import Config
from werkzeug import Request, Response

from stand_ins.faults import Faulty, Server
from stand_ins.post_form import ANNOUNCED_LENGTH, read_form
from stand_ins.post_policy import check_policy
from stand_ins.s3_error import S3Error, xml
from stand_ins.signatures import ACCESS_KEY, REGION, SECRET_KEY, check_form, check_query, missing_field

SignatureVersion = Literal["s3v4", "s3"]


class ObjectStore:
    """Buckets and objects behind a server of its own, for as long as the `with` block lasts."""

    def __init__(self, *buckets: str) -> None:
        self.buckets = set(buckets)
        self.objects: dict[tuple[str, str], bytes] = {}
        self.ahead = 0.0
        """Seconds by which its clock is ahead of the real one: with more than its `expires`, a URL has expired."""
        self.front = Faulty(self._app)
        self._started = time.time()

    def __enter__(self) -> "ObjectStore":
        self._server = Server(self._door)
        self._server.__enter__()
        self.url = self._server.url.rstrip("/")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)

    def client(self, signature_version: SignatureVersion = "s3v4") -> Any:
        """A boto3 client of this store, with the one key pair that it knows; made to presign, not to send."""
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            config=Config(signature_version=signature_version, s3={"addressing_style": "path"}),
        )

    def presigned_get(
        self, bucket: str, key: str, expires: int = 3600, signature_version: SignatureVersion = "s3v4"
    ) -> str:
        """A URL to download one object, as boto3 makes it."""
        if expires < 1:
            raise ValueError("S3 calls such a URL malformed; for one that has expired set `ahead` afterwards")
        client = self.client(signature_version)
        url: str = client.generate_presigned_url("get_object", {"Bucket": bucket, "Key": key}, ExpiresIn=expires)
        return url

    def presigned_post(
        self,
        bucket: str,
        key: str,
        *,
        fields: dict[str, str] | None = None,
        conditions: list[Any] | None = None,
        expires: int = 3600,
        signature_version: SignatureVersion = "s3v4",
    ) -> tuple[str, dict[str, str]]:
        """A URL and the fields of a form to upload one object, as boto3 makes them.

        As with boto3, `fields` need `conditions` of their own.
        """
        client = self.client(signature_version)
        post = client.generate_presigned_post(bucket, key, Fields=fields, Conditions=conditions, ExpiresIn=expires)
        return post["url"], post["fields"]

    def _door(self, environ: Any, start_response: Any) -> Any:
        """Keep what `front` replaces: it tells the app the length of every body, announced or not."""
        return self.front(environ | {ANNOUNCED_LENGTH: environ.get("CONTENT_LENGTH")}, start_response)

    def _app(self, environ: Any, start_response: Any) -> Any:
        request, identity = (
            Request(environ),
            {"RequestId": secrets.token_hex(8).upper(), "HostId": secrets.token_hex(32)},
        )
        try:
            response = self._answer(request)
        except S3Error as error:
            body = xml("Error", error.elements | identity)
            response = Response(body, error.status, content_type="application/xml")
        response.headers.update(
            {"x-amz-request-id": identity["RequestId"], "x-amz-id-2": identity["HostId"], "Server": "AmazonS3"}
        )
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        bucket, _, key = request.path[1:].partition("/")
        if request.method in ("GET", "HEAD") and key:
            return self._get(request, bucket, key)
        if request.method == "POST" and not key:
            return self._post(request, bucket)
        message = "The specified method is not allowed against this resource."
        raise S3Error(405, "MethodNotAllowed", message, {"Method": request.method, "ResourceType": "OBJECT"})

    def _get(self, request: Request, bucket: str, key: str) -> Response:
        check_query(request, self._now())
        self._check_bucket(bucket)
        if (bucket, key) not in self.objects:
            raise S3Error(404, "NoSuchKey", "The specified key does not exist.", {"Key": key})
        content = self.objects[bucket, key]
        response = _conditional(request, content)
        response.headers.update(
            {"ETag": _etag(content), "Accept-Ranges": "bytes", "Last-Modified": formatdate(self._started, usegmt=True)}
        )
        for name in ("content-type", "content-disposition", "content-encoding", "cache-control"):
            if value := request.args.get(f"response-{name}"):
                response.headers[name] = value
        return response

    def _post(self, request: Request, bucket: str) -> Response:
        form = read_form(request)
        self._check_bucket(bucket)
        if not form.fields.get("key"):
            raise missing_field("key")
        check_form(form.fields)
        check_policy(form.fields["policy"], form.fields | {"bucket": bucket}, len(form.file), self._now())
        key = form.fields["key"]
        self.objects[bucket, key] = form.file
        return self._stored(form.fields.get("success_action_status", ""), bucket, key, _etag(form.file))

    def _stored(self, status: str, bucket: str, key: str, etag: str) -> Response:
        location = f"{self.url}/{bucket}/{quote(key, safe='')}"
        response = Response(status=int(status) if status in ("200", "201") else 204)
        if status == "201":
            elements = {"Location": location, "Bucket": bucket, "Key": key, "ETag": etag}
            response = Response(xml("PostResponse", elements), 201, content_type="application/xml")
        response.headers.update({"ETag": etag, "Location": location})
        return response

    def _check_bucket(self, bucket: str) -> None:
        if bucket not in self.buckets:
            raise S3Error(404, "NoSuchBucket", "The specified bucket does not exist", {"BucketName": bucket})

    def _now(self) -> float:
        return time.time() + self.ahead


def _conditional(request: Request, content: bytes) -> Response:
    """The object, a range of it, or word that the client has it already."""
    etag = _etag(content).strip('"')
    if request.if_match and not request.if_match.contains(etag):
        message = "At least one of the pre-conditions you specified did not hold"
        raise S3Error(412, "PreconditionFailed", message, {"Condition": "If-Match"})
    if request.if_none_match.contains(etag):
        return Response(status=304)
    wanted = request.range
    if "If-Range" in request.headers and request.headers["If-Range"] != f'"{etag}"':
        wanted = None
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return Response(content, content_type="binary/octet-stream")
    if (span := wanted.range_for_length(len(content))) is None:
        details = {"RangeRequested": request.headers["Range"], "ActualObjectSize": len(content)}
        raise S3Error(416, "InvalidRange", "The requested range is not satisfiable", details)
    response = Response(content[slice(*span)], 206, content_type="binary/octet-stream")
    response.headers["Content-Range"] = f"bytes {span[0]}-{span[1] - 1}/{len(content)}"
    return response


def _etag(content: bytes) -> str:
    return f'"{hashlib.md5(content).hexdigest()}"'
