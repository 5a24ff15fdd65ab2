"""A form as S3 reads it: part after part, up to the file; what follows the file is not read."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug import Request
from werkzeug.http import parse_options_header

from stand_ins.s3_error import S3Error

ANNOUNCED_LENGTH = "stand_ins.announced_length"
"""The key in a request's environment of the Content-Length with which it came."""

LARGEST_FIELDS = 20_000
"""Bytes that the names and values before the file may have together."""


@dataclass(frozen=True)
class Form:
    """The fields before the file, under names in lower case and with `${filename}` put in, and the file."""

    fields: dict[str, str]
    file: bytes


def read_form(request: Request) -> Form:
    """Read the body of a request as a form."""
    if not request.environ[ANNOUNCED_LENGTH]:
        raise S3Error(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
    boundary = request.mimetype_params.get("boundary")
    if request.mimetype != "multipart/form-data" or not boundary:
        details = {"Condition": "Bucket POST must be of the enclosure-type multipart/form-data"}
        raise S3Error(
            412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold", details
        )
    return _decode(request.get_data(), boundary)


def _decode(body: bytes, boundary: str) -> Form:
    fields: dict[str, str] = {}
    for name, filename, content in _parts(body, boundary):
        if name == "file":
            return Form(_with_filename(fields, filename), content)
        if name in fields:
            raise S3Error(400, "InvalidArgument", f"POST has more than one field named '{name}'")
        fields[name] = content.decode(errors="replace")
        if sum(map(len, [*fields, *fields.values()])) > LARGEST_FIELDS:
            message = "Your POST request fields preceding the upload file were too large."
            raise S3Error(400, "MaxPostPreDataLengthExceeded", message)
    raise S3Error(400, "InvalidArgument", "POST requires exactly one file upload per request.")


def _parts(body: bytes, boundary: str) -> Iterator[tuple[str, str, bytes]]:
    """The name in lower case, the file name and the content of each part, in the order in which they were sent."""
    _, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary.encode())
    if not parts or not parts.pop().startswith(b"--"):
        raise _malformed()
    for part in parts:
        head, blank_line, content = part.partition(b"\r\n\r\n")
        disposition = re.search(
            r"^content-disposition:(.*)", head.decode(errors="replace"), re.IGNORECASE | re.MULTILINE
        )
        _, options = parse_options_header(disposition and disposition[1].strip())
        if not blank_line or not part.startswith(b"\r\n") or "name" not in options:
            raise _malformed()
        yield options["name"].lower(), options.get("filename", ""), content


def _malformed() -> S3Error:
    message = "The body of your POST request is not well-formed multipart/form-data."
    return S3Error(400, "MalformedPOSTRequest", message)


def _with_filename(fields: dict[str, str], path: str) -> dict[str, str]:
    name = re.split(r"[/\\]", path)[-1]
    return {field: value.replace("${filename}", name) for field, value in fields.items()}
