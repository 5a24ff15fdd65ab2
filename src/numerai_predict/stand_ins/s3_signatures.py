"""Signatures of presigned requests, computed anew from the secret key: version 2 and version 4."""

import base64
import datetime
import hashlib
import hmac
import time
from urllib.parse import quote

from numerai_predict.stand_ins.server import Request

ACCESS_KEY = "AKIASTANDIN000000000"
SECRET_KEY = "canary5ecretKey0fTheStore"
REGION = "us-west-2"


class Refused(Exception):
    """What S3 answers instead."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def _compare(given: str, right: str) -> None:
    if not hmac.compare_digest(given, right):
        text = "The request signature we calculated does not match the signature you provided."
        raise Refused(403, "SignatureDoesNotMatch", f"{text} Check your key and signing method.")


def _check_access_key(given: str) -> None:
    if given != ACCESS_KEY:
        text = "The AWS Access Key Id you provided does not exist in our records."
        raise Refused(403, "InvalidAccessKeyId", text)


# --- presigned POST: what is signed is the policy


def check_post(fields: dict[str, str]) -> None:
    """Check the signature of a form, its fields named in lower case."""
    if "policy" not in fields:
        raise Refused(403, "AccessDenied", "Access Denied")
    policy = fields["policy"]
    if "x-amz-algorithm" in fields:
        access_key, date, *_ = fields.get("x-amz-credential", "/").split("/")
        _check_access_key(access_key)
        _compare(fields.get("x-amz-signature", ""), _sign_v4(date, policy))
    else:
        _check_access_key(fields.get("awsaccesskeyid", ""))
        _compare(fields.get("signature", ""), _sign_v2(policy))


# --- presigned GET: what is signed is the request


def check_presigned_get(request: Request) -> None:
    """Check signature and time of a presigned GET."""
    query = request.query
    if "X-Amz-Signature" in query:
        _check_get_v4(request)
    elif "Signature" in query:
        _check_access_key(query.get("AWSAccessKeyId", ""))
        _compare(query["Signature"], _sign_v2(f"GET\n\n\n{query['Expires']}\n{request.path}"))
        if int(query["Expires"]) < time.time():
            raise Refused(403, "AccessDenied", "Request has expired")
    else:
        raise Refused(403, "AccessDenied", "Access Denied")


def _check_get_v4(request: Request) -> None:
    query = dict(request.query)
    signature = query.pop("X-Amz-Signature")
    access_key, date, *scope = query["X-Amz-Credential"].split("/")
    _check_access_key(access_key)
    signed = query["X-Amz-SignedHeaders"]
    headers = {name.lower(): value for name, value in request.headers.items()}
    canonical = "\n".join(
        [
            request.method,
            request.path,
            "&".join(
                f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in sorted(query.items())
            ),
            *(f"{name}:{headers[name].strip()}" for name in signed.split(";")),
            "",
            signed,
            "UNSIGNED-PAYLOAD",
        ]
    )
    to_sign = ["AWS4-HMAC-SHA256", query["X-Amz-Date"], "/".join([date, *scope]), _sha256(canonical)]
    _compare(signature, _sign_v4(date, "\n".join(to_sign)))
    made = datetime.datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    age = time.time() - made.timestamp()
    if age > int(query["X-Amz-Expires"]):
        raise Refused(403, "AccessDenied", "Request has expired")
    if age < -900:
        text = "The difference between the request time and the current time is too large."
        raise Refused(403, "RequestTimeTooSkewed", text)


def _sign_v2(text: str) -> str:
    return base64.b64encode(hmac.digest(SECRET_KEY.encode(), text.encode(), "sha1")).decode()


def _sign_v4(date: str, text: str) -> str:
    key = f"AWS4{SECRET_KEY}".encode()
    for part in (date, REGION, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, text.encode(), "sha256").hexdigest()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
