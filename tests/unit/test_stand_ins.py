"""The stand-ins are worth nothing if they accept what the real ones refuse: here boto3 and numerapi use them."""

import hashlib
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from conftest import ROOT, scrubbed_environment
from urllib3.filepost import encode_multipart_formdata

from numerai_predict import numerai_api
from numerai_predict.stand_ins.numerai import Numerai
from numerai_predict.stand_ins.s3 import S3
from numerai_predict.stand_ins.server import FAULTS, HTML
from numerai_predict.transfer import Deadline

CSV = b"id,prediction\nn1,0.5\n"
FORMS = pytest.mark.parametrize("version", ["s3", "s3v4"])


def send(url: str, method: str = "GET", body: bytes = b"", headers: dict[str, str] | None = None):
    """One plain request; the status, the headers and the body of its answer."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=5)
    connection.request(method, f"{parts.path}?{parts.query}", body, headers or {})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, dict(answer.headers), content


def post(url: str, parts: list[tuple[str, object]]):
    """Send a form; the status of the answer, and S3's code in it."""
    body, content_type = encode_multipart_formdata(parts)
    status, _, content = send(url, "POST", body, {"Content-Type": content_type})
    return status, code(content)


def code(xml: bytes) -> str:
    return xml.partition(b"<Code>")[2].partition(b"</Code>")[0].decode()


@pytest.fixture
def s3():
    with S3("predictions", "models") as store:
        yield store


@pytest.fixture
def numerai():
    with Numerai({"v5.3/live.parquet": b"PAR1live"}) as api:
        yield api


def presigned_post(s3: S3, version: str, **options: object):
    answer = s3.client(version).generate_presigned_post("predictions", "round/me.csv", **options)
    return answer["url"], dict(answer["fields"])


FILE = ("file", ("live_predictions.csv", CSV, "text/csv"))


# --- S3


@FORMS
def test_a_valid_post(s3, version):
    """What boto3 has signed is stored, to the byte."""
    url, fields = presigned_post(s3, version, Conditions=[["content-length-range", 1, 1000]])

    assert post(url, [*fields.items(), FILE]) == (204, "")
    assert s3.objects == {("predictions", "round/me.csv"): CSV}


@FORMS
@pytest.mark.parametrize("status", [200, 201, 204])
def test_success_action_status(s3, version, status):
    """The status of success is the one that the form asks for; a blank field is a field."""
    extra = {"success_action_status": str(status), "x-amz-meta-note": ""}
    url, fields = presigned_post(s3, version, Fields=extra, Conditions=[dict([item]) for item in extra.items()])

    assert post(url, [*fields.items(), FILE])[0] == status


@FORMS
@pytest.mark.parametrize(
    ("options", "change", "refusal"),
    [
        ({}, {"signature": "wrong", "x-amz-signature": "wrong"}, (403, "SignatureDoesNotMatch")),
        ({"ExpiresIn": -60}, {}, (403, "AccessDenied")),
        ({}, {"key": "round/you.csv"}, (403, "AccessDenied")),
        ({"Conditions": [["content-length-range", 1, 5]]}, {}, (400, "EntityTooLarge")),
        ({"Conditions": [["content-length-range", 500, 600]]}, {}, (400, "EntityTooSmall")),
        ({"Fields": {"acl": "private"}, "Conditions": [{"acl": "private"}]}, {"acl": "public"}, (403, "AccessDenied")),
        ({}, {"acl": "public-read"}, (403, "AccessDenied")),
        ({"Conditions": [["starts-with", "$x-amz-meta-a", ""]]}, {}, (403, "AccessDenied")),
        ({}, {"policy": None}, (403, "AccessDenied")),
        ({}, {"key": None}, (400, "InvalidArgument")),
    ],
    ids=[
        "signature",
        "expired",
        "key",
        "too-large",
        "too-small",
        "condition",
        "extra-field",
        "missing-field",
        "no-policy",
        "no-key",
    ],
)
def test_what_s3_refuses(s3, version, options, change, refusal):
    """A form that is not what was signed is refused with S3's status and code, and nothing is stored."""
    url, fields = presigned_post(s3, version, **options)
    # A field that the other form of signature has would be an extra one here.
    change = {name: value for name, value in change.items() if "signature" not in name or name in fields}
    fields = {name: value for name, value in {**fields, **change}.items() if value is not None}

    assert post(url, [*fields.items(), FILE]) == refusal
    assert s3.objects == {}


