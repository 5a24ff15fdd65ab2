"""INSIDE the wall: the only code that shares a process with the user's model.

The worker does what it is told by the messages on its channel, in this order: confine itself, start, read the round,
load the model, call it, end. It needs its interpreter's standard library, pandas and pyarrow, and nothing else, so that
it starts under any supported Python and in any environment that can read parquet.

It is started as `python -c`, never as a script: with a file as `__main__`, the workers that multiprocessing *spawns*
would run that file again and hang.
"""

import faulthandler
import gc
import inspect
import mmap
import os
import pickle
import resource
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

from numerai_predict.sandbox import confinement, messages

CRASH_LOG = 4
"""The descriptor to which the interpreter writes where it was when it crashed, or when the supervisor asks."""

WHERE_ARE_YOU = signal.SIGUSR1
"""The signal on which the interpreter writes its stack to `CRASH_LOG`."""


def main() -> None:
    """Run the worker until its process ends; never returns."""
    channel = _Channel(_settle())
    try:
        try:
            _work(channel)
        except BaseException as error:
            channel.send(_ended(channel.doing, error))
    except OSError:
        pass  # the model closed the channel: no message is a message too
    _leave()


def _work(channel: "_Channel") -> None:
    # The collector finds nothing in imports and decoding, but looks for 0.1 s. The user's code runs with it, as always.
    gc.disable()
    order, _ = channel.receive(messages.Confine)
    if order != messages.UNCONFINED:
        confinement.confine(order)
    channel.send(messages.Confined())

    channel.doing = "starting"
    import pandas as pd
    import pyarrow

    channel.send(messages.Ready(_python(), {"pandas": pd.__version__, "pyarrow": pyarrow.__version__}))

    _, (live,) = channel.receive(messages.Round)
    channel.doing = "reading"
    live_features = _read_parquet(live)
    channel.send(_round_read(live_features))

    load, (model,) = channel.receive(messages.Load)
    channel.doing = "loading"
    gc.freeze()
    gc.enable()
    predict = _unpickle(model, load.name)
    loaded = _loaded(predict)
    channel.send(loaded)

    _, benchmarks = channel.receive(messages.Predict)
    channel.doing = "reading"
    arguments = [live_features]
    for descriptor in benchmarks:
        live_benchmark_models = _read_parquet(descriptor)
        if set(live_benchmark_models.index) != set(live_features.index):
            raise LookupError("its ids are not those of the live features")
        arguments.append(live_benchmark_models)
    channel.doing = "predicting"
    predictions = predict(*arguments)
    channel.doing = "returning"
    channel.send(_returned(predictions))


# --- start


def _settle() -> socket.socket:
    """Put this process in order for a stranger's code, before anything else is imported."""
    os.chdir(os.environ["TMPDIR"])
    _end_with_supervisor()
    _be_the_first_to_go()
    for descriptor in map(int, os.listdir("/dev/fd")):
        if descriptor > CRASH_LOG:
            try:
                os.close(descriptor)
            except OSError:
                pass  # the one by which listdir read the folder
    for descriptor in (messages.CHANNEL, CRASH_LOG):
        os.set_inheritable(descriptor, False)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    faulthandler.enable(CRASH_LOG, all_threads=False)
    faulthandler.register(WHERE_ARE_YOU, CRASH_LOG, all_threads=False)
    return socket.socket(fileno=messages.CHANNEL)


def _end_with_supervisor() -> None:
    """Have the kernel kill this process when the supervisor dies, however it dies."""
    if sys.platform == "linux":
        confinement.prctl(confinement.PR_SET_PDEATHSIG, signal.SIGKILL)


def _be_the_first_to_go() -> None:
    """Have the kernel, when memory runs out, kill this process rather than the supervisor, who can tell of it."""
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
    except OSError:
        pass  # not Linux, or a /proc that is not writable


def _python() -> str:
    return ".".join(str(part) for part in sys.version_info[:3])


