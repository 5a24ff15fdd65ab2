"""The operator's run: the model by presigned GET, the data from Numerai, the predictions by presigned POST."""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import jsonschema
import pytest
from conftest import ROOT

SCHEMA = json.loads((ROOT / "docs/record.schema.json").read_text())
LIVE, BENCHMARKS = "v5.3/live.parquet", "v5.3/live_benchmark_models.parquet"


def failed(result, kind: str, exit_code: int) -> str:
    """Check that a run failed in one sentence and with a remedy; return what it said."""
    assert result.exit_code == exit_code, result.stderr
    assert result.kind == kind
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert result.stderr.count("Failed: ") == result.stderr.count("To do: ") == 1
    jsonschema.validate(result.record, SCHEMA)
    return result.stderr


# --- the whole way


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_from_numerai_to_the_confirmed_upload(world, right_bytes, version):
    """What the store has is what the model predicted, what is on disk, and what the record says."""
    result = world.run(*world.presigned(version, Conditions=[["content-length-range", 1, 10**6]]))

    assert result.exit_code == 0, result.stderr
    (csv,) = world.csvs
    assert result.stdout == f"{csv}\n"
    assert world.stored == csv.read_bytes() == right_bytes
    assert result.record["predictions"]["sha256"] == hashlib.sha256(right_bytes).hexdigest()
    assert result.record["upload_confirmed_with"] == 204
    assert result.record["files"]["live_features"]["path"] == LIVE
    jsonschema.validate(result.record, SCHEMA)


def test_the_form_is_sent_as_it_was_signed(world):
    """The fields come first, in their order, with blank ones and with characters that need escapes; the file last."""
    extra = {"x-amz-meta-note": "", "x-amz-meta-owner": "Ann & Bob=100%/ü"}
    flags = world.presigned(Fields=extra, Conditions=[{name: value} for name, value in extra.items()])
    result = world.run(*flags)

    assert result.exit_code == 0, result.stderr
    (request,) = world.s3.posts.requests
    names = re.findall(rb'form-data; name="([^"]*)"', request.body)
    assert [name.decode() for name in names] == [name for name, _ in parse_qsl(flags[-1], True)] + ["file"]
    assert b'filename="live_predictions.csv"' in request.body


def test_benchmark_models_are_fetched_only_for_a_function_that_takes_them(world):
    """A function of one argument costs no download of benchmark models."""
    import cloudpickle

    model = cloudpickle.dumps(
        lambda features: features.iloc[:, 5].rank(pct=True, method="first").to_frame("prediction")
    )
    world.s3.objects["models", "me/model.pkl"] = model

    assert world.run(*world.presigned()).exit_code == 0
    assert [request.path for request in world.numerai.data.requests] == [f"/datasets/{LIVE}"]


def test_an_existing_file_wins(world, sample_round):
    """A dataset that is there as a file is not asked for, whatever its name looks like."""
    folder = world.folder / "v5.3"
    folder.mkdir()
    (folder / "live.parquet").write_bytes((sample_round / "live.parquet").read_bytes())
    flags = world.presigned()
    run = subprocess.run(
        world.command(*flags), capture_output=True, text=True, env=world.environment(), cwd=world.folder, timeout=60
    )

    assert run.returncode == 0, run.stderr
    assert [request.path for request in world.numerai.data.requests] == [f"/datasets/{BENCHMARKS}"]


def test_an_unknown_dataset(world):
    """A name that Numerai does not know is a usage error that names it."""
    stderr = failed(world.run(*world.presigned(), "--dataset", "v5.3/lvie.parquet"), "usage", 2)

    assert "Numerai has no file v5.3/lvie.parquet." in stderr


def test_environment_proxy_is_used(world):
    """Where the environment names a proxy, it is asked, and a host it is not for is not."""
    world.variables = {"http_proxy": "http://127.0.0.1:9", "no_proxy": ""}
    run = world.run(*world.presigned(), "--transfer_timeout", "2")
    assert run.kind in ("api_failed", "model_not_fetched")
    assert "the proxy cannot be reached" in run.stderr

    world.variables = {"http_proxy": "http://127.0.0.1:9", "no_proxy": "127.0.0.1"}
    assert world.run(*world.presigned()).exit_code == 0


