"""`numerai_predict.save`: what it writes runs where nothing of the user's is; what would not is refused by its line."""

import functools
import importlib
import json
import os
import pickle
import stat
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from conftest import NOTEBOOK_TOOLS, ROOT, scrubbed_environment

import numerai_predict
from numerai_predict import Failure
from numerai_predict.pickles.inspection import inspect_bytes

Own = Callable[..., ModuleType]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Writes modules of a user's in a folder of their own, and imports the last of them."""
    folder = tmp_path / "own"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    before = set(sys.modules)

    def write(sources: dict[str, str]) -> ModuleType:
        for name, source in sources.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(textwrap.dedent(source))
        importlib.invalidate_caches()
        return importlib.import_module(name.removesuffix(".py").replace("/", "."))

    yield write
    for name in set(sys.modules) - before:
        if str(folder) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def run(model: Path, sample_round: Path) -> pd.DataFrame:
    """The predictions of a real run, in a process whose import path the user's modules are not on."""
    command = [sys.executable, str(ROOT / "predict.py"), "--model", str(model), "--json", "--output", f"{model}.csv"]
    command += ["--dataset", str(sample_round / "live.parquet")]
    command += ["--benchmarks", str(sample_round / "live_benchmark_models.parquet")]
    done = subprocess.run(command, capture_output=True, text=True, env=scrubbed_environment(), cwd=ROOT)
    assert json.loads(done.stdout)["outcome"] == "delivered", done.stderr
    return pd.read_csv(f"{model}.csv", index_col=0)


def refusal(function: Any, path: Path) -> Failure:
    with pytest.raises(Failure) as caught:
        numerai_predict.save(function, path)
    assert not path.exists()
    assert caught.value.kind.fault.value == "model"
    return caught.value


PREDICT = """
    def predict(live_features):
        names = [name for name in live_features.columns if name.startswith("feature_")]
        return live_features[names].mean(axis=1).rank(pct=True).to_frame("prediction")
"""


# --- what runs


def test_modules_of_ones_own(own: Own, sample_round: Path, tmp_path: Path):
    """A function runs without its module, the modules that this uses, by name or whole, and their packages."""
    module = own(
        {
            "scales.py": "def scale(values):\n    return values / 2\n",
            "parts/__init__.py": "from parts import ranks\n",
            "parts/ranks.py": "import scales\ndef rank(values):\n    return scales.scale(values.rank(pct=True))\n",
            "model.py": """
            import parts
            from scales import scale

            def predict(live_features):
                names = [name for name in live_features.columns if name.startswith("feature_")]
                return scale(parts.ranks.rank(live_features[names].mean(axis=1))).to_frame("prediction")
        """,
        }
    )
    registered = set(cloudpickle.list_registry_pickle_by_value())

    numerai_predict.save(module.predict, tmp_path / "model.pkl")

    assert run(tmp_path / "model.pkl", sample_round)["prediction"].max() == 0.25
    assert cloudpickle.list_registry_pickle_by_value() == registered
    assert vars(module.predict) == {}


def test_a_registered_module_stays_registered(own: Own, tmp_path: Path):
    """A module that the user has registered stays so."""
    module = own({"registered.py": PREDICT})
    cloudpickle.register_pickle_by_value(module)
    try:
        numerai_predict.save(module.predict, tmp_path / "model.pkl")
        assert module.__name__ in cloudpickle.list_registry_pickle_by_value()
    finally:
        cloudpickle.unregister_pickle_by_value(module)


SHAPES = (
    PREDICT
    + """
    from functools import partial

    class Model:
        def __init__(self, names):
            self.names = names
        def __call__(self, live_features, live_benchmark_models):
            return predict(live_features)
        def predict(self, live_features):
            return self(live_features, None)

    def scaled(live_features, *, factor):
        return predict(live_features) * factor

    def with_factor(factor, live_features):
        return scaled(live_features, factor=factor)

    shapes = {
        "lambda": lambda live_features: predict(live_features),
        "partial": partial(with_factor, 0.5),
        "instance": Model(["a"]),
        "bound method": Model(["a"]).predict,
    }
"""
)


@pytest.mark.parametrize("shape", ["lambda", "partial", "instance", "bound method"])
def test_shapes(shape: str, own: Own, sample_round: Path, tmp_path: Path):
    """Whatever can be called is saved, runs without its module, and shows its parameters and libraries."""
    root = own({"shapes.py": SHAPES}).shapes[shape]

    reading = numerai_predict.save(root, tmp_path / "model.pkl")

    assert len(run(tmp_path / "model.pkl", sample_round)) == 200
    assert [parameter.name for parameter in reading.inspection.parameters or ()][:1] == ["live_features"]
    assert reading.inspection.libraries["cloudpickle"].version == cloudpickle.__version__


