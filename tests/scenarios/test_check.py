"""`numerai-predict check`, as a process: what people complain of, before they upload it."""

import importlib.util
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cloudpickle
import jsonschema
import pytest
from complaints import COMPLAINTS, GOOD, HERE, NotHere, make
from conftest import ROOT, scrubbed_environment

from numerai_predict.failures import Failure
from numerai_predict.foresight import explained
from numerai_predict.pickles.inspection import Inspection
from numerai_predict.report import Check

pytestmark = pytest.mark.timeout(300)  # the first time, packages have to be fetched

SCHEMA = json.loads((ROOT / "docs/check.schema.json").read_text())


@dataclass(frozen=True)
class Checked:
    """How a check came out."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def content(self) -> dict[str, Any]:
        """What --json printed, in the form that is promised."""
        content = json.loads(self.stdout)
        jsonschema.validate(content, SCHEMA)
        return content

    @property
    def check(self) -> Check:
        """The same, as from Python."""
        return Check.from_json(self.content)


@pytest.fixture
def run_check(sample_round: Path, environments: dict[str, str]) -> Callable[..., Checked]:
    """Run the command on a model, on the sample round unless told otherwise."""

    def run(model: Path, *flags: str, data: bool = True) -> Checked:
        files = ["--dataset", "live.parquet", "--benchmarks", "live_benchmark_models.parquet"] if data else []
        command = [sys.executable, "-m", "numerai_predict", "check", str(model), *files, *flags]
        done = subprocess.run(command, cwd=sample_round, env=environments, capture_output=True, text=True)
        return Checked(done.returncode, done.stdout, done.stderr)

    return run


@pytest.mark.parametrize("complaint", COMPLAINTS, ids=lambda complaint: complaint.name)
def test_complaints(complaint, tmp_path, sample_round, environments, run_check):
    """The verdict is right, its reason names the cause, and who does what the remedy says gets a model that passes."""
    try:
        broken, repaired = complaint.write(tmp_path, sample_round, environments)
    except NotHere as why:
        pytest.skip(str(why))

    checked = run_check(broken, *complaint.flags, "--json")
    check = checked.check

    if complaint.kind:
        (reason,) = check.reasons
        assert check.verdict == "will fail"
        assert checked.exit_code == check.exit_code >= 10
        assert reason.kind == complaint.kind
        assert complaint.cause in reason.sentence
        assert complaint.remedy in reason.remedy
    else:
        assert (check.verdict, check.reasons, checked.exit_code) == ("will pass", [], 0)
        assert complaint.warning in " ".join(check.warnings)
    is_on_the_page(complaint.name, check)
    passes(run_check(repaired, *complaint.flags, "--json"))


@pytest.mark.parametrize("complaint", GOOD, ids=lambda complaint: complaint.name)
def test_good_models(complaint, tmp_path, sample_round, environments, run_check):
    """Models of several libraries pass."""
    (model,) = complaint.write(tmp_path, sample_round, environments)

    is_on_the_page(complaint.name, passes(run_check(model, *complaint.flags, "--json")))


def is_on_the_page(name: str, check: Check) -> None:
    """docs/check.md has what is said of a model, but for numbers; if not, `make docs_check` writes it anew."""
    spec = importlib.util.spec_from_file_location("check_examples", ROOT / "docs/check_examples.py")
    examples = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(examples)
    shown = examples.words(examples.standing(name, examples.PAGE.read_text()))

    assert [line for line in examples.words("\n".join(check.lines()[1:])) if line not in shown] == []


def passes(checked: Checked) -> Check:
    """Both runs gave the same predictions, and nothing speaks against the model."""
    check = checked.check
    assert (check.verdict, checked.exit_code) == ("will pass", 0), checked.stdout
    assert (check.reasons, check.warnings, check.largest_difference) == ([], [], 0.0)
    assert check.rows == 200
    return check


def test_a_module_that_another_version_has():
    """A module that is missing inside a package which is there is put down to the package's version."""
    inspection = Inspection(size=1, sha256="", protocol=5, maker="cloudpickle 3.0 or newer", complete=True)
    mine, numpys = (
        explained(Failure("missing_module", module=name, exception="", traceback=""), inspection, [], dict)
        for name in ("my_features", "numpy.linalg.linalg")
    )

    assert "register_pickle_by_value(my_features)" in mine.remedy
    assert "There is a numpy here, but one without that module" in numpys.remedy