class _Channel:
    """The worker's end of the channel, and what it is doing at the moment."""

    def __init__(self, channel: socket.socket) -> None:
        self._socket = channel
        self._decoder = messages.Decoder(messages.FILTER_LIMIT)
        self.doing = "confining"

    def send(self, message: messages.Message) -> None:
        self._socket.sendall(messages.encode(message))

    def receive(self, expected: type) -> tuple[Any, list[int]]:
        """Wait for a message and the descriptors that came with it."""
        descriptors: list[int] = []
        while (message := self._decoder.next()) is None:
            data, received, _, _ = socket.recv_fds(self._socket, 65536, 4)
            if not data:
                os._exit(0)  # the supervisor is gone, or has no more work
            descriptors += received
            self._decoder.feed(data)
        assert isinstance(message, expected), f"{message} where {expected} was due"
        return message, descriptors


# --- read


def _read_parquet(descriptor: int) -> Any:
    """What `pd.read_parquet` gives for the file behind a descriptor, decoded from its mapped pages."""
    import pandas as pd
    import pyarrow

    with open(descriptor, "rb") as file:
        pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return pd.read_parquet(pyarrow.BufferReader(pages))


def _round_read(live_features: Any) -> messages.RoundRead:
    ids = "\n".join(map(str, live_features.index))
    name = live_features.index.name
    return messages.RoundRead(
        rows=len(live_features),
        columns=[str(column) for column in live_features.columns],
        index_name="" if name is None else str(name),
        payload=ids.encode(),
    )


# --- load


def _unpickle(descriptor: int, name: str) -> Any:
    """Unpickle a file, opened as pandas opens it: its extension tells the compression.

    Not by `pd.read_pickle`, which silences the warnings about library versions and, when loading fails, tries a second
    time in another way: whatever the pickle does, it would do twice.
    """
    from pandas.io.common import get_handle, infer_compression

    with open(descriptor, "rb") as file:
        compression = infer_compression(name, "infer")
        with get_handle(file, "rb", compression=compression, is_text=False) as handles:
            handle: Any = handles.handle
            return pickle.load(handle)


def _loaded(predict: Any) -> messages.Loaded:
    signature, arguments = "", -1
    if callable(predict):
        # A callable without a signature (some compiled ones) has no number of arguments.
        try:
            parameters = inspect.signature(predict)
            signature = _name(predict) + str(parameters)
            arguments = _arguments(parameters)
        except (ValueError, TypeError):
            signature = _name(predict)
    return messages.Loaded(
        what=_what(predict),
        callable=callable(predict),
        has_predict=callable(getattr(predict, "predict", None)),
        signature=signature[:500],
        arguments=arguments,
    )


def _arguments(signature: inspect.Signature) -> int:
    """How many frames a function is called with: one for each of its parameters, as numerai-predict has always counted.

    Where that call cannot work, because parameters are for keywords only, it is called with those that it can take.
    """
    count = len(signature.parameters)
    if not _takes(signature, count):
        return next((fewer for fewer in (1, 2) if _takes(signature, fewer)), count)
    return count


def _takes(signature: inspect.Signature, count: int) -> bool:
    try:
        signature.bind(*[None] * count)
    except TypeError:
        return False
    return True


def _name(predict: Any) -> str:
    return str(getattr(predict, "__name__", type(predict).__name__))


def _what(thing: Any) -> str:
    """A phrase for a type, with its article: "an int", "a sklearn.linear_model.Ridge"."""
    if thing is None:
        return "None"
    cls = type(thing)
    name = cls.__qualname__ if cls.__module__ in ("builtins", "__main__") else f"{cls.__module__}.{cls.__qualname__}"
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


# --- return


def _returned(predictions: Any) -> messages.Returned:
    import pandas as pd

    cls = type(predictions)
    threads = threading.active_count() - 1
    if not issubclass(cls, pd.DataFrame | pd.Series):
        shape = getattr(predictions, "shape", None)
        what = _what(predictions) + (f" of shape {shape}" if type(shape) is tuple else "")
        return messages.Returned("", what[:300], threads)
    what = f"{_what(predictions)} of shape {predictions.shape}"
    name = cls.__name__ if cls in (pd.DataFrame, pd.Series) else f"{cls.__module__}.{cls.__qualname__}"
    if predictions.size > messages.CELLS_LIMIT:
        return messages.Returned(messages.TOO_LARGE, what, threads)
    return messages.Returned(name, what, threads, predictions.to_csv().encode())


