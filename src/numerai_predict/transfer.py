"""The only HTTP in the program: JSON questions, downloads, and presigned POSTs, with retries and deadlines.

What may be tried again is tried again: no connection, no answer in time, a body that breaks off, 429 and 5xx.
Everything else is an answer. A caller's `Deadline` bounds all tries together; because a server can keep a connection
busy without end, whoever waits does so in `at_once`, which gives up at the deadline whatever the transfer does.
"""

import os
import time
from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import IO, Any, TypeVar
from urllib.parse import unquote, urlsplit

from numerai_predict import __version__

CONNECT_TIMEOUT = 10.0
"""Seconds to wait for a connection."""

READ_TIMEOUT = 30.0
"""Seconds to wait for the next bytes of an answer."""

FIRST_WAIT, LONGEST_WAIT = 0.5, 20.0
"""Seconds between two tries: the wait doubles from the first to the longest, less a random part of up to a half."""

LAST_CHANCE = 1.0
"""Seconds after its deadline in which a transfer may still say itself what it was waiting for."""

CHUNK = 256 * 1024
"""Bytes that are read at once."""

_EXPLAINED = {
    "Policy expired": "the presigned POST has expired",
    "Request has expired": "the presigned URL has expired",
    "ExpiredToken": "the credentials behind the presigned URL have expired",
    "Policy Condition failed": "a field is not as it was signed",
    "SignatureDoesNotMatch": "the signature does not fit: a part of the URL or a field was changed or lost",
    "EntityTooLarge": "the file is larger than the presigned POST allows",
    "EntityTooSmall": "the file is smaller than the presigned POST allows",
    "RequestTimeTooSkewed": "the clock of this machine is wrong",
    "NoSuchKey": "there is no such file in the store",
    "NoSuchBucket": "there is no such bucket",
}
"""S3's error codes, or parts of its messages, in plain words."""

Progress = Callable[[int, int | None], None]
"""Called with the bytes that have come, and with how many there will be if that is known."""

_T = TypeVar("_T")


class TransferFailed(Exception):
    """A transfer that is given up; its text says why and holds no secret."""

    def __init__(self, problem: str, status: int | None = None) -> None:
        super().__init__(problem)
        self.status = status
        """The HTTP status, if the far side answered at all."""


class DeadlinePassed(TransferFailed):
    """A transfer that hangs; `pending` has the names of all that were not done."""

    def __init__(self, deadline: "Deadline", pending: Set[str] = frozenset()) -> None:
        super().__init__(f"not done within {deadline.seconds:g} seconds")
        self.pending = pending


class _TryAgain(Exception):
    """A try that failed in a way that may pass."""

    def __init__(self, problem: str, status: int | None = None, wait: float | None = None) -> None:
        super().__init__(problem)
        self.status = status
        self.wait = wait