# --- what it says of time and memory


@pytest.mark.parametrize("name", ["holds_memory", "holds_memory_in_children"])
def test_usage(name, tmp_path, sample_round, run_check):
    """Time and memory are within a tenth of what the model's own clock and the kernel say of all its processes."""
    model = tmp_path / f"{name}.pkl"
    make([sys.executable], name, ["broken", model], sample_round)

    # A confined process may not read its own smaps_rollup.
    check = run_check(model, "--env", "current", "--isolation", "off", "--json").check

    measured = json.loads(check.output)
    assert check.usage.peak_memory == pytest.approx(measured["memory"], rel=0.1)
    assert check.usage.seconds == pytest.approx(measured["seconds"], rel=0.1)


# --- what it shows


def test_what_the_model_prints_is_shown_once(tmp_path, sample_round, run_check):
    """What the model prints in both runs, and where it raised, stand in the output once."""
    model = tmp_path / "network.pkl"
    make([sys.executable], "network", ["broken", model], sample_round)
    raised = run_check(model, "--env", "current")
    talking = tmp_path / "holds_memory.pkl"
    make([sys.executable], "holds_memory", ["broken", talking], sample_round)
    talked = run_check(talking, "--env", "current")

    assert (raised.stdout + raised.stderr).count("Traceback (most recent call last)") == 1
    assert (talked.stdout + talked.stderr).count("model| ") == 1
    assert talked.stdout.startswith(f"{talking} will pass.")


def test_a_sample_round(tmp_path, sample_round, run_check):
    """Where Numerai cannot be reached it runs on invented data, says so, and does not vouch for the features."""
    model = tmp_path / "missing_column.pkl"
    make([sys.executable], "missing_column", ["broken", model], sample_round)

    checked = run_check(model, "--env", "current", "--json", data=False)

    assert (checked.exit_code, checked.check.verdict) == (1, "may fail")
    assert checked.check.sample
    assert "It names 6 features, and whether Numerai's data have them was not seen" in checked.check.reasons[0].sentence
    assert "invented data" in checked.stderr


def test_benchmark_models_that_cannot_be_had(tmp_path, sample_round, environments):
    """Invented benchmark models do not go with a user's own live features: without Numerai that is said, and soon."""

    def predict(_live_features, live_benchmark_models):
        return live_benchmark_models.iloc[:, :1].rank(pct=True).set_axis(["prediction"], axis=1)

    model = tmp_path / "model.pkl"
    model.write_bytes(cloudpickle.dumps(predict))
    command = [sys.executable, "-m", "numerai_predict", "check", model, "--dataset", "live.parquet"]
    ran = subprocess.run(
        [*command, "--env", "current"], cwd=sample_round, env=environments, capture_output=True, text=True, timeout=90
    )

    assert ran.returncode == 46
    assert "live_benchmark_models.parquet" in ran.stderr
    assert "Give --benchmarks as well" in ran.stderr


def test_computed_names_on_a_sample_round(tmp_path, run_check):
    """A column that invented data lack, and nothing in the pickle names, may be in Numerai's: that is not certain."""
    parts = ["feature", "of", "a", "real", "round"]

    def predict(live_features):
        return live_features[["_".join(parts)]].rank(pct=True)

    model = tmp_path / "model.pkl"
    model.write_bytes(cloudpickle.dumps(predict))
    checked = run_check(model, "--env", "current", "--json", data=False)
    (reason,) = checked.check.reasons

    assert (checked.exit_code, checked.check.verdict) == (1, "may fail")
    assert "feature_of_a_real_round" in reason.sentence
    assert "That was on invented data" in reason.sentence
    assert "--dataset" in reason.remedy


def _series(live_features):
    return live_features.filter(like="feature_").mean(axis=1).rank(pct=True)


def _frame(live_features):
    return _series(live_features).to_frame("prediction")


def _subclass(live_features):
    import pandas as pd

    class Frame(pd.DataFrame):
        pass

    return Frame(_frame(live_features))


