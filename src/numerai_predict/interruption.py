"""Ctrl-C and SIGTERM: one exception, raised once, and never in the middle of a step that must be whole."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM)


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


def _raise(number: int, _: object) -> None:
    for other in SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    raise Interrupted(number)


@contextmanager
def deferred() -> Iterator[None]:
    """Hold the signals back until the end of the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
