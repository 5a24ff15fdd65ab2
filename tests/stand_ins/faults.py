"""Faults that can be switched on in front of a WSGI app, and a server for such apps.

front = Faulty(app)
with Server(front) as server:
    front.set(status(503, retry_after=1), times=2)  # the third request is answered by the app again
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from io import BytesIO
from types import TracebackType
from typing import Any

from werkzeug import Response
from werkzeug.datastructures import EnvironHeaders, Headers
from werkzeug.exceptions import ClientDisconnected
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wsgi import get_current_url, get_input_stream

from stand_ins.s3_error import xml

STOPPING = "stand_ins.stopping"
"""The key in a request's environment of the event that is set when its server stops."""

TICK = 0.05
"""Seconds between two pieces of an answer that trickles, unless it is slower than a byte in that time."""


@dataclass(frozen=True)
class Request:
    """A request as it came."""

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes


@dataclass(frozen=True)
class Exchange:
    """A request that is to be answered, whole or not."""

    app: Any
    environ: dict[str, Any]

    def handle(self, *without: str) -> Response:
        """Have the app handle the request, without some of its headers; its answer is not sent yet."""
        return Response.from_app(
            self.app, {name: value for name, value in self.environ.items() if name not in without}, buffered=True
        )

    def send(self, data: bytes) -> None:
        """Send bytes as they are, past the server."""
        self.environ["werkzeug.socket"].sendall(data)

    def trickle(self, data: bytes, bytes_per_second: float) -> None:
        """Send bytes slowly, from the first one on."""
        size = max(1, round(bytes_per_second * TICK))
        for start in range(0, len(data), size):
            self.wait(size / bytes_per_second)
            self.send(data[start : start + size])

    def wait(self, seconds: float) -> None:
        """Wait, unless the server stops; then there is no answer."""
        if self.environ[STOPPING].wait(seconds):
            raise ConnectionAbortedError("the server stops")

    def carries_body(self, response: Response) -> bool:
        """Whether an answer has a body that could be broken off."""
        return self.environ["REQUEST_METHOD"] != "HEAD" and bool(response.get_data())


@dataclass(frozen=True)
class Fault:
    """What becomes of a request."""

    name: str
    answer: Callable[[Exchange], Response | None]
    """Return the answer, or None for a connection that is to be cut now, whatever has been sent."""


