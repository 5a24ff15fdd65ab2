"""The signatures of S3 (SigV2 and SigV4; of query strings and of form policies), worked out from what arrived."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timezone
from urllib.parse import quote

from stand_ins.s3_error import S3Error, access_denied
from werkzeug import Request

ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
REGION = "us-west-2"

ALGORITHM = "AWS4-HMAC-SHA256"
WEEK = 7 * 24 * 3600
ALLOWED_SKEW = 15 * 60
IN_SIGV2 = ("acl", "partNumber", "uploadId", "versionId", "x-amz-security-token")
"""Parameters that SigV2 signs, next to those that begin with `response-`."""


def check_query(request: Request, now: float) -> None:
    """Refuse a request whose query string is not signed for just this request, or is no longer (or not yet) valid."""
    if "X-Amz-Algorithm" in request.args:
        _check_query_v4(request, now)
    elif "AWSAccessKeyId" in request.args:
        _check_query_v2(request, now)
    else:
        raise access_denied()


def check_form(fields: Mapping[str, str]) -> None:
    """Refuse a form whose policy is not signed; the names of the fields are in lower case."""
    if "policy" not in fields:
        raise access_denied()
    if "x-amz-algorithm" in fields:
        _require(fields, "x-amz-credential", "x-amz-date", "x-amz-signature")
        if fields["x-amz-algorithm"] != ALGORITHM:
            raise S3Error(400, "InvalidArgument", f"X-Amz-Algorithm only supports {ALGORITHM}")
        key = _signing_key(fields["x-amz-credential"], fields["x-amz-date"], "InvalidArgument")
        signature = _hmac(key, fields["policy"]).hex()
        _compare(fields["x-amz-signature"], signature, fields["policy"])
    else:
        _require(fields, "awsaccesskeyid", "signature")
        _check_access_key(fields["awsaccesskeyid"])
        _compare(fields["signature"], _signature_v2(fields["policy"]), fields["policy"])


def _require(fields: Mapping[str, str], *names: str) -> None:
    for name in names:
        if name not in fields:
            raise missing_field(name)


def missing_field(name: str) -> S3Error:
    """The refusal of a form without a field that it must have, or with the field after the file."""
    message = f"Bucket POST must contain a field named '{name}'.  If it is specified, please check the order of the "
    return S3Error(400, "InvalidArgument", message + "fields.", {"ArgumentName": name, "ArgumentValue": ""})


def _check_query_v4(request: Request, now: float) -> None:
    query = request.args
    for name in ("Credential", "Date", "Expires", "SignedHeaders", "Signature"):
        if f"X-Amz-{name}" not in query:
            raise _bad_query(
                "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "
                "X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
            )
    if query["X-Amz-Algorithm"] != ALGORITHM:
        raise _bad_query(f'X-Amz-Algorithm only supports "{ALGORITHM}"')
    date, expires = query["X-Amz-Date"], query["X-Amz-Expires"]
    key = _signing_key(query["X-Amz-Credential"], date, "AuthorizationQueryParametersError")
    _check_lifetime(date, expires, now)
    hashed = hashlib.sha256(_canonical_request(request).encode()).hexdigest()
    string_to_sign = "\n".join([ALGORITHM, date, f"{date[:8]}/{REGION}/s3/aws4_request", hashed])
    _compare(query["X-Amz-Signature"], _hmac(key, string_to_sign).hex(), string_to_sign)


def _check_lifetime(date: str, expires: str, now: float) -> None:
    try:
        signed_at = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        raise _bad_query("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"") from None
    if not expires.isdecimal():
        raise _bad_query("X-Amz-Expires should be a non-negative number")
    if int(expires) > WEEK:
        raise _bad_query(
            "X-Amz-Expires must be less than a week (in seconds); "
            f"that is, the given X-Amz-Expires must be less than {WEEK} seconds"
        )
    if signed_at > now + ALLOWED_SKEW:
        message = "The difference between the request time and the current time is too large."
        details = {"RequestTime": date, "ServerTime": iso(now), "MaxAllowedSkewMilliseconds": ALLOWED_SKEW * 1000}
        raise S3Error(403, "RequestTimeTooSkewed", message, details)
    ends = signed_at + int(expires)
    if now > ends:
        raise access_denied("Request has expired", _times(ends, now) | {"X-Amz-Expires": expires})


def _canonical_request(request: Request) -> str:
    query = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in request.args.items(multi=True)
        if name != "X-Amz-Signature"
    )
    names = request.args["X-Amz-SignedHeaders"]
    if "host" not in names.split(";"):
        raise access_denied("There were headers present in the request which were not signed")
    return "\n".join(
        [
            request.method,
            quote(request.path, safe="/-_.~"),
            "&".join(f"{name}={value}" for name, value in query),
            *(f"{name}:{' '.join(request.headers.get(name, '').split())}" for name in names.split(";")),
            "",
            names,
            "UNSIGNED-PAYLOAD",
        ]
    )


def _check_query_v2(request: Request, now: float) -> None:
    query = request.args
    if "Signature" not in query or not query.get("Expires", "").isdecimal():
        raise access_denied("Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters")
    _check_access_key(query["AWSAccessKeyId"])
    if now > int(query["Expires"]):
        raise access_denied("Request has expired", _times(int(query["Expires"]), now))
    signed = [f"{name}={value}" for name, value in sorted(query.items()) if _in_sigv2(name)]
    resource = quote(request.path, safe="/-_.~") + ("?" + "&".join(signed) if signed else "")
    headers = [request.headers.get("Content-MD5", ""), request.headers.get("Content-Type", "")]
    string_to_sign = "\n".join([request.method, *headers, query["Expires"], resource])
    _compare(query["Signature"], _signature_v2(string_to_sign), string_to_sign)


def _in_sigv2(name: str) -> bool:
    return name in IN_SIGV2 or name.startswith("response-")


def _signature_v2(text: str) -> str:
    return base64.b64encode(hmac.digest(SECRET_KEY.encode(), text.encode(), "sha1")).decode()


def _signing_key(credential: str, date: str, code: str) -> bytes:
    """The key that SigV4 derives from a credential, which has to be for this day, region and service."""
    access_key, *scope = credential.split("/")
    if len(scope) != 4:
        message = "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "
        raise S3Error(400, code, message + '"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".')
    _check_access_key(access_key)
    expected = {"date": date[:8], "region": REGION, "service": "s3", "terminal": "aws4_request"}
    key = f"AWS4{SECRET_KEY}".encode()
    for (name, right), given in zip(expected.items(), scope, strict=True):
        if given != right:
            message = (
                f"Error parsing the X-Amz-Credential parameter; the {name} '{given}' is wrong; expecting '{right}'"
            )
            raise S3Error(400, code, message)
        key = _hmac(key, given)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def _check_access_key(given: str) -> None:
    if given != ACCESS_KEY:
        message = "The AWS Access Key Id you provided does not exist in our records."
        raise S3Error(403, "InvalidAccessKeyId", message, {"AWSAccessKeyId": given})


def _compare(given: str, right: str, string_to_sign: str) -> None:
    if not hmac.compare_digest(given.encode(), right.encode()):
        message = "The request signature we calculated does not match the signature you provided. "
        details = {"AWSAccessKeyId": ACCESS_KEY, "StringToSign": string_to_sign, "SignatureProvided": given}
        raise S3Error(403, "SignatureDoesNotMatch", message + "Check your key and signing method.", details)


def _bad_query(message: str) -> S3Error:
    return S3Error(400, "AuthorizationQueryParametersError", message)


def _times(ends: float, now: float) -> dict[str, object]:
    return {"Expires": iso(ends), "ServerTime": iso(now)}


def iso(moment: float) -> str:
    """A moment as S3's bodies write it."""
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