@FORMS
def test_a_file_before_its_fields(s3, version):
    """S3 ignores what follows the file, so a file that comes first has no key."""
    url, fields = presigned_post(s3, version)

    assert post(url, [FILE, *fields.items()])[0] == 400
    assert s3.objects == {}


def test_an_unknown_bucket(s3):
    """A bucket that does not exist is refused."""
    _, fields = presigned_post(s3, "s3v4")

    assert post(f"{s3.url}/elsewhere", [*fields.items(), FILE]) == (404, "NoSuchBucket")


@FORMS
def test_a_valid_get(s3, version):
    """A presigned GET gives the object, with the MD5 as its ETag."""
    s3.objects["models", "a/model.pkl"] = b"pickle"
    url = s3.client(version).generate_presigned_url("get_object", {"Bucket": "models", "Key": "a/model.pkl"})

    status, headers, content = send(url)
    assert (status, content) == (200, b"pickle")
    assert headers["ETag"] == f'"{hashlib.md5(b"pickle").hexdigest()}"'


@FORMS
def test_gets_that_s3_refuses(s3, version):
    """An expired URL, another key under the same signature, and no signature at all are each refused."""
    s3.objects["models", "a"] = s3.objects["models", "b"] = b"pickle"
    client = s3.client(version)
    url = client.generate_presigned_url("get_object", {"Bucket": "models", "Key": "a"})
    expired = client.generate_presigned_url("get_object", {"Bucket": "models", "Key": "a"}, ExpiresIn=1)
    time.sleep(2.1)

    assert code(send(expired)[2]) == "AccessDenied"
    assert code(send(url.replace("/a?", "/b?"))[2]) == "SignatureDoesNotMatch"
    assert code(send(url.partition("?")[0])[2]) == "AccessDenied"


# --- Numerai


@pytest.fixture
def real_numerapi(numerai, monkeypatch):
    """The installed numerapi, pointed at the stand-in."""
    import numerapi

    monkeypatch.setattr(numerapi.base_api, "API_TOURNAMENT_URL", numerai.url)
    return numerapi.NumerAPI(verbosity="error", show_progress_bars=False)


def test_numerapi_downloads(real_numerapi, tmp_path):
    """The real numerapi lists, finds and downloads what is here."""
    real_numerapi.download_dataset("v5.3/live.parquet", str(tmp_path / "live"))

    assert real_numerapi.list_datasets() == ["v5.3/live.parquet"]
    assert real_numerapi.get_current_round() == 1334
    assert (tmp_path / "live").read_bytes() == b"PAR1live"
    with pytest.raises(ValueError, match="the requested file does not exist"):
        real_numerapi.download_dataset("v5.3/nothing.parquet", str(tmp_path / "nothing"))


def asked(numerai: Numerai) -> list[object]:
    """What has been asked, white space apart."""
    questions = [json.loads(request.body) for request in numerai.api.requests]
    return [(re.sub(r"\s+", "", question["query"]), question["variables"]) for question in questions]


def ask_as_we_do(numerai: Numerai, monkeypatch) -> list[object]:
    numerai.api.requests.clear()
    monkeypatch.setenv("NUMERAI_API_URL", numerai.url)
    url = numerai_api.dataset_url("v5.3/live.parquet", Deadline(5))
    assert url is not None
    assert send(url)[2] == b"PAR1live"
    assert numerai_api.current_round(Deadline(5)) == 1334
    return asked(numerai)


def test_contract_with_numerapi(numerai, real_numerapi, tmp_path, monkeypatch):
    """We ask the API what the newest numerapi asks, and get the same URL."""
    real_numerapi.download_dataset("v5.3/live.parquet", str(tmp_path / "live"))
    real_numerapi.get_current_round()
    theirs = asked(numerai)

    assert ask_as_we_do(numerai, monkeypatch) == theirs
    urls = {(request.path, *request.query.items()) for request in numerai.data.requests}
    assert len(urls) == 1


