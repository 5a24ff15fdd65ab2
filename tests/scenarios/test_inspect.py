"""`numerai-predict inspect`, as a process, and what `predict` does with what it finds."""

import decimal
import functools
import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cloudpickle
import pytest
from conftest import ROOT, Run, scrubbed_environment

HERE = f"3.{sys.version_info.minor}"
MODELS = {
    version: ROOT / f"tests/models/model_{version.replace('.', '_')}.pkl"
    for version in ("3.10", "3.11", "3.12", "3.13", "3.14")
}


def inspect(
    *arguments: object, command: str = "inspect", stdout: int = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    """Run the command, or another that reads pickles."""
    environment = scrubbed_environment() | {"PYTHONPATH": str(ROOT / "src")}
    words = [sys.executable, "-m", "numerai_predict", command, *map(str, arguments)]
    return subprocess.run(words, stdout=stdout, stderr=subprocess.PIPE, text=True, env=environment, timeout=90)


@pytest.mark.parametrize("version", MODELS)
def test_page(version):
    """The page of a test pickle names its Python, its function, its libraries, and the one environment it runs in."""
    result = inspect(MODELS[version])

    assert result.returncode == 0, result.stderr
    assert f"Python {version}" in result.stdout
    assert "the function predict (live_features, live_benchmark_models)" in result.stdout
    assert "lightgbm" in result.stdout
    verdicts = dict(line.split(None, 2)[1:] for line in result.stdout.splitlines() if line.startswith("  Python "))
    assert verdicts.pop(version) == "as far as it tells, yes"
    assert set(verdicts.values()) == {"no"}


def test_json():
    """With --json everything is there, environments and reasons included."""
    content = json.loads(inspect(MODELS["3.11"], "--json").stdout)

    assert content["pythons"] == ["3.11"]
    assert content["signature"] == "(live_features, live_benchmark_models)"
    assert [one["version"] for one in content["environments"] if one["will_run"] == "yes"] == ["3.11"]


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"<html>", 10, "HTML"),
        (b"", 10, "empty"),
        (MODELS["3.12"].read_bytes()[:5000], 11, "cut off"),
        (None, 2, "There is no model file"),
    ],
    ids=["html", "empty", "cut-off", "missing"],
)
def test_no_pickle(tmp_path: Path, content, code, words):
    """What is no pickle, or only a part of one, is said to be that, with the exit code of `predict`."""
    path = tmp_path / "model.pkl"
    if content is not None:
        path.write_bytes(content)
    result = inspect(path)

    assert result.returncode == code
    assert words in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_a_reader_that_goes_away(flags) -> None:
    """A page that nobody reads to its end, as under `head`, is no failure: nothing is said, as of other programs."""
    reading, writing = os.pipe()
    os.close(reading)
    result = inspect(MODELS["3.12"], *flags, stdout=writing)
    os.close(writing)

    assert result.returncode == 128 + signal.SIGPIPE
    assert result.stderr == ""


def test_a_page_that_cannot_be_written() -> None:
    """A full disk behind standard output is said to be that."""
    with open("/dev/full", "w") as full:
        result = inspect(MODELS["3.12"], stdout=full.fileno())

    assert result.returncode == 2
    assert "Standard output could not be written to: No space left on device." in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("command", ["inspect", "check"])
def test_a_url_that_is_none(command) -> None:
    """A URL that cannot be understood is said to be one."""
    result = inspect("http://[::1/model.pkl", command=command)

    assert result.returncode == 2
    assert result.stderr.startswith("Failed: A URL cannot be understood")


@pytest.mark.parametrize("version", [version for version in MODELS if version != HERE])
def test_another_pythons_pickle_is_not_loaded(version: str, run_predict: Callable[..., Run]) -> None:
    """A pickle that another Python made ends the run before it is loaded, with both versions and what to do."""
    run = run_predict(MODELS[version])

    assert run.exit_code == 26
    assert run.failure["kind"] == "wrong_python"
    assert run.failure["fault"] == "model"
    assert f"made by Python {version}, and this is Python {HERE}" in run.stderr
    assert f"numerai_predict_py_{version.replace('.', '_')}:" in run.stderr
    assert run.record["inspection"]["pythons"] == [version]
    assert [phase["name"] for phase in run.record["phases"]][-1] == "inspect"


