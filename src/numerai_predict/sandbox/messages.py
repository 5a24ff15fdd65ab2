"""What crosses the wall between supervisor and worker: typed, bounded, never a pickle.

A message is a frame: the lengths of two parts, a JSON object with the message's fields, and raw bytes.

    to the worker     fields                               bytes    descriptors
    Confine           what to take away from itself        filter   -
    Round             -                                    -        live features
    Load              name of the model file               -        model
    Predict           -                                    -        benchmark models, if the function takes them

    to the supervisor fields                               bytes    what it may be used for
    Confined          -                                    -        a fact: no byte of the user's was read before
    Ready             Python, library versions             -        the record
    RoundRead         rows, columns, name of the index     ids      facts: no byte of the user's was read before
    Loaded            what the pickle holds                -        a claim: how to call it
    Returned          type, leftover threads               CSV      a claim: the judge reads the bytes itself
    Raised            exception, traceback                 -        a claim: shown to the user
    Exited            status given to sys.exit()           -        a claim

A claim may be forged by the model, which shares the worker's process. Nothing counts as success because of a message
alone.

Named tuples, not dataclasses: made 6 ms faster, and both processes pay for them in every run.
"""

import json
import struct
from typing import NamedTuple

FIELDS_LIMIT = 1024**2
"""Bytes of JSON in one message. The largest honest one lists 3,600 column names: 0.13 MB."""

CELLS_LIMIT = 5_000_000
"""Cells of a frame that are still written as CSV; a submission has 7,000."""

TOO_LARGE = "too large"
"""The type that stands for a frame of more cells than that."""

FILTER_LIMIT = 64 * 1024
"""Bytes of a filter: seccomp takes 4,096 instructions, of 8 bytes each."""

CHANNEL = 3
"""The descriptor of the channel inside the worker."""

_HEADER = struct.Struct(">IQ")


class BrokenMessage(Exception):
    """Bytes that are no message, or a message that is larger than allowed."""


class MessageTooLarge(BrokenMessage):
    """A frame that announces, or holds, more bytes than the reader takes."""

    def __init__(self, actual: int, limit: int) -> None:
        super().__init__(f"a message of {actual} bytes, {limit} are allowed")
        self.actual = actual


class Confine(NamedTuple):
    """Take these rights from yourself, and prove that they are gone; the payload is a seccomp filter, or empty."""

    uid: int
    """The user and group to become, or -1."""

    limits: dict[str, int]
    """Values of resource limits, by their names in the module `resource`."""

    landlock: int
    """The version of Landlock's interface to use; 0 for none."""

    unix_sockets: bool
    """Whether the filter allows sockets within this machine."""

    closed_file: str
    """A file that must be out of reach, next to which nothing can be made, if `uid` or `landlock` asks for that."""

    payload: bytes = b""


UNCONFINED = Confine(-1, {}, 0, True, "")
"""The order to keep all rights."""


class Round(NamedTuple):
    """Read the live features from the descriptor that comes with this message."""


class Load(NamedTuple):
    """Unpickle the model from the descriptor that comes with this message."""

    name: str
    """The model file's name without its folder: pandas tells the compression by its extension."""


class Predict(NamedTuple):
    """Call the function; the benchmark models come as a descriptor if it takes two arguments."""


class Confined(NamedTuple):
    """Every layer that was ordered is applied, and was tried."""


class Ready(NamedTuple):
    """The worker has imported what it needs."""

    python: str
    libraries: dict[str, str]
    """Names and versions of what reads the data: pandas and pyarrow."""


class RoundRead(NamedTuple):
    """The live features are read; the payload is their ids, one a line."""

    rows: int
    columns: list[str]
    index_name: str
    """The name of the index, or an empty string."""

    payload: bytes = b""


class Loaded(NamedTuple):
    """The pickle is loaded."""

    what: str
    """The type of what it holds, as in "a LGBMRegressor"."""

    callable: bool
    has_predict: bool
    """Whether it has a method `predict`, as an estimator does."""

    signature: str
    arguments: int
    """How many parameters `inspect.signature` finds; -1 if it finds no signature."""