# --- rounds and the cache


def test_an_unchanged_file_is_not_fetched_twice(world, right_bytes):
    """The second run asks whether the files have changed, gets no bytes, and predicts the same."""
    for _ in range(2):
        assert world.run(*world.presigned()).exit_code == 0
        assert world.stored == right_bytes
    live = [request for request in world.numerai.data.requests if request.path.endswith("live.parquet")]

    assert "If-None-Match" not in live[0].headers
    assert live[1].headers["If-None-Match"] == f'"{hashlib.md5(world.numerai.files[LIVE]).hexdigest()}"'


def test_yesterdays_file_of_the_same_size_is_not_used(world, right_bytes):
    """A cached file that has changed since is fetched anew, whatever its size; the old copy goes."""
    today = world.numerai.files[LIVE]
    yesterday = bytearray(today)
    yesterday[1000] ^= 1
    world.numerai.files[LIVE] = bytes(yesterday)
    world.run(*world.presigned())
    world.numerai.files[LIVE] = today

    result = world.run(*world.presigned())
    assert result.record["files"]["live_features"]["sha256"] == hashlib.sha256(today).hexdigest()
    assert world.stored == right_bytes
    assert len(list(world.cache.rglob("live.parquet@*"))) == 1


@pytest.mark.parametrize("damage", ["empty", "flipped-bit", "folder", "left-over-part"])
def test_a_damaged_cache_is_done_without(world, right_bytes, damage):
    """A copy that is not what its name says is not used, nor is what a run that was killed has left."""
    world.run(*world.presigned())
    (copy,) = world.cache.rglob("live.parquet@*")
    content = bytearray(copy.read_bytes())
    content[len(content) // 2] ^= 1
    copy.unlink()
    if damage == "folder":
        copy.mkdir()
    elif damage == "left-over-part":
        (copy.parent / ".live.parquet.0123.part").write_bytes(content)
    else:
        copy.write_bytes(content if damage == "flipped-bit" else b"")

    assert world.run(*world.presigned()).exit_code == 0
    assert world.stored == right_bytes


def test_an_unwritable_cache_is_done_without(world, right_bytes):
    """Without a place for copies, everything is fetched anew."""
    world.variables = {"XDG_CACHE_HOME": "/proc/nowhere"}

    assert world.run(*world.presigned()).exit_code == 0
    assert world.stored == right_bytes


def test_round(world):
    """--round takes the open round; where there is a dated file of it, that file."""
    assert world.run(*world.presigned(), "--round", "1334").exit_code == 0
    world.numerai.files["v5.3/live_1334.parquet"] = world.numerai.files[LIVE]
    result = world.run(*world.presigned(), "--round", "1334")

    assert result.exit_code == 0
    assert result.record["files"]["live_features"]["path"] == "v5.3/live_1334.parquet"
    assert result.record["round"]["number"] == 1334


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--round", "1335"], "Round 1335 is not open, round 1334 is."),
        (["--round", "1334", "--dataset", "v5.3/live_1333.parquet"], "v5.3/live_1333.parquet is not of round 1334."),
    ],
    ids=["not-open", "dated-file-of-another"],
)
def test_another_round(world, flags, says):
    """With --round, data of another round are refused."""
    world.numerai.files["v5.3/live_1333.parquet"] = world.numerai.files[LIVE]

    assert says in failed(world.run(*world.presigned(), *flags), "wrong_round", 49)
    assert world.stored is None


def test_live_file_of_yesterday_under_a_dated_name(world):
    """With --round and a dated file, a live.parquet that is still yesterday's is not used."""
    world.numerai.files["v5.3/live_1334.parquet"] = today = world.numerai.files[LIVE]
    world.numerai.files[LIVE] = world.numerai.files[BENCHMARKS]

    result = world.run(*world.presigned(), "--round", "1334")
    assert result.record["files"]["live_features"]["sha256"] == hashlib.sha256(today).hexdigest()


