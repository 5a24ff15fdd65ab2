"""What counts as a confirmation, and what is worth another try."""

import pytest

from numerai_predict import transfer
from numerai_predict.redaction import MARK, Redaction, query_secrets, without_query
from numerai_predict.stand_ins.server import Answer, Leg, StandIn
from numerai_predict.transfer import Deadline, TransferFailed


class Fixed(StandIn):
    """Answers everything with the same."""

    def __init__(self, answer: Answer) -> None:
        self._answer, self.all = answer, Leg()

    def leg(self, _):
        return self.all

    def answer(self, _):
        return self._answer


def post(answer: Answer) -> int:
    with Fixed(answer) as server:
        return transfer.post_form(server.url, {"key": "a"}, "me.csv", b"id,prediction\n", Deadline(0.3))


@pytest.mark.parametrize(
    "answer",
    [
        Answer(204),
        Answer(200),
        Answer(201, body=b'<?xml version="1.0"?><PostResponse><Key>a</Key></PostResponse>'),
        Answer(200, {"ETag": '"d41d8cd98f00b204e9800998ecf8427e"'}),
    ],
    ids=["204", "200", "201", "an-etag-that-is-no-md5"],
)
def test_confirmations(answer):
    """The ways in which S3 says yes are each taken for it."""
    assert post(answer) == answer.status


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, body=b"<html>Log in</html>"),
        Answer(200, body=b"\xef\xbb\xbf<html>"),
        Answer(200, body=b"<!-- portal --><html>"),
        Answer(200, body=b'{"error":"not logged in"}'),
        Answer(200, body=b"<?xml?><Error><Code>InternalError</Code><Message>Try again.</Message></Error>"),
        Answer(204, {"ETag": '"d41d8cd98f00b204e9800998ecf8427e"', "x-amz-request-id": "1"}),
        Answer(303, {"Location": "http://127.0.0.1:9/"}),
    ],
    ids=["html", "bom", "comment", "json", "error-behind-200", "other-bytes", "303"],
)
def test_what_is_no_confirmation(answer):
    """What anything else says to everything is not taken for the store's yes, whatever its status."""
    with pytest.raises(TransferFailed):
        post(answer)


@pytest.mark.parametrize("url", ["foo://bar/", "http://", "not a url"])
def test_no_url(url):
    """An address that cannot be one is told at once, not tried until the deadline."""
    with pytest.raises(TransferFailed, match="not an http"):
        transfer.ask(url, {}, Deadline(60))


def test_a_second_try_is_announced():
    """Who waits is told why, once."""
    notices = []
    with pytest.raises(TransferFailed, match=r"no connection \(\d tries\)"):
        transfer.ask("http://127.0.0.1:9/", {}, Deadline(2.5, notices.append))

    assert len(notices) == 1
    assert notices[0].startswith("no connection; trying again for up to ")


def test_a_proxy_without_a_scheme(monkeypatch):
    """A proxy that is named as curl takes it is the proxy."""
    with Fixed(Answer(200, body=b'{"from": "proxy"}')) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.removeprefix("http://"))
        monkeypatch.setenv("no_proxy", "")
        assert transfer.ask("http://numerai.invalid/", {}, Deadline(5)) == {"from": "proxy"}


def test_retry_after_is_honoured():
    """A server that asks for a longer wait than the deadline has left is not asked again."""
    with Fixed(Answer(429, {"Retry-After": "30"})) as server:
        with pytest.raises(TransferFailed, match="HTTP status 429"):
            transfer.ask(server.url, {}, Deadline(5))
        assert len(server.all.requests) == 1


def test_redaction():
    """Long secrets go from every text, the whole before its parts; what is short grants nothing and stays."""
    url = "https://user:passw0rdpassw0rd@host/key?X-Amz-Signature=0123456789abcdef0123&x=numerai"
    redact = Redaction(query_secrets(url))

    assert redact(f"numerai {url}") == f"numerai https://{MARK}@host/key?{MARK}"
    assert redact("0123456789abcdef0123") == MARK
    assert without_query(url) == "https://host/key"
    assert without_query("eta=0.1/model.pkl?") == "eta=0.1/model.pkl?"
    assert query_secrets("eta=0.1/model.pkl") == query_secrets("model.pkl?") == []
    assert query_secrets("https:/host/key?X-Amz-Signature=0123456789abcdef0123") == [
        "X-Amz-Signature=0123456789abcdef0123"
    ]