def test_contract_with_numerapi_2(numerai, tmp_path, monkeypatch):
    """We ask the API what numerapi 2.x asks, and get the same URL."""
    folder = Path(os.environ.get("NUMERAPI_2", ROOT / ".venv/numerapi-2"))
    if not folder.exists():
        if "CI" in os.environ:
            pytest.fail("`make test` installs numerapi 2.x there")
        pytest.skip(f"numerapi 2.x is not in {folder}; `make test` installs it there")
    code = (
        f"import numerapi; numerapi.base_api.API_TOURNAMENT_URL = {numerai.url!r}; assert numerapi.__version__ < '3'\n"
        f"numerapi.NumerAPI().download_dataset('v5.3/live.parquet', {str(tmp_path / 'live')!r})"
    )
    code = code.replace("numerapi.__version__", "__import__('importlib.metadata').metadata.version('numerapi')")
    environment = scrubbed_environment() | {"PYTHONPATH": str(folder)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, timeout=60, capture_output=True)
    (theirs,) = {(request.path, *request.query.items()) for request in numerai.data.requests}

    ask_as_we_do(numerai, monkeypatch)
    assert (tmp_path / "live").read_bytes() == b"PAR1live"
    assert {(request.path, *request.query.items()) for request in numerai.data.requests} == {theirs}


# --- faults


def url_of(numerai: Numerai) -> str:
    return (
        f"{numerai.url}/datasets/v5.3/live.parquet?{urlencode(parse_qsl('X-Amz-Signature=canary5ignature0fNumerai'))}"
    )


@pytest.mark.parametrize("name", ["500", "503", "429", "403-expired", "404", "301", "html", "empty"])
def test_wrong_answers(numerai, name):
    """A fault of this kind answers with its status and body, as often as it is told to; then all is well again."""
    numerai.data.fail(name, times=1)

    status, _, body = send(url_of(numerai))
    assert (status, body) == (FAULTS[name].status, FAULTS[name].body)
    assert send(url_of(numerai))[2] == b"PAR1live"
    assert HTML.startswith(b"<!DOCTYPE")


@pytest.mark.parametrize(
    "name", ["cut-before-the-answer", "cut-after-the-request", "cut-in-the-middle", "wrong-length"]
)
def test_broken_answers(numerai, name):
    """A fault of this kind leaves the client without a whole answer."""
    numerai.data.fail(name, times=1)

    with pytest.raises((http.client.HTTPException, ConnectionError)):
        send(url_of(numerai))


def test_corrupt_answers(numerai):
    """A corrupt answer has the right length and ETag, and other bytes."""
    numerai.files["v5.3/live.parquet"] = b"PAR1" + b"x" * 100 + b"PAR1"
    _, right, content = send(url_of(numerai))
    numerai.data.fail("corrupt")
    _, headers, corrupt = send(url_of(numerai))

    assert headers == right
    assert corrupt != content
    assert len(corrupt) == len(content)


@pytest.mark.parametrize("name", ["slow", "trickle", "trickling-headers"])
def test_slow_answers(numerai, name):
    """A slow answer has hardly begun after half a second, and does not hold up the end of the server."""
    numerai.files["v5.3/live.parquet"] = b"x" * 1000
    numerai.data.fail(name)
    parts = urlsplit(url_of(numerai))
    with socket.create_connection((parts.hostname, parts.port)) as client:
        client.sendall(f"GET {parts.path}?{parts.query} HTTP/1.1\r\n\r\n".encode())
        client.settimeout(0.1)
        came, end = b"", time.monotonic() + 0.5
        while time.monotonic() < end:
            try:
                came += client.recv(65536)
            except TimeoutError:
                pass

    assert len(came) < 300


def test_an_unchanged_file(numerai):
    """A client that names the ETag it has gets no bytes; after a change of the file, it gets the new ones."""
    etag = send(url_of(numerai))[1]["ETag"]

    assert send(url_of(numerai), headers={"If-None-Match": etag})[0] == 304
    numerai.files["v5.3/live.parquet"] = b"PAR1LIVE"
    assert send(url_of(numerai), headers={"If-None-Match": etag})[2] == b"PAR1LIVE"
