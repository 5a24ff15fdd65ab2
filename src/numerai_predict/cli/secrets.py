"""Secrets on the command line: parsed, hidden from whoever lists processes, and redacted in what is printed."""

import os
import sys
from collections.abc import Iterable

from numerai_predict.failures import Failure
from numerai_predict.job import Upload
from numerai_predict.redaction import Redaction, is_url, query_secrets


def hide(locations: Iterable[str | None], fields: str | None) -> Redaction:
    """Wipe the process's command line if one of these arguments is secret; return what redacts them.

    Args:
        locations: URLs and paths.
        fields: the urlencoded fields of a presigned POST.

    Raises:
        Failure: `usage` if a URL is none.
    """
    try:
        secrets = [secret for location in locations if location for secret in query_secrets(location)]
    except ValueError:  # whose text quotes it, password and all
        _wipe_command_line()
        raise Failure("usage", problem="A URL cannot be understood.", fix="Check its host.") from None
    if fields:
        secrets += [fields, *_fields(fields).values()]
    if secrets:
        _wipe_command_line()
    return Redaction(secrets)


def argument_secrets(word: str) -> list[str]:
    """Return what may be secret in a word of the command line, whatever it is for."""
    value = word.partition("=")[2] if word.startswith("--") else word
    try:
        return [*query_secrets(value), *([value, *_fields(value).values()] if "=" in value else [])]
    except ValueError:
        return [value]


def shown_elsewhere(redact: Redaction) -> list[int]:
    """Return the other processes whose command line shows a secret: a shell or an init that this one was started by."""
    shown = []
    for pid in map(int, filter(str.isdigit, os.listdir("/proc") if sys.platform == "linux" else [])):
        try:
            with open(f"/proc/{pid}/cmdline", errors="backslashreplace") as file:
                text = file.read()
        except OSError:
            continue  # it has ended
        if pid != os.getpid() and redact(text) != text:
            shown.append(pid)
    return shown


def parse_upload(url: str | None, fields: str | None) -> Upload | None:
    """Return the presigned POST that the command line describes, if it does.

    Raises:
        Failure: `usage`.
    """
    if url is None and fields is None:
        return None
    if not url or not fields:
        missing, given = ("--post_data", "--post_url") if url else ("--post_url", "--post_data")
        fix = f"Give {missing} as well: a presigned POST is a URL and fields."
        raise Failure("usage", problem=f"{given} needs {missing}.", fix=fix)
    if not is_url(url):
        raise Failure("usage", problem="--post_url is not an http(s) URL.", fix="Give the URL of a presigned POST.")
    parsed = _fields(fields)
    if len(parsed) != fields.strip("&").count("&") + 1:
        problem = "--post_data has a field twice, or one without a name."
        raise Failure("usage", problem=problem, fix="Give each field of the presigned POST once, urlencoded.")
    return Upload(url, parsed)


def _fields(text: str) -> dict[str, str]:
    from urllib.parse import parse_qsl

    return dict(parse_qsl(text, keep_blank_values=True))


def _wipe_command_line() -> None:
    """Overwrite the arguments in this process's memory, which `ps` and /proc/PID/cmdline show (Linux)."""
    if sys.platform != "linux":
        return
    import ctypes

    with open("/proc/self/stat", "rb") as file:
        fields = file.read().rpartition(b")")[2].split()
    # proc(5): arg_start and arg_end are fields 48 and 49; the name in brackets, left out here, is field 2.
    start, end = int(fields[48 - 3]), int(fields[49 - 3])
    if 0 < start < end:
        ctypes.memset(start, 0, end - start)
