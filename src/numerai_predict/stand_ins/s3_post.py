"""A presigned POST: the form in the order of its parts, and the policy that its fields must fulfil."""

import base64
import datetime
import json
from dataclasses import dataclass

from numerai_predict.stand_ins.s3_signatures import Refused, check_post
from numerai_predict.stand_ins.server import Request

NEED_NO_CONDITION = {"policy", "signature", "x-amz-signature", "awsaccesskeyid", "file"}


@dataclass(frozen=True)
class Form:
    """The fields that came before the file, the file's name, and the file. What comes after it, S3 ignores."""

    fields: dict[str, str]
    file_name: str
    content: bytes

    @property
    def key(self) -> str:
        return self.fields["key"].replace("${filename}", self.file_name)


def parse(request: Request) -> Form:
    """Take a multipart form apart."""
    boundary = request.headers["Content-Type"].partition("boundary=")[2].strip('"').encode()
    fields: dict[str, str] = {}
    for part in request.body.split(b"--" + boundary)[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").removesuffix(b"\r\n").partition(b"\r\n\r\n")
        name = _parameter(head, b"name")
        if name == "file":
            return Form(fields, _parameter(head, b"filename"), content)
        fields[name] = content.decode()
    raise Refused(400, "InvalidArgument", "POST requires exactly one file upload per request.")


def _parameter(head: bytes, name: bytes) -> str:
    return head.partition(b"; " + name + b'="')[2].partition(b'"')[0].decode()


def check(form: Form, bucket: str) -> None:
    """Hold a form against its policy."""
    fields = {name.lower(): value for name, value in form.fields.items()}
    if "key" not in fields:
        raise Refused(400, "InvalidArgument", "Bucket POST must contain a field named 'key'.")
    check_post(fields)
    policy = json.loads(base64.b64decode(fields["policy"]))
    expiration = datetime.datetime.fromisoformat(policy["expiration"].replace("Z", "+00:00"))
    if expiration < datetime.datetime.now(datetime.timezone.utc):
        raise Refused(403, "AccessDenied", "Invalid according to Policy: Policy expired.")
    covered = {_check_condition(condition, fields | {"bucket": bucket}, form) for condition in policy["conditions"]}
    for name in fields.keys() - covered - NEED_NO_CONDITION:
        if not name.startswith("x-ignore-"):
            text = f"Invalid according to Policy: Extra input fields: {name}"
            raise Refused(403, "AccessDenied", text)


def _check_condition(condition: object, fields: dict[str, str], form: Form) -> str:
    """Hold the form against one condition; return the name of the field that it covers."""
    if isinstance(condition, dict):
        ((name, value),) = condition.items()
        condition = ["eq", f"${name}", value]
    assert isinstance(condition, list)
    kind, value = condition[0], condition[2]
    name = str(condition[1])
    if kind == "content-length-range":
        _check_size(len(form.content), int(name), int(value))
        return ""
    name = name.removeprefix("$").lower()
    found = fields.get(name)  # even `starts-with ""` wants the field to be there
    fits = found is not None and (found.startswith(value) if kind == "starts-with" else found == value)
    if not fits:
        text = f"Invalid according to Policy: Policy Condition failed: {json.dumps(condition)}"
        raise Refused(403, "AccessDenied", text)
    return name


def _check_size(size: int, least: int, most: int) -> None:
    if size > most:
        raise Refused(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
    if size < least:
        raise Refused(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