class Faulty:
    """A WSGI app that keeps a log of the requests to another, and lets faults come over them."""

    def __init__(self, app: Any) -> None:
        self.requests: list[Request] = []
        self._app = app
        self._fault: Fault | None = None
        self._times: int | None = None
        self._lock = threading.Lock()

    def set(self, fault: Fault, times: int | None = None) -> None:
        """Let a fault come over the next requests, so many of them or all until `clear`; it replaces the one before."""
        with self._lock:
            self._fault, self._times = fault, times

    def clear(self) -> None:
        """Let all be well again."""
        with self._lock:
            self._fault = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request as WSGI wants it."""
        fault = self._log(environ)
        if fault is None:
            return self._app(environ, start_response)
        response = fault.answer(Exchange(self._app, environ))
        if response is None:
            raise ConnectionAbortedError("cut on purpose")  # the server closes the connection and says nothing
        return response(environ, start_response)

    def _log(self, environ: dict[str, Any]) -> Fault | None:
        """Note a request, with its whole body in memory; return the fault that comes over it."""
        try:
            body = get_input_stream(environ).read()
        except ClientDisconnected:
            raise ConnectionAbortedError("the client has gone") from None
        method, path, query = (environ[name] for name in ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING"))
        request = Request(method, path, query, Headers(EnvironHeaders(environ)), body)
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        with self._lock:
            self.requests.append(request)
            if self._fault is None or self._times == 0:
                return None
            if self._times is not None:
                self._times -= 1
            return self._fault


# --- wrong answers; the app never hears of the request


def status(code: int, retry_after: int | str | None = None) -> Fault:
    """Answer with a status, and with the seconds or the date after which the client may ask again."""

    def answer(_: Exchange) -> Response:
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return Response(f"This is a {code}.\n", code, headers)

    return Fault(f"status-{code}", answer)


def html() -> Fault:
    """Answer with a web page, as a portal to log in to does."""
    page = "<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body>Please log in.</body></html>\n"
    return Fault("html", lambda _: Response(page, content_type="text/html"))


def garbage() -> Fault:
    """Answer with bytes that are no JSON, and not even text."""
    return Fault("garbage", lambda _: Response(b"\x1f\x8b\x00\xff{{" * 8, content_type="application/json"))


def expired_url() -> Fault:
    """Answer as S3 does when a presigned URL has expired."""

    def answer(_: Exchange) -> Response:
        now = datetime.now(timezone.utc).replace(microsecond=0, tzinfo=None)
        elements = {
            "Code": "AccessDenied",
            "Message": "Request has expired",
            "X-Amz-Expires": 3600,
            "Expires": f"{(now - timedelta(minutes=1)).isoformat()}Z",
            "ServerTime": f"{now.isoformat()}Z",
            "RequestId": "0123456789ABCDEF",
            "HostId": "standin",
        }
        headers = {"x-amz-request-id": "0123456789ABCDEF"}
        return Response(xml("Error", elements), 403, headers, content_type="application/xml")

    return Fault("expired_url", answer)


def redirect(code: int = 302, location: str | None = None) -> Fault:
    """Send the client elsewhere, or to where it is: in circles, unless the fault is for a few requests only."""

    def answer(exchange: Exchange) -> Response:
        return Response("", code, {"Location": location or get_current_url(exchange.environ)})

    return Fault(f"redirect-{code}", answer)


# --- answers of the app, altered


def corrupt() -> Fault:
    """Send wrong bytes under the right headers: length, ETag and all."""

    def answer(exchange: Exchange) -> Response:
        response = exchange.handle()
        body = bytearray(response.get_data())
        if body:
            body[len(body) // 2] ^= 0xFF
            response.set_data(bytes(body))
        return response

    return Fault("corrupt", answer)


def ignores_range() -> Fault:
    """Send the whole file, whichever part was asked for."""
    return Fault("ignores_range", lambda exchange: exchange.handle("HTTP_RANGE", "HTTP_IF_RANGE"))


# --- answers of the app, late; it has handled the request by then


def slow(seconds: float) -> Fault:
    """Let the answer wait."""

    def answer(exchange: Exchange) -> Response:
        response = exchange.handle()
        exchange.wait(seconds)
        return response

    return Fault("slow", answer)


def trickle(bytes_per_second: float) -> Fault:
    """Send the headers at once and the body slowly."""

    def answer(exchange: Exchange) -> Response | None:
        response = exchange.handle()
        if not exchange.carries_body(response):
            return response
        exchange.send(_head(response))
        exchange.trickle(response.get_data(), bytes_per_second)
        return None

    return Fault("trickle", answer)


def trickle_headers(bytes_per_second: float) -> Fault:
    """Send the headers slowly and then the body at once."""

    def answer(exchange: Exchange) -> None:
        response = exchange.handle()
        exchange.trickle(_head(response), bytes_per_second)
        if exchange.carries_body(response):
            exchange.send(response.get_data())

    return Fault("trickle_headers", answer)


# --- broken connections


def cut_before_headers() -> Fault:
    """Cut the connection when the request has been read; the app never hears of it."""
    return Fault("cut_before_headers", lambda _: None)


def answered_then_cut() -> Fault:
    """Cut the connection when the app has handled the request; the client never hears of it."""

    def answer(exchange: Exchange) -> None:
        exchange.handle()

    return Fault("answered_then_cut", answer)


def cut(after_bytes: int) -> Fault:
    """Cut the connection after some bytes of the body, at the latest before its last one."""
    return _broken_body("cut", lambda body: (f"Content-Length: {len(body)}", body[: min(after_bytes, len(body) - 1)]))


def wrong_length(missing: int = 100) -> Fault:
    """Announce more bytes than there are, send those there are, and cut the connection."""
    return _broken_body("wrong_length", lambda body: (f"Content-Length: {len(body) + missing}", body))


def chunked_cut(after_bytes: int) -> Fault:
    """Send some bytes as a whole chunk, without a length of the body, and cut the connection before the last chunk."""

    def break_off(body: bytes) -> tuple[str, bytes]:
        chunk = body[: max(1, after_bytes)]  # an empty chunk would be the last
        return "Transfer-Encoding: chunked", b"%x\r\n%b\r\n" % (len(chunk), chunk)

    return _broken_body("chunked_cut", break_off)


def _broken_body(name: str, break_off: Callable[[bytes], tuple[str, bytes]]) -> Fault:
    """The app handles the request, and what comes after the headers is broken.

    An answer without a body, such as S3's 204, cannot be broken off there: nothing of it is sent.
    """

    def answer(exchange: Exchange) -> None:
        response = exchange.handle()
        if exchange.carries_body(response):
            framing, sent = break_off(response.get_data())
            exchange.send(_head(response, framing) + sent)

    return Fault(name, answer)


def _head(response: Response, framing: str | None = None) -> bytes:
    """What precedes the body of an answer; `framing` is a header in place of the right Content-Length."""
    headers = Headers(response.headers)
    if framing:
        headers.remove("Content-Length")
        headers.add(*framing.split(": "))
    headers["Connection"] = "close"
    lines = [f"HTTP/1.1 {response.status}", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1")


# --- the server


class _Handler(WSGIRequestHandler):
    """Requests know whether their server stops, an aborted one ends its connection, and stderr stays empty."""

    def make_environ(self) -> dict[str, Any]:
        return super().make_environ() | {STOPPING: self.server.stopping}

    def connection_dropped(self, error: BaseException, environ: dict[str, Any] | None = None) -> None:
        self.close_connection = True

    def log(self, type: str, message: str, *args: object) -> None:
        if type == "error":
            super().log(type, message, *args)


class Server:
    """Serve a WSGI app on 127.0.0.1, each request in a thread, for as long as the `with` block lasts or until `stop`.

    Args:
        app: the app.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._stopped = False

    def __enter__(self) -> "Server":
        self._server = make_server("127.0.0.1", 0, self._app, threaded=True, request_handler=_Handler)
        self._server.stopping = threading.Event()
        self.url = f"http://127.0.0.1:{self._server.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Cut the answers that wait or trickle, and refuse connections from now on."""
        if not self._stopped:
            self._stopped = True
            self._server.stopping.set()
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
