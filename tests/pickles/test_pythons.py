"""From bytes to Pythons: the opcodes, the standard library of every interpreter here, and pickles of many makers."""

import json
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import ROOT

from numerai_predict import verdict
from numerai_predict.environments.interpreters import interpreter
from numerai_predict.pickles.inspection import inspect_bytes

HERE = Path(__file__).parent
KINDS, NAMED, IN_DILL = 23, 20, 22
"""Of functions, in the corpus: all of them; those that have a name; those that dill can pickle."""

PYTHONS = [version for version in ("3.10", "3.11", "3.12", "3.13", "3.14") if interpreter(version)]
MAKERS = {
    "cloudpickle-2.2": "cloudpickle==2.2.1",
    "cloudpickle-3": "cloudpickle==3.1.1",
    "dill": "dill==0.4.0",
    "joblib": "joblib==1.5.3",
    "pickle": "",
}
BY_VALUE = ("cloudpickle-2.2", "cloudpickle-3", "dill")
"""Makers that put functions into their pickles."""

SAME = {"plain", "adds", "lambda", "calls_with_stars", "returns_constant", "passes"}
"""Kinds of functions that may be the same bytes in 3.11 and in 3.12."""

MOST_SAME = 10
"""Of the functions of these kinds, by a maker of 3.11 and of 3.12: the others differ."""


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


@pytest.mark.parametrize("version", PYTHONS)
def test_no_function_of_the_standard_library_is_taken_for_anothers(version):
    """Every function of a part of the standard library may be of the Python that compiled it."""
    found = json.loads(run(version, HERE / "standard_library.py", ROOT / "src", 7))

    assert found["count"] > 1_000
    assert found["wrong"] == []


LEAST_UNIQUE = {"3.10": 1.0, "3.11": 0.927, "3.12": 0.983, "3.13": 1.0, "3.14": 1.0}
"""Shares of functions that can be of one Python only; 3.11 and 3.12 have many in common."""

SAMPLED = 0.01
"""By how much a share may be smaller, as one module in three is read."""


@pytest.mark.parametrize("version", PYTHONS)
def test_most_functions_can_only_be_of_the_python_that_compiled_them(version):
    """The functions of the oldest Python's library and of pandas, scikit-learn and LightGBM tell who compiled them."""
    library = run(PYTHONS[0], "-c", "import sysconfig; print(sysconfig.get_path('stdlib'))").strip()
    packages = [Path(find_spec(name).origin).parent for name in ("pandas", "sklearn", "lightgbm")]

    found = json.loads(run(version, HERE / "standard_library.py", ROOT / "src", 3, library, *packages))

    assert found["count"] > 5_000
    assert found["wrong"] == []
    sampled = 0 if LEAST_UNIQUE[version] == 1 else SAMPLED
    assert found["unique"] / found["count"] >= LEAST_UNIQUE[version] - sampled


@pytest.fixture(scope="session")
def corpus(tmp_path_factory) -> Path:
    """Pickles of all kinds by all makers under all Pythons here, as PYTHON-MAKER-KIND.pkl."""
    folder = tmp_path_factory.mktemp("corpus")
    for maker, requirement in MAKERS.items():
        packages = folder / "packages" / maker
        if requirement:
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", packages]
            subprocess.run([*command, requirement], check=True, timeout=110)
        for version in PYTHONS:
            name = maker.partition("-")[0]
            run(version, HERE / "make_corpus.py", folder, f"{version}-{maker}", name, path=str(packages))
    return folder


def by_value(corpus: Path) -> list[Path]:
    """The pickles that hold their functions."""
    return [path for maker in BY_VALUE for path in sorted(corpus.glob(f"*-{maker}-*.pkl"))]


def test_the_python_that_made_a_pickle_is_found(corpus):
    """The true Python is the only one that is given; but for functions that are the same in 3.11 and in 3.12."""
    pickles, ambiguous = by_value(corpus), []
    for path in pickles:
        version, _, kind = path.stem.partition("-")
        pythons = inspect_bytes(path.read_bytes()).pythons
        if pythons == ("3.11", "3.12") and version in pythons:
            ambiguous.append(kind.rpartition("-")[2])
        else:
            assert pythons == (version,), path.name

    assert len(pickles) == (2 * KINDS + IN_DILL) * len(PYTHONS)
    assert set(ambiguous) <= SAME
    assert len(ambiguous) <= MOST_SAME * len(BY_VALUE)


def test_signatures_are_those_of_inspect(corpus):
    """The parameters that are read are those that `inspect.signature` finds once the pickle is loaded."""
    checked = 0
    for maker in BY_VALUE:
        for path in sorted(corpus.glob(f"*-{maker}.json")):
            for kind, parameters in json.loads(path.read_text()).items():
                inspection = inspect_bytes((corpus / f"{path.stem}-{kind}.pkl").read_bytes())
                assert inspection.parameters is not None, f"{path.stem} {kind}"
                assert [list(one) for one in inspection.parameters] == parameters, f"{path.stem} {kind}"
                checked += 1
    assert checked == (2 * KINDS + IN_DILL) * len(PYTHONS)


@pytest.mark.parametrize("maker", ["pickle", "joblib"])
def test_what_only_names_its_functions_is_told(corpus, maker):
    """A plain pickle, or joblib's, of what a program defines is told to lack it, and to be of no certain Python."""
    pickles = sorted(corpus.glob(f"*-{maker}-*.pkl"))
    for path in pickles:
        inspection = inspect_bytes(path.read_bytes())
        assert inspection.in_main, path.name
        assert inspection.maker == "pickle"  # joblib's differ from them only if they hold arrays
        assert (inspection.pythons, inspection.parameters) == (None, None)
        (reason,) = [one for one in verdict.python_reasons(inspection, "3.12") if one.sure]
        assert "cloudpickle.dump" in reason.remedy

    assert len(pickles) == NAMED * len(PYTHONS)


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
    for path in (path for path in by_value(corpus) if path.name.endswith("-imports_inside.pkl")):
        assert "collections.abc" in inspect_bytes(path.read_bytes()).call_imports, path.name
