"""The stand-in for S3 takes what boto3 presigns, and refuses what S3 refuses."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import urllib3
from stand_ins import faults
from stand_ins.object_store import ObjectStore, SignatureVersion

CSV = b"id,prediction\r\nn1,0.25\n\r\n--x\r\n" + bytes(range(256)) + b"\r\n"
HTTP = urllib3.PoolManager(retries=False, timeout=10)
SIGNATURES: tuple[SignatureVersion, ...] = ("s3v4", "s3")

each_signature = pytest.mark.parametrize("version", SIGNATURES)


@pytest.fixture(scope="module")
def running_store() -> Iterator[ObjectStore]:
    """One store for all the tests."""
    with ObjectStore() as store:
        yield store


@pytest.fixture
def store(running_store: ObjectStore) -> ObjectStore:
    """A store with one bucket and one object."""
    running_store.buckets = {"round"}
    running_store.objects = {("round", "live data/ä+b.csv"): CSV}
    running_store.ahead = 0
    return running_store


def get(url: str, **headers: str) -> urllib3.BaseHTTPResponse:
    """GET a URL; underscores in the names of headers stand for hyphens."""
    return HTTP.request("GET", url, headers={name.replace("_", "-"): value for name, value in headers.items()})


def post(url: str, fields: dict[str, str], file: bytes = CSV, filename: str = "a.csv") -> urllib3.BaseHTTPResponse:
    """POST a form with the file as its last part."""
    return HTTP.request("POST", url, fields=[*fields.items(), ("file", (filename, file))])


def refusal(response: urllib3.BaseHTTPResponse) -> tuple[int, str, str]:
    """The status, and the code and message in the XML, which names the request as well."""
    body = response.data.decode()
    assert f"<RequestId>{response.headers['x-amz-request-id']}</RequestId>" in body
    code, message = re.search("<Code>(.*)</Code><Message>(.*)</Message>", body).groups()
    return response.status, code, message.replace("&quot;", '"')


def signature_field(fields: dict[str, str]) -> str:
    """The name of the field with the signature."""
    return "signature" if "signature" in fields else "x-amz-signature"


SIGNATURE_DOES_NOT_MATCH = (
    403,
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
)
NO_SUCH_ACCESS_KEY = (403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")


# Downloads


@each_signature
def test_get_answers_the_object(store: ObjectStore, version: SignatureVersion) -> None:
    """A presigned GET answers exactly the bytes, with the headers that S3 sends."""
    response = get(store.presigned_get("round", "live data/ä+b.csv", signature_version=version))
    assert (response.status, response.data) == (200, CSV)
    assert response.headers["ETag"] == f'"{hashlib.md5(CSV).hexdigest()}"'
    assert response.headers["Content-Length"] == str(len(CSV))
    assert response.headers["x-amz-request-id"]


@each_signature
def test_get_with_overridden_headers(store: ObjectStore, version: SignatureVersion) -> None:
    """What boto3 signs beside the key is part of the signature, and honoured."""
    parameters = {
        "Bucket": "round",
        "Key": "live data/ä+b.csv",
        "ResponseContentDisposition": 'attachment; filename="a b"',
    }
    url = store.client(version).generate_presigned_url("get_object", parameters)
    assert get(url).headers["Content-Disposition"] == 'attachment; filename="a b"'
    assert refusal(get(url.replace("attachment", "inline"))) == SIGNATURE_DOES_NOT_MATCH


def test_get_signed_as_boto3_does_by_default(store: ObjectStore) -> None:
    """The two presigned GETs are of different forms."""
    assert "X-Amz-Signature=" in store.presigned_get("round", "a")
    assert "AWSAccessKeyId=" in store.presigned_get("round", "a", signature_version="s3")


@each_signature
@pytest.mark.parametrize(
    "change", [("/round/", "/other/"), ("live", "dead"), ("?", "?Expires=9999999999&X-Amz-Expires=9&")]
)
def test_changed_url(store: ObjectStore, version: SignatureVersion, change: tuple[str, str]) -> None:
    """A URL in which the bucket, the key or the lifetime was replaced is refused."""
    url = store.presigned_get("round", "live data/ä+b.csv", signature_version=version)
    assert refusal(get(url.replace(*change, 1))) == SIGNATURE_DOES_NOT_MATCH


@each_signature
def test_get_url_for_another_method(store: ObjectStore, version: SignatureVersion) -> None:
    """A URL that was signed for GET is not good for HEAD."""
    assert HTTP.request("HEAD", store.presigned_get("round", "a", signature_version=version)).status == 403


@each_signature
def test_get_with_a_wrong_signature(store: ObjectStore, version: SignatureVersion) -> None:
    """A wrong signature is refused."""
    url = store.presigned_get("round", "live data/ä+b.csv", signature_version=version)
    assert refusal(get(re.sub("Signature=[^&]+", "Signature=0", url))) == SIGNATURE_DOES_NOT_MATCH


def test_get_without_a_signature(store: ObjectStore) -> None:
    """Objects are private."""
    assert refusal(get(f"{store.url}/round/live%20data/a")) == (403, "AccessDenied", "Access Denied")


@each_signature
def test_get_with_an_unknown_access_key(store: ObjectStore, version: SignatureVersion) -> None:
    """An access key that the store does not know is refused as such."""
    url = store.presigned_get("round", "live data/ä+b.csv", signature_version=version)
    assert refusal(get(url.replace("AKIA", "AKIB"))) == NO_SUCH_ACCESS_KEY


@each_signature
def test_expired_get(store: ObjectStore, version: SignatureVersion) -> None:
    """A URL is good until it expires."""
    url = store.presigned_get("round", "live data/ä+b.csv", expires=600, signature_version=version)
    store.ahead = 590
    assert get(url).status == 200
    store.ahead = 602
    assert refusal(get(url)) == (403, "AccessDenied", "Request has expired")


def test_get_from_the_future(store: ObjectStore) -> None:
    """SigV4 allows clocks to differ by a quarter of an hour."""
    url = store.presigned_get("round", "live data/ä+b.csv")
    store.ahead = -800
    assert get(url).status == 200
    store.ahead = -1000
    assert refusal(get(url))[:2] == (403, "RequestTimeTooSkewed")


def test_get_for_more_than_a_week(store: ObjectStore) -> None:
    """SigV4 has no URLs for more than a week."""
    url = store.presigned_get("round", "live data/ä+b.csv", expires=7 * 86400 + 1)
    assert refusal(get(url))[:2] == (400, "AuthorizationQueryParametersError")


def test_get_signed_for_another_region(store: ObjectStore) -> None:
    """A credential for another region is refused, with the right one named."""
    status, code, message = refusal(get(store.presigned_get("round", "a").replace("us-west-2", "eu-west-1")))
    assert (status, code) == (400, "AuthorizationQueryParametersError")
    assert message.endswith("the region 'eu-west-1' is wrong; expecting 'us-west-2'")


@each_signature
def test_get_what_is_not_there(store: ObjectStore, version: SignatureVersion) -> None:
    """A missing object and a missing bucket have codes of their own."""
    missing = get(store.presigned_get("round", "b.csv", signature_version=version))
    assert refusal(missing) == (404, "NoSuchKey", "The specified key does not exist.")
    missing = get(store.presigned_get("other", "b.csv", signature_version=version))
    assert refusal(missing) == (404, "NoSuchBucket", "The specified bucket does not exist")


def test_get_ranges(store: ObjectStore) -> None:
    """Ranges are served, unless they lie outside or the object is no longer the one that was meant."""
    url, etag = store.presigned_get("round", "live data/ä+b.csv"), f'"{hashlib.md5(CSV).hexdigest()}"'
    for headers in ({}, {"If_Range": etag}):
        part = get(url, Range="bytes=10-", **headers)
        assert (part.status, part.data) == (206, CSV[10:])
        assert part.headers["Content-Range"] == f"bytes 10-{len(CSV) - 1}/{len(CSV)}"
        assert part.headers["ETag"] == etag
    assert get(url, Range="bytes=3-5").data == CSV[3:6]
    assert get(url, Range="bytes=-5").data == CSV[-5:]
    whole = get(url, Range="bytes=10-", If_Range='"another"')
    assert (whole.status, whole.data) == (200, CSV)
    outside = get(url, Range=f"bytes={len(CSV)}-")
    assert refusal(outside) == (416, "InvalidRange", "The requested range is not satisfiable")


def test_get_what_the_client_has(store: ObjectStore) -> None:
    """An object that the client has already is not sent again."""
    url, etag = store.presigned_get("round", "live data/ä+b.csv"), f'"{hashlib.md5(CSV).hexdigest()}"'
    same = get(url, If_None_Match=etag)
    assert (same.status, same.data) == (304, b"")
    assert get(url, If_None_Match='"another"').status == 200
    assert refusal(get(url, If_Match='"another"'))[:2] == (412, "PreconditionFailed")


# Uploads


@each_signature
def test_post_stores_the_file(store: ObjectStore, version: SignatureVersion) -> None:
    """A presigned POST stores exactly the bytes and answers 204."""
    response = post(*store.presigned_post("round", "a/b c.csv", signature_version=version))
    assert (response.status, response.data) == (204, b"")
    assert store.objects["round", "a/b c.csv"] == CSV
    assert response.headers["ETag"] == f'"{hashlib.md5(CSV).hexdigest()}"'
    assert response.headers["Location"] == f"{store.url}/round/{quote('a/b c.csv', safe='')}"


def test_post_signed_as_boto3_does(store: ObjectStore) -> None:
    """The two presigned POSTs are of different forms."""
    assert set(store.presigned_post("round", "a", signature_version="s3")[1]) == {
        "key", "AWSAccessKeyId", "policy", "signature",
    }  # fmt: skip
    assert set(store.presigned_post("round", "a")[1]) == {
        "key", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "policy", "x-amz-signature",
    }  # fmt: skip


@each_signature
def test_post_with_a_wrong_signature(store: ObjectStore, version: SignatureVersion) -> None:
    """A wrong signature is refused, and nothing is stored."""
    url, fields = store.presigned_post("round", "new", signature_version=version)
    assert refusal(post(url, fields | {signature_field(fields): "0"})) == SIGNATURE_DOES_NOT_MATCH
    assert ("round", "new") not in store.objects


@each_signature
def test_post_with_a_changed_policy(store: ObjectStore, version: SignatureVersion) -> None:
    """A policy that was written anew after signing is refused."""
    url, fields = store.presigned_post("round", "a", signature_version=version)
    policy = json.loads(base64.b64decode(fields["policy"])) | {"expiration": "2999-01-01T00:00:00Z"}
    changed = fields | {"policy": base64.b64encode(json.dumps(policy).encode()).decode()}
    assert refusal(post(url, changed)) == SIGNATURE_DOES_NOT_MATCH


@each_signature
def test_post_with_an_unknown_access_key(store: ObjectStore, version: SignatureVersion) -> None:
    """An access key that the store does not know is refused as such."""
    url, fields = store.presigned_post("round", "a", signature_version=version)
    changed = {name: value.replace("AKIA", "AKIB") if name != "policy" else value for name, value in fields.items()}
    assert refusal(post(url, changed)) == NO_SUCH_ACCESS_KEY


@each_signature
@pytest.mark.parametrize("left_out", ["policy", "signature", "key"])
def test_post_without_a_field(store: ObjectStore, version: SignatureVersion, left_out: str) -> None:
    """Without a policy nobody may write; without a signature or a key the form is incomplete."""
    url, fields = store.presigned_post("round", "a", signature_version=version)
    del fields[signature_field(fields) if left_out == "signature" else left_out]
    expected = (403, "AccessDenied") if left_out == "policy" else (400, "InvalidArgument")
    assert refusal(post(url, fields))[:2] == expected


@each_signature
def test_expired_post(store: ObjectStore, version: SignatureVersion) -> None:
    """A policy is good until it expires."""
    url, fields = store.presigned_post("round", "a", expires=600, signature_version=version)
    store.ahead = 590
    assert post(url, fields).status == 204
    store.ahead = 602
    assert refusal(post(url, fields)) == (403, "AccessDenied", "Invalid according to Policy: Policy expired.")


@each_signature
def test_post_with_a_changed_key(store: ObjectStore, version: SignatureVersion) -> None:
    """The key has to be the one that was signed, and so has the bucket."""
    store.buckets.add("other")
    url, fields = store.presigned_post("round", "a", signature_version=version)
    failed = "Invalid according to Policy: Policy Condition failed: "
    assert refusal(post(url, fields | {"key": "b"})) == (403, "AccessDenied", failed + '["eq", "$key", "a"]')
    status, _, message = refusal(post(url.replace("/round", "/other"), fields))
    assert (status, message) == (403, failed + '["eq", "$bucket", "round"]')


@each_signature
@pytest.mark.parametrize("condition", [{"acl": "private"}, ["eq", "$acl", "private"], ["starts-with", "$acl", "priv"]])
def test_conditions(store: ObjectStore, version: SignatureVersion, condition: Any) -> None:
    """Each kind of condition lets the right value pass, and neither a wrong one nor none."""
    url, fields = store.presigned_post("round", "a", conditions=[condition], signature_version=version)
    assert post(url, fields | {"acl": "private"}).status == 204
    for wrong in ({"acl": "public-read"}, {"acl": ""}, {}):
        status, code, message = refusal(post(url, fields | wrong))
        assert (status, code) == (403, "AccessDenied")
        assert message.startswith("Invalid according to Policy: Policy Condition failed: [")


@each_signature
def test_sizes(store: ObjectStore, version: SignatureVersion) -> None:
    """A file has to be neither smaller nor larger than the policy says."""
    url, fields = store.presigned_post(
        "round", "a", conditions=[["content-length-range", 10, 20]], signature_version=version
    )
    for size in (10, 20):
        assert post(url, fields, b"x" * size).status == 204
    larger, smaller = post(url, fields, b"x" * 21), post(url, fields, b"x" * 9)
    assert refusal(larger) == (400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
    assert b"<ProposedSize>21</ProposedSize><MaxSizeAllowed>20</MaxSizeAllowed>" in larger.data
    assert refusal(smaller) == (400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
    assert store.objects["round", "a"] == b"x" * 20


@each_signature
def test_file_before_its_fields(store: ObjectStore, version: SignatureVersion) -> None:
    """What follows the file is not read."""
    url, fields = store.presigned_post("round", "a", signature_version=version)
    parts = [("file", ("a.csv", CSV)), *fields.items()]
    status, code, message = refusal(HTTP.request("POST", url, fields=parts))
    assert (status, code) == (400, "InvalidArgument")
    assert message.startswith("Bucket POST must contain a field named 'key'.")
    key, *others = fields.items()
    response = HTTP.request("POST", url, fields=[key, ("file", ("a.csv", CSV)), *others])
    assert refusal(response) == (403, "AccessDenied", "Access Denied")


@each_signature
def test_field_without_a_condition(store: ObjectStore, version: SignatureVersion) -> None:
    """A field that the policy does not name is refused, unless its name says that S3 shall ignore it."""
    url, fields = store.presigned_post("round", "a", fields={"x-amz-meta-user": "me"}, signature_version=version)
    assert fields["x-amz-meta-user"] == "me"
    extra = (403, "AccessDenied", "Invalid according to Policy: Extra input fields: x-amz-meta-user")
    assert refusal(post(url, fields)) == extra
    del fields["x-amz-meta-user"]
    assert post(url, fields | {"x-ignore-user": "me"}).status == 204


@each_signature
def test_blank_field(store: ObjectStore, version: SignatureVersion) -> None:
    """A field whose value is blank is a field, and has to be sent."""
    url, fields = store.presigned_post(
        "round", "a", fields={"x-amz-meta-note": ""}, conditions=[{"x-amz-meta-note": ""}], signature_version=version
    )
    assert post(url, fields).status == 204
    del fields["x-amz-meta-note"]
    failed = 'Invalid according to Policy: Policy Condition failed: ["eq", "$x-amz-meta-note", ""]'
    assert refusal(post(url, fields)) == (403, "AccessDenied", failed)


@each_signature
@pytest.mark.parametrize("status", ["200", "201", "204", "299"])
def test_success_action_status(store: ObjectStore, version: SignatureVersion, status: str) -> None:
    """The form chooses between 200, 201 with an XML answer, and 204."""
    choice = {"success_action_status": status}
    url, fields = store.presigned_post("round", "a", fields=choice, conditions=[choice], signature_version=version)
    response = post(url, fields)
    assert response.status == (204 if status == "299" else int(status))
    assert (b"<PostResponse><Location>" in response.data) == (status == "201")
    assert (b"<Bucket>round</Bucket><Key>a</Key><ETag>" in response.data) == (status == "201")
    assert store.objects["round", "a"] == CSV


@each_signature
def test_filename_in_the_key(store: ObjectStore, version: SignatureVersion) -> None:
    """The name of the file takes the place of `${filename}`, without its folders."""
    url, fields = store.presigned_post("round", "in/${filename}", signature_version=version)
    assert post(url, fields, filename="C:/folder/mine.csv").status == 204
    assert store.objects["round", "in/mine.csv"] == CSV


def test_post_to_a_missing_bucket(store: ObjectStore) -> None:
    """A form for a bucket that does not exist is refused as such."""
    assert refusal(post(*store.presigned_post("other", "a")))[:2] == (404, "NoSuchBucket")


def test_post_in_chunks(store: ObjectStore) -> None:
    """A body whose length is not announced is refused."""
    url, fields = store.presigned_post("round", "a")
    body, content_type = urllib3.encode_multipart_formdata([*fields.items(), ("file", ("a.csv", CSV))])
    response = HTTP.request("POST", url, body=iter([body]), headers={"Content-Type": content_type}, chunked=True)
    assert refusal(response)[:2] == (411, "MissingContentLength")


def test_bodies_that_are_no_form(store: ObjectStore) -> None:
    """A body has to be a form, to have its end, and to have a file."""
    url, fields = store.presigned_post("round", "a")
    body, content_type = urllib3.encode_multipart_formdata([*fields.items(), ("file", ("a.csv", CSV))])
    headers = {"Content-Type": content_type}
    cut = HTTP.request("POST", url, body=body[:-10], headers=headers)
    assert refusal(cut)[:2] == (400, "MalformedPOSTRequest")
    bare = HTTP.request("POST", url, body=CSV, headers={"Content-Type": "text/csv"})
    assert refusal(bare)[:2] == (412, "PreconditionFailed")
    no_file = HTTP.request("POST", url, fields=fields)
    assert refusal(no_file)[2] == "POST requires exactly one file upload per request."


def test_put(store: ObjectStore) -> None:
    """Nothing but presigned GET, HEAD and POST is there."""
    response = HTTP.request("PUT", f"{store.url}/round/a", body=CSV)
    assert refusal(response)[:2] == (405, "MethodNotAllowed")


def test_faults_in_front(store: ObjectStore) -> None:
    """Faults come over the store's answers, and its requests are logged."""
    url = store.presigned_get("round", "live data/ä+b.csv")
    store.front.set(faults.status(503), times=1)
    assert [get(url).status for _ in range(2)] == [503, 200]
    assert store.front.requests[-1].path == "/round/live data/ä+b.csv".encode().decode("latin-1")