# --- end


def _ended(doing: str, error: BaseException) -> messages.Raised | messages.Exited:
    try:
        text = str(error)
    except BaseException:
        text = "(its text raised an exception)"
    if isinstance(error, SystemExit):
        return messages.Exited(doing, "" if error.code is None else text[:300])
    details = {}
    if isinstance(error, ImportError) and error.name:
        details["module"] = str(error.name)
    if family := _refused_socket(error):
        details["socket"] = family
    elif isinstance(error, PermissionError) and os.path.isabs(str(error.filename or "")):
        details["file"] = str(error.filename)[:300]
    return messages.Raised(
        doing=doing,
        type=type(error).__name__,
        exception=f"{type(error).__name__}: {text}"[:2000] if text else type(error).__name__,
        traceback=_user_traceback(error),
        details=details,
    )


def _refused_socket(error: BaseException) -> str:
    """The family of the socket that an exception comes from, if one was refused: AF_UNIX, or AF_INET for all others.

    HTTP libraries wrap the refusal several times; it is the beginning of the chain. Whoever looks up a host's name
    wants to connect to it.
    """
    chain, seen = [error], {id(error)}
    for link in chain:  # grows while it is walked
        if isinstance(link, socket.gaierror):
            return "AF_INET"
        for frame, _ in traceback.walk_tb(link.__traceback__ if isinstance(link, PermissionError) else None):
            if (frame.f_code.co_filename, frame.f_code.co_name) == (socket.__file__, "__init__"):
                return "AF_UNIX" if frame.f_locals.get("family") == socket.AF_UNIX else "AF_INET"
        earlier = [one for one in (link.__cause__, link.__context__) if one is not None and id(one) not in seen]
        chain += earlier
        seen.update(map(id, earlier))
    return ""


def _user_traceback(error: BaseException) -> str:
    """The traceback as Python prints it, trimmed to the user's frames and the one in which it was raised."""
    report = traceback.TracebackException.from_exception(error)
    _trim(report)
    text = "".join(report.format())
    if len(text) > 20_000:
        text = text[:8_000] + "\n  ...\n" + text[-12_000:]
    return text


def _trim(report: traceback.TracebackException) -> None:
    """Take this program's frames out of a traceback, and of its libraries' frames all but the innermost."""
    chain = [report]
    for link in chain:  # grows while it is walked: a chain may be thousands long, too long for recursion
        chain += [earlier for earlier in (link.__cause__, link.__context__) if earlier is not None]
    for link in reversed(chain):
        _trim_one(link)


def _trim_one(report: traceback.TracebackException) -> None:
    own = (__file__, pickle.__file__)
    frames = [frame for frame in report.stack if frame.filename not in own]
    users = [frame for frame in frames if not _is_library(frame.filename)]
    if users and frames[-1] is not users[-1]:
        users.append(frames[-1])
    report.stack[:] = users or frames
    # What a library raised and caught on the way says nothing about the user's code.
    if report.__cause__ is not None and _all_library(report.__cause__):
        report.__cause__, report.__suppress_context__ = None, True
    if report.__context__ is not None and _all_library(report.__context__):
        report.__context__ = None


def _all_library(report: traceback.TracebackException) -> bool:
    return all(_is_library(frame.filename) for frame in report.stack)


def _is_library(filename: str) -> bool:
    return (
        "site-packages" in filename
        or filename.startswith((os.path.dirname(os.__file__), "<frozen "))
        or filename.endswith((".pyx", ".pxi", ".pxd"))
    )


def _leave() -> None:
    """End the process at once: threads that the model left running would keep an interpreter from ending for ever."""
    for stream in (sys.stdout, sys.stderr):
        # The model may have replaced or closed them.
        flush: Callable[[], object] = getattr(stream, "flush", int)
        try:
            flush()
        except Exception:
            pass
    os._exit(0)
