"""What a model prints: read from its descriptors, shown as it comes, kept in bounded memory."""

from collections.abc import Callable

HEAD_BYTES = 10_000
"""Bytes of output that are shown as they come and kept."""

TAIL_BYTES = 10_000
"""Bytes at the end of a longer output that are kept, and shown when the run is over."""

LINE_CHARACTERS = 500
"""Characters of a line that are shown; the rest is counted."""


class Output:
    """Standard output and error of a worker, mixed in the order in which they came.

    Args:
        show: called with each line, without its end, escaped and shortened.
    """

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._unfinished: dict[str, bytes] = {}
        self._lines: list[str] = []
        self._head_left = HEAD_BYTES
        self._tail = bytearray()
        self.dropped = 0
        """Bytes that are neither in the head nor in the tail."""

    def feed(self, stream: str, data: bytes) -> None:
        """Take bytes that came from one of the streams."""
        lines = (self._unfinished.pop(stream, b"") + data).split(b"\n")
        # Whoever prints for ever must cost us next to nothing: after the head, lines are not even looked for.
        while self._head_left > 0 and len(lines) > 1:
            self._add(lines.pop(0))
        rest = b"\n".join(lines)
        if self._head_left > len(rest):
            self._unfinished[stream] = rest
            return
        self._head_left = 0
        self._tail += rest
        if len(self._tail) > 2 * TAIL_BYTES:
            self._drop(len(self._tail) - TAIL_BYTES)

    def finish(self) -> None:
        """Show what is left: unfinished lines, and the tail of an output that was too long."""
        for line in self._unfinished.values():
            if line:
                self._add(line)
        self._unfinished.clear()
        self._drop(len(self._tail) - TAIL_BYTES)
        if self.dropped:
            self._show(f"... {self.dropped:,} bytes not shown ...")
            self._lines.append(f"... {self.dropped:,} bytes not kept ...")
        for line in bytes(self._tail).splitlines():
            self._add(line)
        self._tail.clear()

    def text(self) -> str:
        """Return what was kept, for the record; whole after `finish`."""
        return "".join(line + "\n" for line in self._lines)

    def _add(self, line: bytes) -> None:
        self._head_left -= len(line) + 1
        text = escape(line)
        self._lines.append(text)
        self._show(text)

    def _drop(self, count: int) -> None:
        if count > 0:
            del self._tail[:count]
            self.dropped += count


def escape(line: bytes) -> str:
    """Return a line as text that a terminal only displays: it can move no cursor and set no colour.

    Of a line that was overwritten from its start (a progress bar), the last version is left.
    """
    return escape_text(line.rstrip(b"\r").rpartition(b"\r")[2].decode(errors="backslashreplace"))


def escape_text(text: str) -> str:
    """Return a text, on one line, as a terminal only displays it."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() or c == "\t" else ascii(c)[1:-1] for c in text)
    if len(text) > LINE_CHARACTERS:
        text = f"{text[:LINE_CHARACTERS]}... ({len(text) - LINE_CHARACTERS:,} characters more)"
    return text
