"""Standard output, which may be full, closed, or a pipe that nobody reads on."""

import os
import sys

from numerai_predict.failures import Failure


def print_result(text: str) -> None:
    """Print what a command was asked for.

    Raises:
        Failure: `usage`, if it cannot be written.
        BrokenPipeError: nobody reads on, which is no failure.
    """
    try:
        print(printable(text), flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        discard_the_rest()
        problem = f"Standard output could not be written to: {error.strerror}."
        raise Failure("usage", problem=problem, fix="Make room there, or let it be printed elsewhere.") from None


def printable(text: str) -> str:
    """Return a text with what standard output cannot show escaped, as on a terminal that knows no more than ASCII."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        text.encode(encoding, "surrogateescape")
    except UnicodeEncodeError:
        return text.encode(encoding, "backslashreplace").decode(encoding)
    return text


def discard_the_rest() -> None:
    """Have Python, which tries again at its end to write what it could not, and prints a traceback, write nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
