"""Every fault on every leg: the right bytes arrive, or the right failure does, with the predictions on disk if any."""

import time
from pathlib import Path

import pytest

from numerai_predict.stand_ins.server import FAULTS

SECONDS = 2.5
"""The deadline of all transfers in these runs."""

PASSES = {"500", "503", "429", "cut-before-the-answer", "cut-after-the-request", "cut-in-the-middle", "wrong-length"}
"""Faults that a second try gets over."""

HARMLESS = {("upload", fault) for fault in ("cut-in-the-middle", "wrong-length", "trickle", "corrupt", "empty")}
"""A confirmation has no body that could be spoiled; an empty 200 is one of the forms of S3's confirmation."""

KINDS = {
    "api": ("api_failed", 46),
    "data": ("data_not_fetched", 47),
    "model": ("model_not_fetched", 48),
    "upload": ("upload_failed", 50),
}

OTHER_KINDS = {
    # The deadline passes for both questions together, where the file is and what is in it.
    ("api", "trickling-headers"): ("data_not_fetched", 47),
    ("model", "html"): ("not_a_pickle", 10),
    ("model", "empty"): ("not_a_pickle", 10),
    ("upload", "403-expired"): ("upload_refused", 51),
    ("upload", "404"): ("upload_refused", 51),
    ("upload", "301"): ("upload_refused", 51),
}


def legs(world):
    return {"api": world.numerai.api, "data": world.numerai.data, "model": world.s3.gets, "upload": world.s3.posts}


def is_got_over(leg: str, fault: str) -> bool:
    """Whether a run succeeds if the fault happens once."""
    # Only S3's ETag is the MD5 of the body; a corrupt answer of the API is no JSON, and that is an answer.
    return fault in PASSES or (leg, fault) in HARMLESS or (fault == "corrupt" and leg in ("data", "model"))


MATRIX = [
    pytest.param(leg, fault, times, id=f"{leg}-{fault}-{'once' if times == 1 else 'always'}")
    for leg in KINDS
    for fault in FAULTS
    for times in (1, float("inf"))
    # What a single try does not get over is the same fault, once or always; slow answers outlast the deadline.
    if times != 1 or is_got_over(leg, fault)
]


def test_the_matrix_is_whole():
    """Every fault is met on every leg for good, and once where a second try helps."""
    always = {(leg, fault) for leg, fault, times in (row.values for row in MATRIX) if times != 1}

    assert always == {(leg, fault) for leg in KINDS for fault in FAULTS}
    assert len(MATRIX) == len(always) + 4 * len(PASSES) + 3 + 2


@pytest.mark.parametrize(("leg", "fault", "times"), MATRIX)
def test_fault(world, right_bytes, leg, fault, times):
    """A run under a fault ends within its deadlines, and as it should."""
    legs(world)[leg].fail(fault, times)
    start = time.monotonic()
    result = world.run(*world.presigned(), "--transfer_timeout", str(SECONDS))
    took = time.monotonic() - start

    if (times == 1 and is_got_over(leg, fault)) or (leg, fault) in HARMLESS:
        assert result.exit_code == 0, result.stderr
        assert right_bytes == Path(result.stdout.strip()).read_bytes()
        assert fault == "empty" or world.stored == right_bytes
        return
    kind, exit_code = OTHER_KINDS.get((leg, fault), KINDS[leg])
    assert (result.kind, result.exit_code) == (kind, exit_code), result.stderr
    assert result.stdout == ""
    assert result.stderr.count("Failed: ") == result.stderr.count("To do: ") == 1
    assert "Traceback" not in result.stderr
    assert took < 3 * SECONDS + 5, "a hang beyond the deadline"
    # An upload that the store carried out and could not confirm is a failure, but what it has is right.
    assert world.stored in (None, right_bytes)
    assert [csv.read_bytes() for csv in world.csvs] == ([right_bytes] if leg == "upload" else [])


