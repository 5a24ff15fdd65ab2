"""Standard output, which may be full, closed, or a pipe that nobody reads on."""

import os
import sys

from numerai_predict.failures import Failure

PRINT_ELSEWHERE = "Make room there, or let it be printed elsewhere."
"""What to do about a standard output that cannot be written to."""


def print_result(text: str) -> None:
    """Print what a command was asked for.

    Raises:
        Failure: `usage`, if it cannot be written.
        BrokenPipeError: nobody reads on, which is no failure.
    """
    if problem := print_or_tell(text):
        sentence = f"Standard output could not be written to: {problem}."
        raise Failure("usage", problem=sentence, fix=PRINT_ELSEWHERE)


def print_or_tell(text: str) -> str:
    """Print a text, and return nothing; or why it cannot be written, in words, and then write nothing more.

    Raises:
        BrokenPipeError: nobody reads on.
    """
    try:
        print(printable(text), flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        discard_the_rest()
        return error.strerror or str(error)
    return ""


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
