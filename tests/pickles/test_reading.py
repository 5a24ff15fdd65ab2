"""Reading pickles that nobody vouches for: nothing of theirs runs, and whatever they are, reading them ends."""

import functools
import gzip
import hashlib
import inspect
import io
import json
import os
import pickle
import socket
import subprocess
import sys
import tarfile
import time
import zipfile
import zlib
from pathlib import Path

import cloudpickle
import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from numerai_predict import foresight
from numerai_predict.pickles import bytecode, reader
from numerai_predict.pickles.container import NotAPickle, unpack
from numerai_predict.pickles.inspection import Inspection, inspect_bytes


class Calls:
    """Calls something when it is unpickled."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def canary(path) -> str:
    """A command that leaves a file."""
    return f"touch {path}"


HOSTILE = {
    "reduce": lambda path: pickle.dumps(Calls(os.system, canary(path))),
    "popen": lambda path: pickle.dumps(Calls(os.popen, canary(path))),
    "eval": lambda path: pickle.dumps(Calls(eval, f"open({str(path)!r}, 'w')")),
    "exec": lambda path: pickle.dumps(Calls(exec, f"open({str(path)!r}, 'w')")),
    "instance": lambda path: b"(S'" + canary(path).encode() + b"'\nios\nsystem\n.",
    "object": lambda path: b"(cos\nsystem\nS'" + canary(path).encode() + b"'\no.",
    "getattr": lambda path: (
        b"cbuiltins\ngetattr\n(cbuiltins\n__import__\n(S'os'\ntRS'system'\ntR(S'" + canary(path).encode() + b"'\ntR."
    ),
    "build": lambda path: b"cos\nsystem\n(S'" + canary(path).encode() + b"'\ntR}S'a'\nI1\nsb.",
    "popped": lambda path: b"cos\nsystem\n(S'" + canary(path).encode() + b"'\ntR0I1\n.",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_runs(name, tmp_path):
    """A pickle that runs a command when it is loaded runs nothing when it is read, and is told on."""
    path = tmp_path / "canary"
    content = HOSTILE[name](path)

    inspection = inspect_bytes(content)
    assert not path.exists()
    assert inspection.called_on_load, inspection
    try:
        pickle.loads(content)
    except Exception:
        pass  # some go wrong afterwards
    for _ in range(100):
        if path.exists():
            break
        time.sleep(0.02)  # a command runs on its own
    assert path.exists(), "the control: loading it does run the command"


BOMBS = {
    "a string of a terabyte": b"\x80\x05\x8e" + (2**40).to_bytes(8, "little") + b"x.",
    "a frame of a terabyte": b"\x80\x05\x95" + (2**40).to_bytes(8, "little") + b".",
    "a memo of two billion": b"\x80\x02I1\nr\xfe\xff\xff\x7f.",
    "a million nested lists": b"\x80\x02" + b"]" * 10**6 + b"a" * (10**6 - 1) + b".",
    "a million digits": b"I" + b"1" * 10**6 + b"\n.",
    "no stack": b"\x80\x05.",
    "an extension": b"\x80\x02\x82\x01.",
    "another protocol": b"\x80\x09I1\n.",
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs(name, tmp_path):
    """What is made to exhaust its reader is read, or refused, in a few seconds, and in bounded memory."""
    path = tmp_path / "bomb.pkl"
    path.write_bytes(BOMBS[name])
    for fork in (False, True):
        start = time.monotonic()
        inspection = reader.read(str(path), fork)

        assert time.monotonic() - start < 30
        assert inspection.problem or name == "a million nested lists"


def test_a_fork_and_another_interpreter_find_the_same(tmp_path):
    """In either child the same is read, of a compressed file as well; the digest is that of the file."""
    content = cloudpickle.dumps(lambda live_features, era: live_features + era)
    for name, written in {"model.pkl": content, "model.pkl.gz": gzip.compress(content)}.items():
        path = tmp_path / name
        path.write_bytes(written)
        inspection = reader.read(str(path))

        assert inspection == inspect_bytes(content)._replace(sha256=hashlib.sha256(written).hexdigest())
        assert reader.read(str(path), fork=True) == inspection


def test_a_fork_holds_two_descriptors_and_gets_no_other(tmp_path, monkeypatch):
    """Whatever the unpickler could be made to do, the child that reads can open no file and no connection."""
    secret = os.open(os.devnull, os.O_RDONLY)

    def attack(_):
        for what in (lambda: os.open(os.devnull, os.O_RDONLY), socket.socket, lambda: os.fstat(secret)):
            try:
                what()
            except OSError:
                continue
            return Inspection.unread("it got a descriptor")
        return Inspection.unread("it got none")

    monkeypatch.setattr(reader, "inspect_bytes", attack)
    path = tmp_path / "model.pkl"
    path.write_bytes(b"N.")

    assert reader.read(str(path), fork=True).problem == "it got none"
    os.close(secret)


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> bytes:
    """A pickle with all sorts of things in it."""
    folder = tmp_path_factory.mktemp("good")
    packages = [str(ROOT / "tests/pickles"), str(Path(cloudpickle.__file__).parents[1])]
    script = ROOT / "tests/pickles/make_corpus.py"
    environment = {"PYTHONPATH": os.pathsep.join(packages)}
    subprocess.run([sys.executable, script, folder, "x", "cloudpickle"], check=True, env=environment)
    return b"".join(path.read_bytes()[:-1] for path in sorted(folder.glob("*.pkl")) if "instance" in path.name) + b"."


@settings(max_examples=int(os.environ.get("FUZZ_EXAMPLES", "1000")), deadline=None)
@given(data=st.data())
def test_whatever_it_is(good, data):
    """A pickle with bytes changed, cut out or put in is read or refused: no exception of any other kind."""
    content = bytearray(good)
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(content) - 1))
        length = data.draw(st.integers(0, 4))
        content[at : at + length] = data.draw(st.binary(max_size=6))
        content = content or bytearray(b".")

    inspection = inspect_bytes(bytes(content))
    assert Inspection.from_json(json.loads(json.dumps(inspection))) == inspection


def test_the_long_fuzzing_starts():
    """The program that fuzzes for hours, by hand, does so for a second."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, ROOT / "tests/pickles/fuzz.py", "1"]

    assert subprocess.run(command, env=environment, timeout=60).returncode == 0


