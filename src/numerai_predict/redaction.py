"""The one place where secrets are taken out of what anyone may read.

A presigned URL is a key: whoever has its query string can read the model or replace the predictions. So can whoever has
the fields of a presigned POST.
"""

from collections.abc import Iterable

SHORTEST = 16
"""Characters of the shortest secret that is looked for in texts.

Signatures, keys and policies are longer. What is shorter grants nothing by itself, and may be a word like "numerai", a
bucket's name, that stands in every text.
"""

MARK = "[redacted]"


def without_query(location: str) -> str:
    """Return a path as it is, and a URL without user, password, query string and fragment."""
    if not is_url(location):
        return location
    from urllib.parse import urlsplit  # 4 ms, not for local runs

    parts = urlsplit(location)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"


def is_url(location: str) -> bool:
    """Whether a location is one for HTTP rather than a path."""
    return location.lower().startswith(("http://", "https://"))


def query_secrets(location: str) -> list[str]:
    """Return what is secret in a URL: its query string, each of its values, and a password; nothing of a path."""
    if not is_url(location):
        return list(filter(None, [location.partition("?")[2]]))  # of a URL that was mistyped
    from urllib.parse import parse_qsl, urlsplit

    parts = urlsplit(location)
    user = parts.netloc.rpartition("@")[0]
    return [parts.query, *(value for _, value in parse_qsl(parts.query)), user, user.partition(":")[2]]


class Redaction:
    """Replaces secrets in texts.

    Args:
        secrets: what must not be seen; too short ones and empty ones are left out.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        # The longest first: a query string is to go as a whole, not in the parts that are secrets, too.
        self._secrets = sorted({text for text in secrets if len(text) >= SHORTEST}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return the text without the secrets."""
        for secret in self._secrets:
            text = text.replace(secret, MARK)
        return text
