"""Refusals as S3 words them, and its XML."""

from collections.abc import Mapping
from xml.sax.saxutils import escape


class S3Error(Exception):
    """A refusal: the status, S3's code and message, and further elements of the XML body."""

    def __init__(self, status: int, code: str, message: str, details: Mapping[str, object] | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.elements: dict[str, object] = {"Code": code, "Message": message, **(details or {})}


def access_denied(message: str = "Access Denied", details: Mapping[str, object] | None = None) -> S3Error:
    """The 403 that S3 has for most things it does not allow."""
    return S3Error(403, "AccessDenied", message, details)


def xml(root: str, elements: Mapping[str, object]) -> str:
    """One element with a flat list of elements in it, which is all that S3's short answers are."""
    inner = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in elements.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}>{inner}</{root}>'
