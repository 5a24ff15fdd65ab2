"""A local HTTP server whose answers can be made to go wrong, for so many requests or until further notice."""

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from typing_extensions import Self

HTML = b"<!DOCTYPE html><html><body>Please log in to this network.</body></html>"

S3_EXPIRED = b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
S3_NO_KEY = b"<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>"
S3_SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"


@dataclass(frozen=True)
class Request:
    """What a client asked."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What the server answers when nothing goes wrong."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Fault:
    """How an answer goes wrong. What is not said here stays as it would be."""

    status: int | None = None
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0.0
    """Seconds before the answer."""

    trickle: float = 0.0
    """Seconds before each further byte of the answer, headers included if `from_the_start`."""

    from_the_start: bool = False
    cut: float | None = None
    """The part of the body after which the connection breaks; 0.0 breaks it before the first byte of the answer."""

    longer: int = 0
    """By how many bytes the Content-Length is more than what comes."""

    corrupt: bool = False
    """The right length and ETag, but other bytes."""

    unhandled: bool = False
    """The request is not carried out, though it may look so."""


FAULTS = {
    "500": Fault(500, b"", unhandled=True),
    "503": Fault(503, S3_SLOW_DOWN, unhandled=True),
    "429": Fault(429, b"", {"Retry-After": "0"}, unhandled=True),
    "403-expired": Fault(403, S3_EXPIRED, unhandled=True),
    "404": Fault(404, S3_NO_KEY, unhandled=True),
    "301": Fault(301, b"", {"Location": "http://127.0.0.1:9/elsewhere"}, unhandled=True),
    "html": Fault(200, HTML, {"Content-Type": "text/html"}, unhandled=True),
    "empty": Fault(200, b"", unhandled=True),
    "slow": Fault(wait=60.0, unhandled=True),
    "trickle": Fault(trickle=0.05),
    "trickling-headers": Fault(trickle=0.2, from_the_start=True),
    "cut-before-the-answer": Fault(cut=0.0, unhandled=True),
    "cut-after-the-request": Fault(cut=0.0),
    "cut-in-the-middle": Fault(cut=0.5),
    "wrong-length": Fault(longer=1000),
    "corrupt": Fault(corrupt=True),
}
"""The faults that are common to all servers, by name."""


class Leg:
    """One way in which clients use a server, and what goes wrong on it at the moment."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        """What came on this leg, the latest last."""

        self._fault: Fault | None = None
        self._left: float = 0
        self._lock = threading.Lock()

    def fail(self, fault: Fault | str, times: float = float("inf")) -> None:
        """Have the next requests go wrong."""
        with self._lock:
            self._fault, self._left = FAULTS[fault] if isinstance(fault, str) else fault, times

    def next_fault(self) -> Fault | None:
        """Take what goes wrong with one request."""
        with self._lock:
            self._left -= 1
            return self._fault if self._left >= 0 else None


class StandIn:
    """A server on this machine, in threads; a context manager. What it answers is its subclasses' business."""

    def __enter__(self) -> "Self":
        handler = type("Handler", (_Handler,), {"stand_in": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.stopped = threading.Event()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()

    def leg(self, request: Request) -> Leg:
        """On which leg a request comes."""
        raise NotImplementedError

    def answer(self, request: Request) -> Answer:
        """Carry out a request."""
        raise NotImplementedError


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stand_in: StandIn

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def log_message(self, *_: object) -> None:
        pass

    def _handle(self) -> None:
        self.close_connection = True
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        request = Request(self.command, parts.path, query, dict(self.headers), body)
        leg = self.stand_in.leg(request)
        leg.requests.append(request)
        fault = leg.next_fault() or Fault()
        answer = Answer() if fault.unhandled else self.stand_in.answer(request)
        try:
            self._send(answer, fault)
        except OSError:
            pass  # the client has gone

    def _send(self, answer: Answer, fault: Fault) -> None:
        self.stand_in.stopped.wait(fault.wait)
        if fault.cut == 0.0:
            return
        body = answer.body if fault.body is None else fault.body
        if fault.corrupt and len(body) > 16:
            body = body[:8] + bytes(len(body) - 16) + body[-8:]
        headers = answer.headers | fault.headers | {"Content-Length": str(len(body) + fault.longer)}
        status = fault.status or answer.status
        lines = [f"HTTP/1.1 {status} stand-in", *(f"{name}: {value}" for name, value in headers.items())]
        head = "\r\n".join([*lines, "Connection: close", "", ""]).encode()
        sent = body if fault.cut is None else body[: int(len(body) * fault.cut)]
        if fault.from_the_start:
            self._trickle(head + sent, fault.trickle)
        else:
            self.wfile.write(head)
            self._trickle(sent, fault.trickle)

    def _trickle(self, data: bytes, pause: float) -> None:
        if not pause:
            self.wfile.write(data)
            return
        for byte in data:
            if self.stand_in.stopped.wait(pause):
                return
            self.wfile.write(bytes([byte]))