@pytest.mark.parametrize("answer", ["error", "null"])
def test_between_rounds(world, answer):
    """With --round, a time at which no round is open is told as that."""
    world.numerai.between_rounds = answer

    assert "No round is open." in failed(world.run(*world.presigned(), "--round", "1334"), "wrong_round", 49)


def test_round_and_a_local_file(world, sample_round):
    """--round cannot be kept for a local file, so that is a usage error."""
    flags = ["--dataset", str(sample_round / "live.parquet"), "--round", "1334"]
    run = world.run(*world.presigned(), *flags)

    assert run.exit_code == 2
    assert "cannot be checked" in run.stderr


def test_benchmark_models_of_another_round(world, sample_round):
    """Benchmark models whose ids are not the live ids are refused, and it is not the model's fault."""
    import io

    import pandas as pd

    other = pd.read_parquet(sample_round / "live_benchmark_models.parquet").rename(index=lambda id: f"n0{id[2:]}")
    content = io.BytesIO()
    other.to_parquet(content)
    world.numerai.files[BENCHMARKS] = content.getvalue()

    assert "The ids of " in failed(world.run(*world.presigned()), "wrong_round", 49)
    assert world.csvs == []


# --- a failed upload loses nothing


def test_what_to_do_after_a_failed_upload(world, right_bytes):
    """A failed upload leaves the predictions and says how to send them; that command sends the same bytes."""
    expired = world.presigned(ExpiresIn=-60)
    stderr = failed(world.run(*expired), "upload_refused", 51)
    (csv,) = world.csvs

    assert "the presigned POST has expired" in stderr
    assert f"`numerai-predict upload {csv} --post_url ... --post_data ...`" in stderr
    assert csv.read_bytes() == right_bytes
    assert world.stored is None

    command = [sys.executable, "-m", "numerai_predict", "upload", str(csv), *world.presigned()[2:]]
    environment = world.environment() | {"PYTHONPATH": str(ROOT / "src")}
    run = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    assert run.returncode == 0, run.stderr
    assert world.stored == right_bytes
    assert "confirmed with HTTP status 204" in run.stderr


@pytest.mark.parametrize(
    ("options", "change", "says"),
    [
        ({}, ("key", "elsewhere"), "a field is not as it was signed"),
        ({}, ("x-amz-signature", "0" * 64), "the signature does not fit"),
        ({"Conditions": [["content-length-range", 1, 10]]}, None, "larger than the presigned POST allows"),
    ],
    ids=["key", "signature", "too-large"],
)
def test_what_the_store_refuses(world, options, change, says):
    """S3's refusal is told in plain words, is not tried again, and leaves the predictions on disk."""
    flags = world.presigned(**options)
    fields = dict(parse_qsl(flags[-1], keep_blank_values=True)) | dict([change] if change else [])

    assert says in failed(world.run(*flags[:-1], urlencode(fields)), "upload_refused", 51)
    assert len(world.s3.posts.requests) == 1
    assert len(world.csvs) == 1


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--post_url", "http://127.0.0.1:9/"], "--post_url needs --post_data."),
        (["--post_data", "key=a"], "--post_data needs --post_url."),
        (["--post_url", "ftp://127.0.0.1/", "--post_data", "key=a"], "not an http(s) URL"),
        (["--post_url", "http://127.0.0.1:9/", "--post_data", "key=a&key=b"], "a field twice"),
    ],
    ids=["no-data", "no-url", "no-http", "twice"],
)
def test_half_a_presigned_post(world, flags, says):
    """A presigned POST that is not whole is a usage error before anything runs."""
    run = world.run(*world.presigned()[:2], *flags)

    assert run.exit_code == 2
    assert says in run.stderr


# --- secrets