# --- the file around it


def test_compressed_files():
    """What pandas decompresses by its extension is read, and the same content is found."""
    content = cloudpickle.dumps(lambda live_features: live_features)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("model.pkl", content)

    assert unpack("model.pkl", content) == content
    assert unpack("model.pkl.gz", gzip.compress(content)) == content
    assert unpack("MODEL.ZIP", archive.getvalue()) == content


@pytest.mark.parametrize("extension", ["", "gz", "bz2", "xz"])
def test_tar_archives(tmp_path, extension):
    """A pickle in a tar archive, compressed or not, is read as pandas reads it."""
    (tmp_path / "model.pkl").write_bytes(cloudpickle.dumps(lambda live_features: live_features))
    name = f"model.tar.{extension}".rstrip(".")
    with tarfile.open(tmp_path / name, f"w:{extension}") as archive:
        archive.add(tmp_path / "model.pkl", "model.pkl")

    assert reader.read(str(tmp_path / name), fork=True).signature == "(live_features)"


def test_a_small_file_that_holds_a_large_pickle(tmp_path):
    """How much memory a reading may take is not told by the size of a compressed file."""
    held = [bytes([number]) * 300_000_000 for number in range(2)]  # with the pickle itself, more than the least limit
    path = tmp_path / "model.pkl.gz"
    with gzip.open(path, "wb", 1) as file:
        cloudpickle.dump(held, file)

    assert path.stat().st_size < 10_000_000
    assert reader.read(str(path)).problem == ""


