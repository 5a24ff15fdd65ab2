from hypothesis import given
from hypothesis import strategies as st

from numerai_predict.sandbox.output import HEAD_BYTES, TAIL_BYTES, Output, escape


def collect(*chunks: tuple[str, bytes]) -> tuple[list[str], Output]:
    shown: list[str] = []
    output = Output(shown.append)
    for stream, data in chunks:
        output.feed(stream, data)
    output.finish()
    return shown, output


def test_lines_are_put_together_per_stream():
    """Pieces of a line on one stream are joined, whatever comes on the other in between."""
    shown, _ = collect(("stdout", b"he"), ("stderr", b"warning\n"), ("stdout", b"llo\nwor"), ("stdout", b"ld"))

    assert shown == ["warning", "hello", "world"]


def test_a_long_output_keeps_its_head_and_its_tail():
    """Of endless output, the first and the last lines are kept, what is between is counted, and memory is bounded."""
    line = b"x" * 99 + b"\n"
    shown, output = collect(("stdout", b"first\n"), *[("stdout", line * 100)] * 1000, ("stdout", b"last\n"))

    assert shown[0] == "first"
    assert shown[-1] == "last"
    assert len(output.text()) < HEAD_BYTES + TAIL_BYTES + 70_000
    assert 9_900_000 < output.dropped < 10_000_000


def test_a_line_without_end_is_cut():
    """A program that never ends its line cannot make a line of megabytes."""
    shown, output = collect(*[("stdout", b"x" * 65536)] * 100)

    assert max(map(len, shown)) < 600
    assert output.dropped > 6_000_000


def test_a_terminal_only_displays():
    """Escape sequences, bells and bytes that are no text are shown as what they are."""
    assert escape(b"\x1b[2J\x07\xff\tend") == "\\x1b[2J\\x07\\xff\tend"


def test_of_a_progress_bar_the_last_state_is_left():
    """Carriage returns overwrite a line, as they do on a terminal."""
    assert escape(b"10%\r50%\r100%\r") == "100%"


@given(st.lists(st.tuples(st.sampled_from(["stdout", "stderr"]), st.binary(max_size=300))))
def test_nothing_unprintable_gets_through(chunks):
    """Whatever a model prints, every line that is shown is printable text."""
    shown, _ = collect(*chunks)

    assert all(line.replace("\t", "").isprintable() for line in shown)