def test_no_secret_is_told(world):
    """No query string, POST field or variable of the environment is seen in any output, file or process of a run."""
    import cloudpickle

    def spy(_):
        import os

        print("spy:", dict(os.environ))
        for pid in ("self", os.getppid()):
            with open(f"/proc/{pid}/cmdline") as command_line:
                print("spy:", command_line.read())
        raise ValueError("as a model does")

    world.variables = {"AWS_SECRET_ACCESS_KEY": "canary0fTheEnvironment", "NUMERAI_SECRET_KEY": "canary0fNumerai"}
    extra = {"x-amz-meta-token": "canary0fAFieldInAForm"}
    options = {"Fields": extra, "Conditions": [{name: value} for name, value in extra.items()]}
    good = world.presigned(**options)
    runs = [world.run(*good, "--debug", "--json")]
    world.s3.posts.fail("503")
    runs.append(world.run(*good, "--debug", "--json", "--transfer_timeout", "2"))
    world.numerai.data.fail("403-expired")
    runs.append(world.run(*good, "--debug", "--json"))
    world.numerai.data.fail("403-expired", times=0)
    world.s3.objects["models", "me/model.pkl"] = cloudpickle.dumps(spy)
    runs.append(world.run(*good, "--debug", "--json", "--isolation", "off"))
    world.s3.gets.fail("301")
    runs.append(world.run(*good, "--debug", "--json", "--transfer_timeout", "2"))
    kinds = [run.kind for run in runs]
    assert kinds == [None, "upload_failed", "data_not_fetched", "predict_raised", "model_not_fetched"]

    secrets = [value for flag in good for _, value in parse_qsl(flag.partition("?")[2] or flag) if len(value) > 10]
    secrets += ["canary", good[1].partition("?")[2], good[-1]]
    assert len(secrets) > 8
    texts = {f"{number} {name}": text for number, run in enumerate(runs) for name, text in _texts(run)}
    texts |= {str(path): path.read_bytes().decode("latin-1") for path in world.folder.rglob("*") if path.is_file()}
    texts |= {str(path): str(path) for path in world.folder.rglob("*")}
    assert runs[3].stderr.count("model| spy:") == 3
    # The bucket's and the key's names are in the signed policy, but also in the URL's path, which is no secret.
    found = [(name, secret) for name, text in texts.items() for secret in secrets if secret in text]
    assert [(name, secret) for name, secret in found if secret not in ("round/me.csv",)] == []


def _texts(run) -> list[tuple[str, str]]:
    return [("stdout", run.stdout), ("stderr", run.stderr), ("record", json.dumps(run.record))]


def test_interrupted_while_uploading(world, right_bytes):
    """Ctrl-C during an upload leaves the predictions, and says where they are."""
    import signal
    import time

    world.s3.posts.fail("slow")
    flags = world.presigned()
    process = subprocess.Popen(world.command(*flags), env=world.environment(), stderr=subprocess.PIPE, text=True)
    while not world.s3.posts.requests:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=10)

    (csv,) = world.csvs
    assert process.returncode == 130
    assert f"To do: The predictions are at {csv}." in stderr
    assert csv.read_bytes() == right_bytes


def test_the_command_line_is_wiped(world):
    """While a run goes on, whoever lists processes does not see the presigned URLs."""
    world.numerai.data.fail("slow", times=1)
    flags = world.presigned()
    process = subprocess.Popen(world.command(*flags), env=world.environment(), stderr=subprocess.PIPE, text=True)
    try:
        process.stderr.readline()  # the first line comes after the arguments have been read
        shown = Path(f"/proc/{process.pid}/cmdline").read_bytes()
    finally:
        process.kill()
        process.communicate()

    assert shown.strip(b"\0") == b""
    assert os.path.exists("/proc/self/cmdline")


def test_demo(world):
    """The tour shows a success, a failed upload and the way back; it ends well only if all three do as they should."""
    command = [sys.executable, "-m", "numerai_predict", "demo"]
    environment = world.environment() | {"PYTHONPATH": str(ROOT / "src")}
    run = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=90)

    assert run.returncode == 0, run.stderr
    assert "confirmed with HTTP status 204" in run.stderr
    assert "the presigned POST has expired" in run.stderr
    assert run.stderr.count("The store has the bytes of the CSV") == 2
    assert os.listdir(world.temporary) == []