def test_what_is_no_file_is_not_read(tmp_path):
    """A named pipe that nobody writes into, and a device without an end, are refused at once."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (str(pipe), "/dev/zero"):
        with pytest.raises(OSError, match="not a regular file"):
            reader.read(path, fork=True)


def test_what_is_larger_than_any_model_is_not_read(tmp_path):
    """A file of a terabyte, of which nothing is on disk, is refused before it is digested."""
    with open(tmp_path / "model.pkl", "wb") as file:
        file.truncate(2**40)
    start = time.monotonic()

    assert "more memory" in reader.read(str(tmp_path / "model.pkl"), fork=True).problem
    assert time.monotonic() - start < 10


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("model.pkl", b"", "empty"),
        ("model.pkl", b"<!DOCTYPE html>", "HTML"),
        ("model.pkl", zlib.compress(b"x"), "joblib"),
        ("model.pkl", b"version https://git-lfs.github.com/spec/v1", "LFS"),
        ("model.pkl", gzip.compress(b"x"), "rename it"),
        ("model.pkl.gz", b"\x80\x05.", "its extension says"),
        ("model.pkl", b"PK\x03\x04", "torch.save"),
        ("model.zip", b"PK\x03\x04", "its extension says"),
        ("model.pkl", b'{"cells": []}', "notebook"),
        ("model.pkl.gz", gzip.compress(b"x" * 99)[:-9], "cut off: copy it again"),
        ("model.pkl", bytes(257) + b"ustar", "tar archive"),
        ("model.pkl", b"PK\x03\x04", "named .zip"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_things(name, content, words):
    """What is no pickle is called what it is."""
    with pytest.raises(NotAPickle, match=words):
        unpack(name, content)


def test_known_pythons_are_those_of_the_opcodes():
    """A run judges by the Pythons whose opcodes are stored, no more and no fewer."""
    assert bytecode.known_versions() == foresight.KNOWN


def test_an_archive_of_a_folder(tmp_path):
    """An archive that holds one folder, and no file, is said to hold no file."""
    with tarfile.open(tmp_path / "model.tar", "w") as archive:
        archive.add(tmp_path, "model", recursive=False)

    with pytest.raises(NotAPickle, match="one entry, which is no file"):
        unpack("model.tar", (tmp_path / "model.tar").read_bytes())


def test_a_text_is_said_to_be_none():
    """Of what does not begin as a pickle, its beginning is quoted, and not only what the unpickler stumbled over."""
    problem = inspect_bytes(b"hello world").problem

    assert problem.startswith("it begins with b'hello wo'")
    assert not inspect_bytes(b"\x7fELF").problem.endswith(".")


# --- what is found


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol(protocol):
    """A function, and an instance that can be called, are found whatever protocol they are pickled with."""

    class Model:
        def __call__(self, live_features):
            return live_features

    for model in (lambda live_features: live_features, Model()):
        inspection = inspect_bytes(cloudpickle.dumps(model, protocol=protocol))

        assert f"3.{sys.version_info.minor}" in inspection.pythons
        assert inspection.signature == "(live_features)"
        assert not {"__builtin__", "copy_reg"} & {*inspection.load_modules}


class Wrapper:
    """Stands for another function, as a decorator that is a class does."""

    def __init__(self, function):
        functools.update_wrapper(self, function)
        self.function = function

    def __call__(self, *arguments, limit=None, **options):
        return self.function(*arguments[:limit], **options)


def test_a_wrapper_has_the_signature_of_what_it_wraps():
    """An instance that `functools.update_wrapper` has seen tells the parameters of the function in it."""
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    try:
        content = cloudpickle.dumps(Wrapper(lambda live_features: live_features))
    finally:
        cloudpickle.unregister_pickle_by_value(sys.modules[__name__])

    assert str(inspect.signature(pickle.loads(content))) == "(live_features)"
    assert inspect_bytes(content).signature == "(live_features)"


def test_a_signature_of_its_own_is_not_guessed():
    """What has a `__signature__` is called as that says, which only loading it tells."""

    def predict(*arguments):
        return arguments

    predict.__signature__ = inspect.signature(Wrapper.__call__)

    assert inspect_bytes(cloudpickle.dumps(predict)).parameters is None


def test_a_namedtuple_of_dill():
    """A named tuple that dill wrote, which is made by a call, is read."""
    content = (
        b"\x80\x04cdill._dill\n_create_namedtuple\n(X\x05\x00\x00\x00Blend"
        b"(X\x06\x00\x00\x00weightt\x8c\x08__main__tRK\x01\x85\x81."
    )
    inspection = inspect_bytes(content)

    assert inspection.problem == ""
    assert inspection.what == "an instance of Blend"


def test_undefined_names_are_found():
    """A global name that nothing defines is found, also in nested functions; what is defined is not."""

    def predict(live_features):
        import math

        def inner(value):
            return value + missing_inside + math.pi  # noqa: F821

        return [inner(value) for value in live_features], len(live_features), missing_outside  # noqa: F821

    assert inspect_bytes(cloudpickle.dumps(predict)).undefined == ("missing_inside", "missing_outside")


def test_what_another_function_makes_global_is_defined():
    """A name that one function of a pickle makes global is there for the others; so is what `site` adds to builtins."""

    def fill():
        global table
        table = 1

    def predict(live_features):
        fill()
        return table if live_features else exit(1)

    content = cloudpickle.dumps(predict)

    assert inspect_bytes(content).undefined == ()
    child = "import sys, builtins; from numerai_predict.pickles.inspection import inspect_bytes; assert not hasattr("
    child += "builtins, 'exit'); print(inspect_bytes(sys.stdin.buffer.read()).undefined)"
    found = subprocess.run(
        [sys.executable, "-S", "-c", child], input=content, capture_output=True, env={"PYTHONPATH": str(ROOT / "src")}
    )
    assert found.stdout == b"()\n"


def test_main_is_found():
    """A function that a plain pickle only names, in the program that made it, is told."""
    content = b"c__main__\npredict\n."

    assert inspect_bytes(content).in_main == ("predict",)


def test_joblib_is_told(tmp_path):
    """A file of joblib's with an array in it, which no pickle is, is said to be one."""
    joblib = pytest.importorskip("joblib")
    import numpy

    joblib.dump({"weights": numpy.arange(100.0)}, tmp_path / "model.pkl")
    inspection = inspect_bytes((tmp_path / "model.pkl").read_bytes())

    assert "joblib.dump" in inspection.problem
    assert inspection.maker == "joblib"


def test_models_columns_and_libraries_are_found(sample_round):
    """The features of a LightGBM model, and the versions of what made it, are read from its text and state."""
    lightgbm = pytest.importorskip("lightgbm")
    import pandas as pd
    import sklearn
    from sklearn.ensemble import RandomForestRegressor

    train = pd.read_parquet(sample_round / "train.parquet")
    features = [name for name in train.columns if name.startswith("feature_")][:7]
    boosted = lightgbm.LGBMRegressor(n_estimators=2, min_child_samples=2, verbose=-1).fit(
        train[features], train["target"]
    )
    forest = RandomForestRegressor(2, max_depth=2).fit(train[features[:3]], train["target"])

    def predict(live_features):
        return boosted.predict(live_features[features]) + forest.predict(live_features[features[:3]])

    inspection = inspect_bytes(cloudpickle.dumps(predict))
    assert set(features) <= set(inspection.columns)
    assert inspection.libraries["scikit-learn"] == (sklearn.__version__, True)
    assert inspection.libraries["lightgbm"] == (lightgbm.__version__.partition(".")[0], False)
