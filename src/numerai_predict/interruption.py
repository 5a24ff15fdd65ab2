"""Ctrl-C, SIGTERM and SIGHUP: one exception, raised once, and never in the middle of a step that must be whole."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Ctrl-C, a request to end, and a terminal that was closed."""


class Interrupted(BaseException):
    """The user or the operating system wants this run to end.

    Not an Exception: no `except Exception` may hold it up.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def listen() -> None:
    """Raise `Interrupted` on the first of the signals; later ones are ignored, so that cleaning up is not cut short."""
    for number in SIGNALS:
        # A background job of a shell without job control has Ctrl-C ignored, and keeps it so.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _raise)


_deferrals = 0
_deferred_signal: int | None = None


def _raise(number: int, _: object) -> None:
    global _deferred_signal
    for other in SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    if _deferrals:
        _deferred_signal = number
        return
    raise Interrupted(number)


@contextmanager
def deferred() -> Iterator[None]:
    """Hold the signals back until the end of the block; only for the main thread, where Python runs its handlers.

    Not by the thread's signal mask: the kernel would hand the signal to another thread, and Python to this one.
    """
    global _deferrals, _deferred_signal
    _deferrals += 1
    try:
        yield
    finally:
        _deferrals -= 1
        if not _deferrals and _deferred_signal is not None:
            number, _deferred_signal = _deferred_signal, None
            raise Interrupted(number)