class Deadline:
    """A point in time that several transfers share.

    Args:
        seconds: from now.
        notice: told in a sentence when a transfer has to be tried again.
    """

    def __init__(self, seconds: float, notice: Callable[[str], None] = lambda _: None) -> None:
        self.seconds = seconds
        self.notice = notice
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds that are left, never less than zero."""
        return max(0.0, self._end - time.monotonic())


def at_once(deadline: Deadline, actions: dict[str, Callable[[], _T]]) -> dict[str, _T]:
    """Do several things at the same time, each in a thread; return their results by their names.

    Raises:
        DeadlinePassed: what still hangs is left behind.
        Exception: whatever the first action that failed has raised.
    """
    import queue
    import threading

    done: queue.SimpleQueue[tuple[str, Any, BaseException | None]] = queue.SimpleQueue()

    def do(name: str, action: Callable[[], _T]) -> None:
        try:
            done.put((name, action(), None))
        except BaseException as error:
            done.put((name, None, error))

    for name, action in actions.items():
        threading.Thread(target=do, args=(name, action), daemon=True).start()
    results: dict[str, _T] = {}
    while len(results) < len(actions):
        try:
            name, result, error = done.get(timeout=deadline.remaining() + LAST_CHANCE)
        except queue.Empty:
            raise DeadlinePassed(deadline, actions.keys() - results.keys()) from None
        if error is not None:
            raise error
        results[name] = result
    return results


# --- the three kinds of transfer


def ask(url: str, question: object, deadline: Deadline) -> Any:
    """POST a question as JSON; return the answer, decoded.

    Raises:
        TransferFailed: there is no answer, or it is no JSON.
    """
    import json

    def attempt() -> Any:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        with _request("POST", url, deadline, headers=headers, body=json.dumps(question).encode()) as response:
            text = _whole_body(response, deadline)
            if response.status != 200:
                raise _refused(response, text)
        try:
            return json.loads(text)
        except ValueError:
            raise TransferFailed("the answer is not JSON", response.status) from None

    return _tried(attempt, deadline)


@dataclass(frozen=True)
class Download:
    """What a server said about a file that it sent, or that it did not have to send."""

    etag: str
    """Empty if the server gives none."""

    size: int
    modified: bool
    """False if the file is still the one whose ETag was given; nothing was written then."""


def download(url: str, file: IO[bytes], deadline: Deadline, progress: Progress, etag: str = "") -> Download:
    """Write what is behind a URL into an empty file, whole.

    Args:
        etag: the ETag of a copy that is at hand; an unchanged file is not sent again.

    Raises:
        TransferFailed: it could not be had, or never whole.
        OSError: it could not be written.
    """

    def attempt() -> Download:
        file.seek(0)
        file.truncate()
        headers = {"If-None-Match": etag} if etag else {}
        with _request("GET", url, deadline, headers=headers, redirects=5) as response:
            if response.status == 304 and etag:
                return Download(etag, 0, modified=False)
            if response.status != 200:
                raise _refused(response, _whole_body(response, deadline))
            size = _copy(response, file, deadline, progress)
            return Download(response.headers.get("ETag", ""), size, modified=True)

    return _tried(attempt, deadline)


def post_form(url: str, fields: dict[str, str], name: str, content: bytes, deadline: Deadline) -> int:
    """POST a file as a browser's form does: the fields first, in their order, the file last.

    Returns:
        The HTTP status, which is 2xx: the far side has confirmed.

    Raises:
        TransferFailed: it has not.
    """
    from urllib3.filepost import encode_multipart_formdata

    def attempt() -> int:
        parts: list[Any] = [*fields.items(), ("file", (name, content, "text/csv"))]
        body, content_type = encode_multipart_formdata(parts)  # anew for each try: no half-consumed body is sent again
        with _request("POST", url, deadline, headers={"Content-Type": content_type}, body=body) as response:
            answer = _whole_body(response, deadline)
            if not 200 <= response.status < 300:
                raise _refused(response, answer)
            _check_confirmation(response, answer, content)
            return int(response.status)

    return _tried(attempt, deadline)


def _check_confirmation(response: Any, answer: bytes, content: bytes) -> None:
    """Tell a store's confirmation from what a proxy or a log-in portal answers to everything.

    S3 answers with no body, or with a PostResponse if a 201 was asked for; rarely, with an error behind a 200.
    """
    import hashlib

    if b"<Error>" in answer:
        raise _TryAgain(f"HTTP status {response.status}{_explanation(answer)}", response.status)
    if answer.strip() and b"<PostResponse" not in answer:
        raise TransferFailed("something else answered instead of the store", response.status)
    md5 = _md5_in_etag(response)
    if md5 and md5 != hashlib.md5(content, usedforsecurity=False).hexdigest():
        raise _TryAgain("the store has something else than what was sent")


# --- one try


def _request(
    method: str, url: str, deadline: Deadline, headers: dict[str, str], body: bytes | None = None, redirects: int = 0
) -> Any:
    """Send a request; return the response with its headers read and its body to come.

    Raises:
        _TryAgain: there is no answer.
        TransferFailed: there cannot be one.
    """
    import urllib3

    remaining = deadline.remaining()
    if not remaining:
        raise DeadlinePassed(deadline)
    try:
        return _pool(url).request(
            method,
            url,
            headers={"User-Agent": f"numerai-predict/{__version__}", **headers},
            body=body,
            preload_content=False,
            timeout=urllib3.Timeout(connect=min(CONNECT_TIMEOUT, remaining), read=min(READ_TIMEOUT, remaining)),
            redirect=bool(redirects),
            retries=urllib3.Retry(total=None, connect=0, read=0, redirect=redirects, status=0, other=0),
        )
    except urllib3.exceptions.LocationValueError:
        raise TransferFailed("it is not an http(s) URL") from None
    except urllib3.exceptions.HTTPError as error:
        raise _lost(error) from None


def _pool(url: str) -> Any:
    """The connections to use for a URL: through the environment's proxy, trusting its CA bundle."""
    import urllib.request

    import urllib3

    trusted: dict[str, Any] = {"ca_certs": os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")}
    parts = urlsplit(url)
    proxy = urllib.request.getproxies().get(parts.scheme.lower())
    if not proxy or urllib.request.proxy_bypass(parts.hostname or ""):
        return urllib3.PoolManager(**trusted)
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    user = urlsplit(proxy)
    login = unquote(f"{user.username}:{user.password or ''}") if user.username else None
    return urllib3.ProxyManager(proxy, proxy_headers=urllib3.make_headers(proxy_basic_auth=login), **trusted)


def _copy(response: Any, file: IO[bytes], deadline: Deadline, progress: Progress) -> int:
    """Write a body as it comes; hold it against its length and, where it is one, its MD5 in the ETag.

    Raises:
        _TryAgain: it is not whole.
    """
    import hashlib

    length = response.headers.get("Content-Length")
    expected = int(length) if length and length.isdigit() else None
    digest, size = hashlib.md5(usedforsecurity=False), 0
    for data in _body(response, deadline):
        file.write(data)
        digest.update(data)
        size += len(data)
        progress(size, expected)
    file.flush()
    md5 = _md5_in_etag(response)
    if md5 and md5 != digest.hexdigest():
        raise _TryAgain("what came is not what its ETag says")
    return size


def _md5_in_etag(response: Any) -> str | None:
    """The MD5 that S3 gives as the ETag of an object, unless it was uploaded in parts or encrypted with a key."""
    headers = response.headers
    etag = headers.get("ETag", "").strip('"')
    is_s3 = "x-amz-request-id" in headers
    encrypted = headers.get("x-amz-server-side-encryption", "AES256") != "AES256"
    encrypted = encrypted or "x-amz-server-side-encryption-customer-algorithm" in headers
    return etag if is_s3 and not encrypted and len(etag) == 32 else None


def _whole_body(response: Any, deadline: Deadline, limit: int = 1024**2) -> bytes:
    body = bytearray()
    for data in _body(response, deadline):
        body += data
        if len(body) > limit:
            raise TransferFailed("the answer is too long", response.status)
    return bytes(body)


def _body(response: Any, deadline: Deadline) -> Any:
    """Yield a body as it comes. `read1`, because `read` would wait for a whole chunk, however slowly it drips."""
    import urllib3

    try:
        while data := response.read1(CHUNK):
            if not deadline.remaining():
                raise DeadlinePassed(deadline)
            yield data
    except urllib3.exceptions.HTTPError as error:
        raise _lost(error) from None


# --- what a failed try means


def _tried(attempt: Callable[[], _T], deadline: Deadline) -> _T:
    """Try until it works, it makes no sense any more, or the deadline does not allow another wait."""
    import random

    wait, tries = FIRST_WAIT, 0
    while True:
        tries += 1
        try:
            return attempt()
        except _TryAgain as failed:
            pause = failed.wait if failed.wait is not None else wait * random.uniform(0.5, 1.0)
            if pause >= deadline.remaining():
                times = f" ({tries} tries)" if tries > 1 else ""
                raise TransferFailed(f"{failed}{times}", failed.status) from None
            if tries == 1:
                deadline.notice(f"{failed}; trying again for up to {deadline.remaining():.0f} s")
            time.sleep(pause)
            wait = min(2 * wait, LONGEST_WAIT)


def _refused(response: Any, body: bytes) -> _TryAgain | TransferFailed:
    """What an answer means that is not the one hoped for."""
    status = response.status
    problem = f"HTTP status {status}{_explanation(body)}"
    if status == 429 or status >= 500:
        return _TryAgain(problem, status, _retry_after(response))
    return TransferFailed(problem, status)


def _explanation(body: bytes) -> str:
    """What S3's XML says, in plain words where we know them."""
    text = body.decode(errors="replace")
    code, message = _element(text, "Code"), _element(text, "Message")
    if not code:
        return ""
    for part, plain in _EXPLAINED.items():
        if part in (code, message) or part in message:
            return f": {plain} ({code}: {message})"
    return f": {code}: {message}"


def _element(xml: str, name: str) -> str:
    """The text of the first element of a name. No XML parser: the answer may be anyone's."""
    return xml.partition(f"<{name}>")[2].partition(f"</{name}>")[0].strip()[:300]


def _retry_after(response: Any) -> float | None:
    """How many seconds the server asks us to wait."""
    import urllib3

    try:
        return urllib3.Retry().get_retry_after(response)
    except urllib3.exceptions.InvalidHeader:
        return None


def _lost(error: Exception) -> _TryAgain | TransferFailed:
    """What an exception of urllib3 means; its own text may hold the URL."""
    import urllib3.exceptions as kinds

    reason = getattr(error, "reason", None) or error
    if "CERTIFICATE_VERIFY_FAILED" in str(reason):
        return TransferFailed("the server's certificate is not trusted; check SSL_CERT_FILE or REQUESTS_CA_BUNDLE")
    if isinstance(reason, kinds.ResponseError):
        return TransferFailed("it is redirected again and again")
    # The most specific first: that nobody listens is a kind of connection timeout to urllib3.
    for kind, problem in {
        kinds.NameResolutionError: "the name of the host cannot be resolved",
        kinds.NewConnectionError: "no connection",
        kinds.ConnectTimeoutError: "no connection in time",
        kinds.ReadTimeoutError: "no answer in time",
        kinds.SSLError: "the encrypted connection failed",
        kinds.ProxyError: "the proxy cannot be reached",
    }.items():
        if isinstance(reason, kind):
            return _TryAgain(problem)
    return _TryAgain("the connection broke off")