def test_versions_are_recorded(tmp_path: Path):
    """The versions of the libraries that a function uses are known exactly, though its objects do not tell them."""
    weights = np.arange(3.0)

    def predict(live_features):
        return pd.DataFrame({"prediction": live_features.mean(axis=1) * weights.mean()})

    plain = inspect_bytes(cloudpickle.dumps(predict)).libraries
    reading = numerai_predict.save(predict, tmp_path / "model.pkl")

    assert not plain["numpy"].exact
    assert reading.inspection.libraries["numpy"] == (np.__version__, True)
    assert reading.inspection.libraries["pandas"] == (pd.__version__, True)
    assert f"numpy {np.__version__}" in repr(reading)
    loaded = pickle.loads((tmp_path / "model.pkl").read_bytes())
    assert loaded.__numerai_predict__["numpy"] == np.__version__
    assert vars(predict) == {}


@pytest.mark.parametrize("version", ["", "abc", "1" * 100, "1\n2", 3, None], ids=repr)
def test_what_pickles_claim_of_versions(version: Any):
    """What is no version is not taken for one, whoever wrote it there."""

    def predict(live_features):
        return live_features

    predict.__numerai_predict__ = {"numpy": version}

    assert inspect_bytes(cloudpickle.dumps(predict)).libraries == {}


def test_a_name_that_another_function_defines(own: Own, tmp_path: Path):
    """A global that one of the functions defines when it is called counts as defined."""
    module = own(
        {
            "late.py": """
            def prepare():
                global factor
                factor = 0.5
            def predict(live_features):
                prepare()
                return live_features * factor
        """
        }
    )

    assert numerai_predict.save(module.predict, tmp_path / "model.pkl").inspection.parameters


def test_what_is_not_used_does_not_count(own: Own, tmp_path: Path):
    """A function that is in the pickle because its whole module is, and is not used, may be broken."""
    module = own(
        {
            "helpers.py": """
            def used(frame):
                return frame
            def train():
                import helpers
                return nowhere
        """,
            "user.py": """
            import helpers
            def predict(live_features):
                return helpers.used(live_features)
        """,
        }
    )

    assert numerai_predict.save(module.predict, tmp_path / "model.pkl").inspection.parameters


# --- what is refused


def test_undefined_names(own: Own, tmp_path: Path):
    """A name that nothing defines is refused with its line, however deep it is used."""
    module = own(
        {
            "deep.py": """
            def finish(frame):
                return [(lambda value: value * factor)(one)
                        for one in frame]
        """,
            "shallow.py": """
            import deep
            class Model:
                def __init__(self):
                    self.finishers = {"first": [deep.finish]}
                def __call__(self, live_features):
                    return self.finishers["first"][0](live_features)
            model = Model()
            def predict(live_features):
                return model(live_features)
        """,
        }
    )

    failure = refusal(module.predict, tmp_path / "model.pkl")

    assert failure.kind.name == "unsavable"
    assert "nothing defines factor" in failure.cause
    assert f"{tmp_path}/own/deep.py:3: `return [(lambda value: value * factor)(one)`" in failure.cause
    assert failure.remedy == "Define or import factor before you save the function."


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("import later", "later"),
        ("from later import f", "later"),
        ("from . import other", "."),
        ("import own.a", "own"),
    ],
)
def test_imports_inside(statement: str, name: str, own: Own, tmp_path: Path):
    """A module of the user's that is imported when the function is called is refused with the line that does it."""
    module = own(
        {
            "later.py": "f = 1\n",
            "own/a.py": "",
            "package/__init__.py": "",
            "package/other.py": "",
            "package/model.py": f"def predict(live_features):\n    import json\n    {statement}\n    return 0\n",
        }
    )

    failure = refusal(module.predict, tmp_path / "model.pkl")

    assert f"does not have {name}" in failure.cause
    assert f"{tmp_path}/own/package/model.py:3: `{statement}`" in failure.cause
    assert "at the top" in failure.remedy


def test_what_cannot_be_pickled(own: Own, tmp_path: Path):
    """What cannot be pickled is named with its line; if it is of a module that is used whole, with what to write."""
    module = own(
        {
            "locks.py": "import threading\nlock = threading.Lock()\ndef f(x):\n    return x\n",
            "direct.py": """
            from locks import lock
            def guarded(frame):
                with lock:
                    return frame
            def predict(live_features):
                return guarded(live_features)
        """,
        }
    )
    failure = refusal(module.predict, tmp_path / "model.pkl")
    assert "lock cannot be pickled (TypeError: cannot pickle '_thread.lock' object)" in failure.cause
    assert "direct.py:4: `with lock:`" in failure.cause

    module = own({"whole.py": "import locks\ndef predict(live_features):\n    return locks.f(live_features)\n"})
    failure = refusal(module.predict, tmp_path / "model.pkl")
    assert "whole.py:3: `return locks.f(live_features)`" in failure.cause
    assert failure.remedy.startswith("Write `from locks import ...`")

    bound = functools.partial(lambda live_features, *, lock: live_features if lock else None, lock=threading.Lock())
    failure = refusal(bound, tmp_path / "model.pkl")
    assert "something that it holds cannot be pickled" in failure.cause