def test_features_that_the_data_lack_are_named(pickled: Callable[[str], Path], run_predict: Callable[..., Run]) -> None:
    """A KeyError of a model whose features the data do not have is explained by them."""
    run = run_predict(pickled("raises"))

    assert run.failure["kind"] == "predict_raised"
    assert "names 1 feature that the data do not have (feature_of_another_version)" in run.stderr
    assert run.warnings == ["columns_missing"]


def test_features_that_the_data_lack_are_warned_of(
    pickled: Callable[[str], Path], run_predict: Callable[..., Run], sample_round: Path, tmp_path: Path
) -> None:
    """A model that comes by without them is warned of, with the version of the data that has them all."""
    for version in ("v5.2", "v5.3"):
        (tmp_path / version).mkdir()
    sets = {"small": ["feature_of_another_version"], "all": ["feature_of_another_version", "feature_of_a_third"]}
    (tmp_path / "v5.2/features.json").write_text(json.dumps({"feature_sets": sets}))
    (tmp_path / "v5.3/features.json").write_text("<html>")
    (tmp_path / "v5.3/live.parquet").symlink_to(sample_round / "live.parquet")
    run = run_predict(pickled("names_other_features"), "--dataset", tmp_path / "v5.3/live.parquet")

    assert run.exit_code == 0, run.stderr
    (warning,) = run.record["warnings"]
    assert (warning["code"], warning["count"]) == ("columns_missing", 2)
    assert "do not have: feature_of_another_version, feature_of_a_third; v5.2 has them all." in warning["sentence"]


def test_benchmark_models_of_another_version_are_named(
    pickled: Callable[[str], Path], run_predict: Callable[..., Run]
) -> None:
    """A KeyError of a benchmark model tells the version of the data that its name bears."""
    run = run_predict(pickled("names_older_benchmark"))

    assert run.failure["kind"] == "predict_raised"
    assert "v52_lgbm_ender20 is one of the dataset v5.2: give --dataset v5.2/live.parquet" in run.failure["remedy"]


# --- against one environment


def test_against_an_installed_environment(tmp_path: Path) -> None:
    """A virtual environment is judged by what is in it: a missing package, a missing module, a version that breaks."""
    environment = tmp_path / "env"
    packages = environment / f"lib/python{HERE}/site-packages"
    packages.mkdir(parents=True)
    (environment / "pyvenv.cfg").write_text(f"home = {sys.base_prefix}/bin\nversion = {HERE}.1\n")
    result = inspect(MODELS[HERE], "--env", environment)
    assert f"Python {HERE}  perhaps not (in {environment})" in result.stdout
    assert "It imports cloudpickle, pandas, lightgbm, numpy, and there is no package of that name" in result.stdout

    for package, *modules in (
        ("cloudpickle", "cloudpickle"),
        ("pandas", "core/frame", "core/series"),
        ("lightgbm", "sklearn", "basic"),
        ("numpy", "linalg/__init__"),
    ):
        for module in modules:
            path = packages / package / f"{module}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    result = inspect(MODELS[HERE], "--env", environment)
    assert "It imports numpy.linalg.linalg, which the installed numpy does not have." in result.stdout
    assert "no package of that name" not in result.stdout

    (packages / "lightgbm/basic.py").unlink()
    result = inspect(MODELS[HERE], "--env", environment)
    assert "It imports lightgbm.basic, which the installed lightgbm does not have." in result.stdout
    assert "It imports numpy.linalg.linalg, which the installed numpy does not have." in result.stdout
    (packages / "lightgbm/basic.py").touch()

    (packages / "numpy/linalg/linalg.py").touch()
    result = inspect(MODELS[HERE], "--env", environment)
    assert f"Python {HERE}  as far as it tells, yes (in {environment})" in result.stdout

    (packages / "lightgbm-3.3.5.dist-info").mkdir()
    result = inspect(MODELS[HERE], "--env", environment)
    assert f"Python {HERE}  no" in result.stdout
    assert "made with lightgbm 4.x; here is lightgbm 3.3.5" in result.stdout