class Returned(NamedTuple):
    """The function has returned; the payload is the CSV, empty if there is none to be made."""

    type: str
    """"DataFrame", "Series", the full name of a class derived from them, `TOO_LARGE`; or empty for anything else."""

    what: str
    """A phrase for the type and shape of what was returned, as in "a Series of 5 rows"."""

    threads: int
    """Threads of Python that the model left running."""

    payload: bytes = b""


class Raised(NamedTuple):
    """Loading or calling raised an exception, or the worker itself could not go on."""

    doing: str
    """One of "confining", "starting", "reading" (the program's work), "loading", "predicting", "returning" (the
    user's code)."""

    type: str
    exception: str
    traceback: str
    """The user's frames only, as Python prints them."""

    details: dict[str, str]


class Exited(NamedTuple):
    """The model called `sys.exit`."""

    doing: str
    status: str


Message = Confine | Round | Load | Predict | Confined | Ready | RoundRead | Loaded | Returned | Raised | Exited

_TYPES: dict[str, type] = {
    cls.__name__: cls
    for cls in (Confine, Round, Load, Predict, Confined, Ready, RoundRead, Loaded, Returned, Raised, Exited)
}
_ELEMENTS = {"columns": str, "libraries": str, "details": str, "limits": int}


def encode(message: Message) -> bytes:
    """Return the frame of a message."""
    content = message._asdict()
    payload: bytes = content.pop("payload", b"")
    text = json.dumps({"message": type(message).__name__, **content}).encode()
    return _HEADER.pack(len(text), len(payload)) + text + payload


class Decoder:
    """Turns the bytes of a stream, as they come, into messages.

    Args:
        payload_limit: bytes of payload that a message may carry.
    """

    def __init__(self, payload_limit: int) -> None:
        self._limit = payload_limit
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """Take bytes of the stream.

        Raises:
            MessageTooLarge: the next message announces more than it may hold. Announced, not received: nothing is kept.
            BrokenMessage: what comes cannot be a message.
        """
        self._buffer += data
        if len(self._buffer) > _HEADER.size + FIELDS_LIMIT + self._limit:
            raise MessageTooLarge(len(self._buffer), self._limit)
        if len(self._buffer) >= _HEADER.size:
            size, payload = _HEADER.unpack_from(self._buffer)
            if size > FIELDS_LIMIT:
                raise BrokenMessage("bytes that are no message")
            if payload > self._limit:
                raise MessageTooLarge(payload, self._limit)

    def holds_bytes(self) -> bool:
        """Whether anything has come that is no whole message, or has not been taken."""
        return bool(self._buffer)

    def next(self) -> Message | None:
        """Return the next whole message, or None.

        Raises:
            BrokenMessage: the bytes are not a message.
        """
        if len(self._buffer) < _HEADER.size:
            return None
        size, payload = _HEADER.unpack_from(self._buffer)
        end = _HEADER.size + size + payload
        if len(self._buffer) < end:
            return None
        text = bytes(self._buffer[_HEADER.size : _HEADER.size + size])
        content = bytes(self._buffer[_HEADER.size + size : end])
        del self._buffer[:end]
        self.feed(b"")
        return _decode(text, content)


def _decode(text: bytes, payload: bytes) -> Message:
    try:
        content = json.loads(text)
        cls = _TYPES[content.pop("message")]
    except (ValueError, RecursionError, KeyError, AttributeError, TypeError):
        raise BrokenMessage("bytes that are no message") from None
    expected = cls.__annotations__
    if "payload" in expected:
        content["payload"] = payload
    elif payload:
        raise BrokenMessage(f"a {cls.__name__} with a payload")
    if content.keys() != expected.keys():
        raise BrokenMessage(f"a {cls.__name__} with the wrong fields")
    for name, value in content.items():
        _check(cls.__name__, name, value, expected[name])
    message: Message = cls(**content)
    return message


def _check(message: str, name: str, value: object, annotation: object) -> None:
    # dict[str, str] and list[str] are the only generic ones: their origin is what json gives.
    kind = getattr(annotation, "__origin__", annotation)
    if type(value) is not kind:
        raise BrokenMessage(f"a {message} whose {name} is a {type(value).__name__}")
    if name in _ELEMENTS:
        elements = value.values() if isinstance(value, dict) else value
        if any(type(element) is not _ELEMENTS[name] for element in elements):  # type: ignore[attr-defined]
            raise BrokenMessage(f"a {message} whose {name} holds something of another type")
