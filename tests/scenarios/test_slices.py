"""`--env 3.XX`: the worker runs in an environment with the slice of a lock that the pickle needs."""

import json
import sys

import pytest
from conftest import ROOT

from numerai_predict.environments import directories, store

HERE = f"3.{sys.version_info[1]}"


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """A cache of the tests' own, kept from one to the next."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def predict_in(cache, monkeypatch, run_predict):
    """Run a model in an environment."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    if HERE not in directories.versions():
        pytest.skip(f"there is no directory for Python {HERE}")
    return lambda model, env: run_predict(model, "--env", env)


def test_a_model_runs_with_the_versions_of_the_lock(predict_in, pickled):
    """`--env auto` takes the Python that made the pickle, with the packages of its lock, and says so in the record."""
    ran = predict_in(pickled("good"), "auto")
    assert ran.exit_code == 0, ran.stderr
    lock = directories.read_lock(HERE)
    assert lock.requirements["pandas"].split(";")[0].strip() == f"pandas=={ran.record['environment']['pandas']}"
    assert f"/{HERE}-" in ran.record["virtual_environment"]


def test_a_module_that_the_slice_lacks_is_added(predict_in, pickled):
    """What is imported under a hidden name, and is in the lock, is added, and the run repeated; that is said."""
    ran = predict_in(pickled("imports_by_name"), HERE)
    assert ran.exit_code == 0, ran.stderr
    assert "the model imports networkx, which nothing in the pickle tells: once more, with it" in ran.stderr
    assert [phase["name"] for phase in ran.record["phases"]].count("prepare") == 2


def test_a_pickle_of_another_python_is_refused_before_an_environment_is_made(predict_in, cache):
    """A Python that cannot run the pickle is refused by name, without waiting for an environment."""
    other = next(version for version in directories.versions() if version != HERE)
    before = set(cache.rglob("3.*-*"))
    ran = predict_in(ROOT / f"tests/models/model_{HERE.replace('.', '_')}.pkl", other)
    assert ran.exit_code == 26
    assert f"this is Python {other}" in ran.stderr
    assert set(cache.rglob("3.*-*")) == before


def test_an_environment_of_ones_own_is_used(predict_in, pickled):
    """The path of a virtual environment, or of an interpreter, is where the worker runs."""
    ran = predict_in(pickled("good"), sys.prefix)
    assert ran.exit_code == 0, ran.stderr
    assert ran.record["environment"]["python"] == sys.version.split()[0]


def test_an_environment_that_is_none_is_refused(predict_in, pickled):
    """What is neither a Python nor a path is refused, and the sentence lists what there is."""
    ran = predict_in(pickled("good"), "3.9")
    assert ran.exit_code == 2
    assert "There is no environment 3.9." in ran.stderr
    assert "current, auto" in ran.stderr


def test_companions_are_packages_of_the_locks():
    """Every companion, and whom it accompanies, is in the lock of some Python: or the table is out of date."""
    locked = {name for version in directories.versions() for name in directories.read_lock(version).requirements}
    table = json.loads(directories.COMPANIONS.read_text())
    assert {name for names in table.values() for name in names} | set(table) <= locked
    assert "scikit-learn" in table["lightgbm"]


def test_the_wheel_holds_the_directories():
    """What pyproject.toml puts into the wheel is every directory that there is."""
    tables = directories.read_toml(ROOT / "pyproject.toml")["tool"]["hatch"]["build"]["targets"]["wheel"]
    expected = {f"py{version}": f"numerai_predict/environments/py{version}" for version in directories.versions()}
    assert tables["force-include"] == expected


def test_an_environment_whose_interpreter_has_gone_is_made_anew(tmp_path, monkeypatch):
    """An environment that does not start any more is not used, and is made again."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    said = []
    first = store.provide(HERE, ["six==1.17.0"], said.append)
    first.python.unlink()
    first.python.symlink_to(tmp_path / "gone")
    assert store.stored() == []
    assert store.unfinished() == [first.folder]
    assert store.provide(HERE, ["six==1.17.0"], said.append).python.resolve().exists()
    assert len(said) == 2
