"""From bytes to Pythons: the opcodes, the standard library of every interpreter here, and pickles of many makers."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from conftest import ROOT

from numerai_predict.environments.interpreters import interpreter
from numerai_predict.pickles.inspection import inspect_bytes

HERE = Path(__file__).parent
PYTHONS = [version for version in ("3.10", "3.11", "3.12", "3.13", "3.14") if interpreter(version)]
MAKERS = {"cloudpickle-2.2": "cloudpickle==2.2.1", "cloudpickle-3": "cloudpickle==3.1.1", "dill": "dill==0.4.0"}


@cache
def of(version: str) -> str:
    """An interpreter of this version."""
    path = interpreter(version)
    assert path
    return path


def run(version: str, *arguments: object, path: str = "") -> str:
    """Run an interpreter without anything that is installed for it; return what it prints."""
    command = [of(version), "-s", *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": path}, timeout=110)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("version", PYTHONS)
def test_opcodes_are_the_interpreters_own(version):
    """The stored opcodes of a Python are what its own module `opcode` says."""
    code = (
        "import sys, json; sys.path.insert(0, sys.argv[1]); from opcode_table import table; print(json.dumps(table()))"
    )
    stored = json.loads((ROOT / "src/numerai_predict/pickles/opcodes.json").read_text())

    assert stored[version] == json.loads(run(version, "-c", code, ROOT / "tools"))


LEAST_UNIQUE = {"3.10": 1.0, "3.11": 0.85, "3.12": 0.95, "3.13": 1.0, "3.14": 1.0}
"""Shares of the standard library's functions that can be of one Python only; 3.11 and 3.12 have many in common."""


@pytest.mark.parametrize("version", PYTHONS)
def test_no_function_of_the_standard_library_is_taken_for_anothers(version):
    """Of a part of the standard library, every function may be of the Python that compiled it, most of no other."""
    found = json.loads(run(version, HERE / "standard_library.py", ROOT / "src", 7))

    assert found["count"] > 1_000
    assert found["wrong"] == []
    assert found["unique"] / found["count"] >= LEAST_UNIQUE[version]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory) -> Path:
    """Pickles of all kinds by all makers under all Pythons here, as PYTHON-MAKER-KIND.pkl."""
    folder = tmp_path_factory.mktemp("corpus")
    for maker, requirement in MAKERS.items():
        packages = folder / "packages" / maker
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--target",
            packages,
            requirement,
        ]
        subprocess.run(command, check=True, timeout=110)
        for version in PYTHONS:
            run(
                version,
                HERE / "make_corpus.py",
                folder,
                f"{version}-{maker}",
                *(["dill"] * (maker == "dill")),
                path=str(packages),
            )
    return folder


def test_the_python_that_made_a_pickle_is_found(corpus):
    """The true Python is the only one that is given; but for functions that are the same in 3.11 and in 3.12."""
    pickles = sorted(corpus.glob("*.pkl"))
    ambiguous = set()
    for path in pickles:
        version, _, kind = path.stem.partition("-")
        pythons = inspect_bytes(path.read_bytes()).pythons
        if pythons == ("3.11", "3.12") and version in pythons:
            ambiguous.add(kind.rpartition("-")[2])
        else:
            assert pythons == (version,), path.name

    assert len(pickles) == 19 * len(MAKERS) * len(PYTHONS)
    assert ambiguous <= {"adds", "annotated", "closure", "lambda", "partial", "plain", "varargs", "with_default"}


def test_signatures_are_those_of_inspect(corpus):
    """The parameters that are read are those that `inspect.signature` finds once the pickle is loaded."""
    checked = 0
    for path in sorted(corpus.glob("*.json")):
        for kind, parameters in json.loads(path.read_text()).items():
            inspection = inspect_bytes((corpus / f"{path.stem}-{kind}.pkl").read_bytes())
            if inspection.parameters is None:
                assert "dill" in path.stem, f"{path.stem} {kind}"
                continue
            assert [list(one) for one in inspection.parameters] == parameters, f"{path.stem} {kind}"
            checked += 1
    assert checked >= 19 * 2 * len(PYTHONS)


def test_makers_are_told_apart(corpus):
    """Which cloudpickle, or dill, wrote a pickle is read from the functions that it calls."""
    for maker, words in {
        "cloudpickle-2.2": "cloudpickle 2.2",
        "cloudpickle-3": "cloudpickle 3.0 or newer",
        "dill": "dill",
    }.items():
        found = {inspect_bytes(path.read_bytes()).maker for path in corpus.glob(f"*-{maker}-branches.pkl")}
        assert found == {words}


def test_imports_inside_functions_are_found(corpus):
    """What a function imports when it is called stands in its bytecode only."""
    for path in corpus.glob("*-imports_inside.pkl"):
        assert "collections.abc" in inspect_bytes(path.read_bytes()).call_imports, path.name