def test_leftovers_of_main(tmp_path: Path):
    """What would only be named in the pickle, as something of the program that is `__main__`, is refused."""
    script = tmp_path / "train.py"
    script.write_text(
        "class Settings:\n"
        "    def __reduce__(self):\n"
        "        return 'SETTINGS'\n"
        "SETTINGS = Settings()\n"
        "def predict(live_features):\n"
        "    return live_features if SETTINGS else None\n"
        "import numerai_predict\n"
        "try:\n"
        "    numerai_predict.save(predict, 'model.pkl')\n"
        "except numerai_predict.Failure as failure:\n"
        "    print(failure)\n"
    )
    environment = scrubbed_environment() | {"PYTHONPATH": str(ROOT / "src")}

    done = subprocess.run([sys.executable, script], capture_output=True, text=True, cwd=tmp_path, env=environment)

    assert "SETTINGS is pickled as a mere name, __main__.SETTINGS, " in done.stdout, done.stderr
    assert f"{script}:6: `return live_features if SETTINGS else None`" in done.stdout
    assert not (tmp_path / "model.pkl").exists()


def test_leftovers_of_modules(own: Own, tmp_path: Path):
    """So is what would only be named as something of one of the user's modules, which the box does not have."""
    module = own(
        {
            "cached.py": """
            from functools import lru_cache
            @lru_cache
            def factor():
                return 0.5
            def predict(live_features):
                return live_features * factor()
        """
        }
    )

    failure = refusal(module.predict, tmp_path / "model.pkl")

    assert "factor is pickled as a mere name, cached.factor, as functions behind functools.lru_cache" in failure.cause
    assert "cached.py:7: `return live_features * factor()`" in failure.cause


def test_estimators(tmp_path: Path):
    """An estimator, which cannot be called, is refused with the function to write instead; so is a class."""
    from sklearn.linear_model import Ridge

    failure = refusal(Ridge(), tmp_path / "model.pkl")
    assert "sklearn.linear_model._ridge.Ridge, which cannot be called" in failure.cause
    assert failure.remedy.startswith("Wrap it in a function, def predict(live_features):")

    assert "the class Ridge itself" in refusal(Ridge, tmp_path / "model.pkl").cause
    assert "builtins.dict, which cannot be called" in refusal({}, tmp_path / "model.pkl").cause


def test_other_calls(tmp_path: Path):
    """A function that takes no frame, or three, is refused as it would be when it is run."""

    def predict(live_features, live_benchmark_models, more):
        return live_features + live_benchmark_models + more

    failure = refusal(predict, tmp_path / "model.pkl")

    assert failure.kind.name == "wrong_signature"
    assert "predict(live_features, live_benchmark_models, more) takes 3 arguments" in failure.cause


def test_a_function_whose_call_runs_nothing(own: Own, tmp_path: Path):
    """What a call of makes a coroutine or a generator is refused."""
    lazy = """
    class Waits:
        async def __call__(self, live_features):
            pass

    async def wait(live_features):
        pass

    def give(live_features):
        yield 1
    """
    module = own({"lazy.py": lazy})

    for function in (module.wait, module.give, functools.partial(module.wait), module.Waits()):
        assert "calling it runs nothing" in refusal(function, tmp_path / "model.pkl").cause


def test_a_function_that_is_cached_itself(own: Own, tmp_path: Path):
    """Of a function under lru_cache a pickle holds the name: the remedy is to take that away."""
    module = own({"cached.py": "import functools\n\n@functools.lru_cache\ndef predict(live_features):\n    pass\n"})

    failure = refusal(module.predict, tmp_path / "model.pkl")

    assert "is under functools.lru_cache" in failure.cause
    assert failure.remedy.startswith("Take functools.lru_cache or functools.cache away")


def test_places(own: Own, tmp_path: Path):
    """Where it cannot be written, or would not be what its name says, that is said, and what is there stays."""
    module = own({"places.py": PREDICT})
    (tmp_path / "folder").mkdir()

    assert "cannot be written" in refusal(module.predict, tmp_path / "nowhere" / "model.pkl").cause
    assert "ends with .gz" in refusal(module.predict, tmp_path / "model.pkl.gz").cause
    os.mkfifo(tmp_path / "pipe")  # as it would be with a device: /dev/null, for one whom everything is allowed
    for name in ("folder", "pipe"):
        with pytest.raises(Failure, match="cannot be written: it is no file"):
            numerai_predict.save(module.predict, tmp_path / name)
    assert os.listdir(tmp_path / "folder") == []
    assert stat.S_ISFIFO(os.stat(tmp_path / "pipe").st_mode)


def test_cells(tmp_path: Path):
    """In a notebook, the line is that of the cell, by its number."""
    sys.path.append(NOTEBOOK_TOOLS)
    import nbformat
    from nbclient import NotebookClient

    cells = [
        "def predict(live_features):\n    return scale(live_features)",
        "import numerai_predict\ntry:\n    numerai_predict.save(predict, 'model.pkl')\n"
        "except numerai_predict.Failure as failure:\n    print(failure)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    environment = scrubbed_environment() | {"PYTHONPATH": f"{ROOT / 'src'}:{NOTEBOOK_TOOLS}"}
    NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}).execute(env=environment)

    printed = notebook.cells[-1].outputs[0].text
    assert "nothing defines scale, which is used in Cell In[1]:2: `return scale(live_features)`" in printed