def test_against_this_interpreter_and_a_lock() -> None:
    """--env current is the interpreter of the command, --env 3.XX that directory's lock, anything else is refused."""
    current = json.loads(inspect(MODELS[HERE], "--json", "--env", "current").stdout)["environments"]
    assert [(one["version"], one["folder"]) for one in current] == [(HERE, sys.prefix)]
    locked = json.loads(inspect(MODELS[HERE], "--json", "--env", "3.11").stdout)["environments"]
    assert [(one["version"], one["folder"]) for one in locked] == [("3.11", "")]

    refused = inspect(MODELS[HERE], "--env", "3.99")
    assert refused.returncode == 2
    assert "no Python environment at 3.99" in refused.stderr


# --- what cannot be called, or not loaded, whatever the environment


def only_verdict(model: Path, *flags: str) -> dict:
    """The verdict for the one environment that runs this pickle best."""
    return json.loads(inspect(model, "--json", *flags).stdout)["environments"][0]


@pytest.mark.parametrize(
    ("model", "kind", "words"),
    [
        ("takes_none", "wrong_signature", "Its signature is (): 0 parameters"),
        ("takes_three", "wrong_signature", "3 parameters, not one or two. That is the rule of the box as it is run"),
        ("bare_estimator", "not_callable", "an instance of sklearn.linear_model._ridge.Ridge, which cannot be called"),
        ("dict_object", "not_callable", "It holds a dict, which cannot be called"),
    ],
)
def test_what_cannot_be_called_is_told(model: str, kind: str, words: str, pickled: Callable[[str], Path]) -> None:
    """The kind of failure that a run would end with is certain, and the same in every environment."""
    path = pickled(model)
    found = only_verdict(path)

    assert found["will_run"] == "no"
    (reason,) = [reason for reason in found["reasons"] if reason["sure"]]
    assert reason["kind"] == kind
    assert words in reason["sentence"]
    page = inspect(path).stdout
    assert page.count(words) == 1
    assert f"  anywhere     {reason['sentence']}" in page


def test_a_quick_check_ends_with_what_a_run_would_end_with(pickled: Callable[[str], Path]) -> None:
    """`check --quick` has the exit code of a certain failure, and gives no reason of another environment's."""
    result = inspect(pickled("takes_three"), "--quick", command="check")

    assert result.returncode == 15
    assert result.stdout.count("Because: ") == 1


def test_a_quick_check_knows_no_python_to_blame(tmp_path: Path) -> None:
    """What is certain, and not of the Python, has the exit code of a pickle that cannot be loaded."""
    path = tmp_path / "model.pkl"
    path.write_bytes(b"c__main__\npredict\n.")
    result = inspect(path, "--quick", command="check")

    assert result.returncode == 13
    assert "It does not hold predict, only the name" in result.stdout


def test_what_cannot_be_loaded_is_not_called(tmp_path: Path) -> None:
    """Of two things that are certain, `check --quick` ends with the one that a run would come to first."""
    other = "3.10" if HERE != "3.10" else "3.11"
    path = tmp_path / "model.pkl"
    path.write_bytes(cloudpickle.dumps(lambda: None))

    assert inspect(path, "--quick", "--env", other, command="check").returncode == 26
    assert inspect(path, "--quick", "--env", HERE, command="check").returncode == 15


@pytest.mark.parametrize("sort", ["coroutine", "generator", "asynchronous generator"])
def test_a_function_whose_call_runs_nothing(sort: str, tmp_path: Path) -> None:
    """The bytecode tells of `async` and `yield`, with which a call makes an object and no predictions; a run agrees."""

    async def coroutine(live_features):
        return live_features

    def generator(live_features):
        yield live_features

    async def asynchronous_generator(live_features):
        yield live_features

    function = {one.__name__: one for one in (coroutine, generator, asynchronous_generator)}[sort.replace(" ", "_")]
    path = tmp_path / "model.pkl"
    path.write_bytes(cloudpickle.dumps(function))
    found = only_verdict(path)

    assert found["will_run"] == "no"
    assert found["reasons"][0]["kind"] == "wrong_output_type"
    assert f"calling it makes a {sort}" in found["reasons"][0]["sentence"]