def _nearly_one(live_features):
    return _frame(live_features) + 1e-9


def _more_rows(live_features):
    import pandas as pd

    another = pd.DataFrame({"prediction": [7.0]}, index=pd.Index(["another"], name="id"))
    return pd.concat([_frame(live_features), another])


def _named_series(live_features):
    return _series(live_features).rename("prediction")


@pytest.mark.parametrize(
    ("function", "code"),
    [
        (_named_series, "returned_series"),
        (_subclass, "returned_subclass"),
        (_nearly_one, "values_at_tolerance"),
        (_more_rows, "extra_values_invalid"),
    ],
)
def test_what_the_box_refuses_today(function, code, tmp_path, run_check):
    """What Numerai's validator accepts, and the box does not, may fail; with the remedy in it, it passes."""

    def repaired(live_features):
        import pandas

        return eval(words, {"predictions": function(live_features), "live_features": live_features, "pandas": pandas})

    model = tmp_path / "model.pkl"
    model.write_bytes(_by_value(function))
    check = run_check(model, "--env", "current", "--json").check
    words = check.reasons[0].remedy.partition(": ")[2].removesuffix(".")
    model.write_bytes(_by_value(repaired))

    assert (check.verdict, [reason.kind for reason in check.reasons]) == ("may fail", [code])
    assert "the box as it is today does not" in check.reasons[0].sentence
    passes(run_check(model, "--env", "current", "--json"))


def _by_value(function):
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    try:
        return cloudpickle.dumps(function)
    finally:
        cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


def test_a_call_that_the_box_cannot_make(tmp_path, run_check):
    """A parameter that only goes by name counts in Numerai's box today, which calls it in vain: it may fail."""
    count = 200

    def predict(live_features, *, most=count):
        import pandas as pd

        return pd.DataFrame({"prediction": [at / most for at in range(len(live_features))]}, index=live_features.index)

    model = tmp_path / "model.pkl"
    model.write_bytes(cloudpickle.dumps(predict))
    checked = run_check(model, "--env", "current", "--json")
    (reason,) = checked.check.reasons

    assert (checked.check.verdict, checked.exit_code) == ("may fail", 1)
    assert reason.kind == "repaired_call"
    assert "the box as it is run today counts that, too, and cannot call it" in reason.sentence
    assert "put everything else into the function's globals" in reason.remedy
    assert checked.check.warnings == []


def test_a_list_is_no_class(tmp_path, run_check):
    """What a function returns is not put down to its signature."""

    def predict(live_features, *, most=1):
        return [most for _ in live_features.index]

    model = tmp_path / "model.pkl"
    model.write_bytes(cloudpickle.dumps(predict))
    (reason,) = run_check(model, "--env", "current", "--json").check.reasons

    assert reason.kind == "wrong_output_type"
    assert reason.remedy.startswith("Return pd.DataFrame(")


def test_what_could_not_be_checked(tmp_path, run_check):
    """What is not the model's fault is no verdict: its exit code is that of the failure, and so says the JSON."""
    checked = run_check(tmp_path / "nowhere.pkl", "--env", "current", "--json")

    assert checked.content["verdict"] is None
    assert checked.content["failure"]["kind"] == "usage"
    assert checked.exit_code == 2