@pytest.mark.parametrize("what", ["errors", "null-url"])
def test_what_only_the_api_does(world, what):
    """An error in the API's own words is told in them; a URL that is null is no URL."""
    world.numerai.errors = "Something broke on our side." if what == "errors" else None
    world.numerai.url_is_null = what == "null-url"
    result = world.run(*world.presigned())

    assert (result.kind, result.exit_code) == ("api_failed", 46)
    assert ("Something broke on our side." if what == "errors" else "the answer holds no URL") in result.stderr


def test_a_file_that_changes_while_it_is_fetched(world, right_bytes):
    """A download that breaks off and begins again with another version is that version, whole."""
    today = world.numerai.files["v5.3/live.parquet"]
    world.numerai.files["v5.3/live.parquet"] = b"PAR1 of yesterday PAR1" * 1000
    world.numerai.data.fail("cut-in-the-middle", times=1)
    send = world.numerai.answer

    def answer(request):
        content = send(request)
        if request.method == "GET":
            world.numerai.files["v5.3/live.parquet"] = today
        return content

    world.numerai.answer = answer

    assert world.run(*world.presigned()).exit_code == 0
    assert world.stored == right_bytes


def test_nobody_listens(world):
    """Servers that are not there are told as that, each by its failure."""
    flags = world.presigned()
    elsewhere = [flag.replace(world.s3.url, "http://127.0.0.1:9") for flag in flags]
    model = world.run(*elsewhere[:2], *flags[2:], "--transfer_timeout", str(SECONDS))
    upload = world.run(*flags[:2], *elsewhere[2:], "--transfer_timeout", str(SECONDS))
    world.variables = {"NUMERAI_API_URL": "http://127.0.0.1:9"}
    api = world.run(*flags, "--transfer_timeout", str(SECONDS))

    kinds = [run.kind for run in (model, upload, api)]
    assert kinds == ["model_not_fetched", "upload_failed", "api_failed"]
    assert all("no connection" in run.stderr for run in (model, upload, api))


DOWNLOADS = {
    "fresh file": None,
    "dest exists, same size, other content": "yesterday",
    ".temp left over, server ignores Range (200)": "part",
    ".temp of yesterday's file, server honours Range": "part of yesterday",
    "connection cut mid-way, urllib3 2.x": "cut-in-the-middle",
    "connection cut mid-way, urllib3 1.26.19 (py3.10 image's pin)": "wrong-length",
    "403 (expired URL)": "403-expired",
}
"""What a download met, as the old downloads are known to have met it, and what is done here to meet it again."""


@pytest.mark.parametrize("case", DOWNLOADS)
def test_what_downloads_meet(world, right_bytes, case):
    """Where a download can hand over a stale, mixed or truncated file, ours hands over the file, or fails."""
    situation = DOWNLOADS[case]
    today = world.numerai.files["v5.3/live.parquet"]
    folder = world.cache / "numerai-predict/v5.3"
    if situation == "yesterday":
        world.numerai.files["v5.3/live.parquet"] = today[:-9] + b"\0" + today[-8:]
        world.run(*world.presigned())
        assert list(folder.glob("live.parquet@*"))
        world.numerai.files["v5.3/live.parquet"] = today
    elif situation and situation.startswith("part"):
        folder.mkdir(parents=True)
        (folder / ".live.parquet.0123456789ab.part").write_bytes(today[: len(today) // 2])
        (folder / "live.parquet.temp").write_bytes(today[: len(today) // 2].replace(b"n", b"m"))
    elif situation:
        world.numerai.data.fail(situation)
    result = world.run(*world.presigned(), "--transfer_timeout", str(SECONDS))

    if situation in FAULTS:
        assert result.kind == "data_not_fetched"
        assert list(folder.glob("live.parquet@*")) == []
    else:
        assert result.exit_code == 0, result.stderr
        assert world.stored == right_bytes


def test_all_that_downloads_meet_is_there():
    """There are seven such cases."""
    assert len(DOWNLOADS) == 7