def test_all_forms_of_an_environment(tmp_path: Path) -> None:
    """`--env` takes what `check` takes: auto for all boxes, a box by its image."""
    path = tmp_path / "model.pkl"
    path.write_bytes(cloudpickle.dumps(lambda live_features: live_features))
    found = {env: json.loads(inspect(path, "--json", "--env", env).stdout) for env in ("auto", "image:3.12")}

    assert len(found["auto"]["environments"]) > 1
    assert [one["version"] for one in found["image:3.12"]["environments"]] == ["3.12"]


@pytest.mark.parametrize("words", [["inspect"], ["check", "--quick"]])
def test_a_terminal_that_knows_only_ascii(words: list[str], tmp_path: Path) -> None:
    """What it cannot show is escaped."""
    path = tmp_path / "mod\u00e8le.pkl"
    path.write_bytes(cloudpickle.dumps(lambda live_features: live_features))
    own = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "numerai_predict", *words, str(path)]
    result = subprocess.run(command, env=own, capture_output=True, text=True)

    assert result.returncode == 0, result.stderr
    assert "mod\\xe8le.pkl" in result.stdout


def test_a_folder_that_has_gone(tmp_path: Path) -> None:
    """To be started in a folder that was removed is said in a sentence."""
    (tmp_path / "gone").mkdir()
    own = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    script = f'rmdir "$PWD" && exec "{sys.executable}" -m numerai_predict check http://user:x@[zz]/m.pkl'
    result = subprocess.run(["sh", "-c", script], cwd=tmp_path / "gone", env=own, capture_output=True, text=True)

    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert result.stderr.startswith("Failed: The folder that this was started in has been removed.")


def uncallable():
    """An instance of a class that users write, without what would make it callable."""

    class Base:
        def predict(self, live_features):
            return live_features

    class Model(Base):
        pass

    return Model()


def keywords():
    """A function that Numerai's box counts three parameters of."""

    def predict(live_features, *, weight=1, power=2):
        return live_features * weight**power

    return predict


def wanting():
    """A function that nobody can call with frames alone."""

    def predict(live_features, *, weight):
        return live_features * weight

    return predict


@pytest.mark.parametrize(
    ("model", "will_run", "kind", "words"),
    [
        (uncallable(), "no", "not_callable", "an instance of Model, a class without __call__, which cannot be called"),
        (type(uncallable()), "may", "", "It holds the class Model itself"),
        (None, "no", "not_callable", "It holds None, which cannot be called"),
        (keywords(), "may", "", "it is called without what only goes by name; the box as it is run today counts that"),
        (wanting(), "no", "predict_raised", "it cannot be called with one frame or two, and nothing by name"),
        (functools.partial(keywords(), weight=2), "may", "", "(live_features, *, weight=..., power=...): it is called"),
    ],
    ids=["instance", "class", "none", "keywords", "wanting", "partial"],
)
def test_what_is_called_otherwise_is_told(model, will_run, kind, words, tmp_path: Path) -> None:
    """What the user's own classes and signatures mean for the call is told, and as certain where it is."""
    path = tmp_path / "model.pkl"
    path.write_bytes(cloudpickle.dumps(model))
    found = only_verdict(path)

    assert found["will_run"] == will_run
    assert (found["reasons"][0]["kind"], found["reasons"][0]["sure"]) == (kind, will_run == "no")
    assert words in found["reasons"][0]["sentence"]


def test_a_partial_of_what_is_imported_is_not_doubted(tmp_path: Path) -> None:
    """A functools.partial can be called, whatever it is of; only how is told when it is loaded."""
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(functools.partial(decimal.Decimal)))
    found = json.loads(inspect(path, "--json").stdout)

    assert (found["what"], found["parameters"]) == ("a functools.partial", None)
    assert found["environments"][0]["will_run"] == "yes"


def test_what_only_loading_tells(tmp_path: Path) -> None:
    """An instance of a class that the pickle does not hold may be callable: that is said, and not more."""
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(decimal.Decimal(1)))
    found = only_verdict(path)

    assert found["will_run"] == "may"
    assert "only loading it tells whether that can be called" in found["reasons"][0]["sentence"]