def test_an_interruption_is_no_verdict(tmp_path, sample_round, environments):
    """Ctrl-C in the middle of a run ends a check at once; it says so, on stdout as well if that is to be JSON."""
    model = tmp_path / "too_slow.pkl"
    make([sys.executable], "too_slow", ["broken", model], sample_round)
    command = [sys.executable, "-m", "numerai_predict", "check", model, "--dataset", "live.parquet", "--json"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    check = subprocess.Popen([*command, "--env", "current"], cwd=sample_round, env=environments, **pipes)
    said = next(line for line in check.stderr if line.strip().startswith("load "))
    check.send_signal(signal.SIGINT)
    out, err = check.communicate(timeout=60)
    content = Checked(check.returncode, out, said + err).content

    assert check.returncode == 130
    assert (content["verdict"], content["failure"]["kind"]) == (None, "interrupted")
    assert "Interrupted by Ctrl-C in the step " in err


def test_quick_for_one_environment(tmp_path, sample_round, run_check):
    """--quick says what the pickle tells of all boxes, or of the environment that --env names; none is made."""
    model = tmp_path / "good_pandas.pkl"
    make([sys.executable], "good_pandas", ["broken", model], sample_round)
    other = "3.10" if HERE != "3.10" else "3.11"

    everywhere = run_check(model, "--quick")
    checks = {env: run_check(model, "--quick", "--env", env, "--json").check for env in (HERE, other, "current")}
    nowhere = run_check(model, "--quick", "--env", "nowhere")
    image = run_check(model, "--quick", "--env", "image:somebody/something")

    assert f"by reading it   runs in {HERE}, not in " in everywhere.stdout
    verdicts = {HERE: "will pass", other: "will fail", "current": "will pass"}
    assert {env: check.verdict for env, check in checks.items()} == verdicts
    assert [len(check.environments) for check in checks.values()] == [1, 1, 1]
    assert checks[other].reasons[0].sentence.startswith(f"Its functions were made by Python {HERE}")
    assert (nowhere.exit_code, image.exit_code) == (2, 2)
    assert "there is no Python environment at nowhere" in nowhere.stderr
    assert "What the image somebody/something holds cannot be told" in image.stderr


def test_quick_of_a_python_without_a_box(tmp_path, sample_round, run_check):
    """To choose a Python that there is no box of is no advice."""
    by = next(one for one in COMPLAINTS if one.name == "old_python").broken_by
    model = tmp_path / "old_python.pkl"
    try:
        make(by(tmp_path), "old_python", ["broken", model], sample_round)
    except NotHere as why:
        pytest.skip(str(why))

    (reason,) = run_check(model, "--quick", "--json").check.reasons

    assert reason.remedy == f"Make it with Python {HERE}."


@pytest.mark.parametrize("name", ["good_pandas", "own_module"])
def test_quick(name, tmp_path, sample_round, run_check):
    """--quick only reads: it finds what the pickle tells, says on nothing that it ran, and is of the same form."""
    model = tmp_path / f"{name}.pkl"
    make([sys.executable], name, ["broken", model], sample_round)

    checked = run_check(model, "--quick", "--json")

    assert checked.check.verdict == {"good_pandas": "will pass", "own_module": "may fail"}[name]
    assert checked.exit_code == {"good_pandas": 0, "own_module": 1}[name]
    assert checked.check.usage is None


# --- a pickle of another Python


def test_a_python_that_is_not_active(tmp_path, sample_round, environments):
    """Of two checks at once one makes the environment that a pickle needs; both are right, and a later one is quick."""
    by = next(one for one in COMPLAINTS if one.name == "other_python").broken_by
    model = tmp_path / "other_python.pkl"
    try:
        make(by(tmp_path), "other_python", ["broken", model], sample_round)
    except NotHere as why:
        pytest.skip(str(why))
    own = environments | {"XDG_CACHE_HOME": str(tmp_path / "cache")} | {"PYENV_VERSION": HERE}

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "numerai_predict", "check", model, "--dataset", "live.parquet"]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, cwd=sample_round, env=own, **pipes)

    together = [start(), start()]
    said = [check.communicate() for check in together]
    began = time.monotonic()
    later = start()
    said.append(later.communicate())
    took = time.monotonic() - began

    assert [check.returncode for check in (*together, later)] == [0, 0, 0], said
    assert [out.startswith(f"{model} will pass.") for out, _ in said] == [True, True, True]
    assert sorted("making an environment" in err for _, err in said) == [False, False, True]
    assert took < 30  # a few seconds; on a busy machine more


def test_a_model_that_is_not_there(tmp_path):
    """A path that leads nowhere is said in a sentence, where Numerai cannot be reached as well."""
    command = [sys.executable, "-m", "numerai_predict", "check", str(tmp_path / "nowhere.pkl"), "--env", "current"]
    environment = scrubbed_environment() | {"PYTHONPATH": str(ROOT / "src"), "XDG_CACHE_HOME": str(tmp_path)}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)

    assert ran.returncode == 2, ran.stderr
    assert "nowhere.pkl" in ran.stderr
    assert "Traceback" not in ran.stderr