def test_marks_of_makers(tmp_path: Path) -> None:
    """A path of Python 3.13, and what dill writes without the globals, are known by the names that they look up."""
    path = tmp_path / "model.pkl"
    path.write_bytes(b"\x80\x04cpathlib._local\nPosixPath\n)R.")
    assert "it has no pathlib._local" in only_verdict(path, "--env", "3.12")["reasons"][-1]["sentence"]
    assert not [reason for reason in only_verdict(path, "--env", "3.13")["reasons"] if reason["sure"]]

    path.write_bytes(b"\x80\x04cdill._dill\n_create_function\n(Nc__builtin__\n__main__\ntR.")
    reasons = [reason["sentence"] for reason in only_verdict(path)["reasons"] if reason["sure"]]
    assert any("written by dill without recurse=True" in sentence for sentence in reasons)


def test_dill_is_not_in_the_boxes(tmp_path: Path) -> None:
    """What dill wrote needs dill to be loaded: certain where it is not, and the remedy is another maker."""
    path = tmp_path / "model.pkl"
    path.write_bytes(b"\x80\x04cdill._dill\n_load_type\n(X\x06\x00\x00\x00objecttR.")
    (reason,) = [reason for reason in only_verdict(path, "--env", "3.12")["reasons"] if reason["sure"]]

    assert reason["kind"] == "missing_module"
    assert reason["remedy"] == "Write it with cloudpickle.dump."


def test_a_function_under_a_cache(tmp_path: Path) -> None:
    """cloudpickle writes what is under functools.cache by its name: the remedy does not end with cloudpickle."""
    path = tmp_path / "model.pkl"
    path.write_bytes(b"\x80\x05\x8c\x08__main__\x8c\x07predict\x93.")
    (reason,) = [reason for reason in only_verdict(path)["reasons"] if reason["sure"]]

    assert "It does not hold predict, only the name" in reason["sentence"]
    assert "functools.cache" in reason["remedy"]


# --- behind a URL


def test_a_presigned_url(world) -> None:
    """A model behind a presigned URL is downloaded and read; the URL's query string is nowhere to be seen."""
    url = world.presigned()[1]
    for flags in ((), ("--json",)):
        result = inspect(url, *flags)
        assert result.returncode == 0, result.stderr
        assert "the function blend" in result.stdout
        assert "X-Amz-Signature" in url
        assert "X-Amz" not in result.stdout + result.stderr
    assert f"{url.partition('?')[0]}\n" in inspect(url).stdout
    assert json.loads(inspect(url, "--json").stdout)["sha256"]


def test_a_quick_check_of_a_url(world) -> None:
    """`check --quick` downloads what is behind a URL, and reads it."""
    result = inspect(world.presigned()[1], "--quick", command="check")

    assert result.returncode == 0, result.stderr
    assert "will pass" in result.stdout


def test_a_checks_verdict_without_the_urls_secrets(world) -> None:
    """A verdict names the URL without its query, however short what is secret in it; so with a mistyped URL."""
    location = world.presigned()[1].partition("?")[0]
    result = inspect(f"{location}?sig=short#secret", "--quick", "--json", command="check")
    assert "short" not in result.stdout + result.stderr
    assert "secret" not in result.stdout + result.stderr
    for url in ("https:/host/m.pkl?X-Amz-Signature=0123456789abcdef", "http://user:0123456789abcdef@[zz]/m.pkl"):
        for flags in ((), ("--json",), ("--json", "--quick")):
            mistyped = inspect(url, *flags, command="check")
            assert mistyped.returncode == 2
            assert "0123456789abcdef" not in mistyped.stdout + mistyped.stderr


def test_a_url_without_a_model(world) -> None:
    """What cannot be downloaded, and what is no pickle, fail as they do in `predict`."""
    url = world.presigned()[1]
    world.s3.objects["models", "me/model.pkl"] = b"<html>"
    assert inspect(url).returncode == 10
    verdict = inspect(url, "--quick", "--json", command="check")
    assert (json.loads(verdict.stdout)["verdict"], verdict.returncode) == ("will fail", 10)
    del world.s3.objects["models", "me/model.pkl"]
    quick = inspect(url, "--quick", "--json", command="check")
    result = inspect(url)

    assert json.loads(quick.stdout)["failure"]["kind"] == "model_not_fetched"
    assert result.returncode == 48
    assert "could not be downloaded" in result.stderr
    assert "X-Amz" not in result.stdout + result.stderr
