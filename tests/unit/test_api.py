import functools
import multiprocessing
import os
import sys
import threading
from pathlib import Path

import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

import numerai_predict
from numerai_predict import Failure


def mean_rank(live_features):
    columns = [column for column in live_features.columns if column.startswith("feature_")]
    return live_features[columns].mean(axis=1).rank(pct=True).to_frame("prediction")


def test_a_function(sample_round: Path):
    """A function gives what it gives when it is called here, and the result says what it took."""
    dataset = sample_round / "live.parquet"

    result = numerai_predict.predict(mean_rank, dataset)

    pd.testing.assert_frame_equal(result.predictions, mean_rank(pd.read_parquet(dataset)), check_index_type=False)
    assert result.record["outcome"] == "delivered"
    assert result.peak_memory > 50 * 1024**2
    assert result.warnings == []


def test_a_path_and_benchmarks(pickled, sample_round: Path, capsys: pytest.CaptureFixture[str]):
    """A model file that takes benchmark models runs; with show_output off, nothing is printed."""
    result = numerai_predict.predict(
        pickled("takes_default_second"),
        str(sample_round / "live.parquet"),
        sample_round / "live_benchmark_models.parquet",
        show_output=False,
    )

    assert len(result.predictions) == 200
    assert capsys.readouterr().err == ""


def test_what_is_shown(sample_round: Path):
    """In a terminal and in a notebook, the result shows the predictions and every warning; markup is escaped."""

    def series(live_features):
        return mean_rank(live_features)["prediction"]

    result = numerai_predict.predict(series, sample_round / "live.parquet", show_output=False)

    assert "Warning: " in repr(result)
    assert "200 predictions" in repr(result)
    assert "<p>Warning: " in result._repr_html_()
    assert "<table" in result._repr_html_()


def test_what_the_model_prints(sample_round: Path, capsys: pytest.CaptureFixture[str]):
    """What the model prints is shown as it is in the command, and kept."""

    def chatty(live_features):
        print("hello")
        return mean_rank(live_features)

    result = numerai_predict.predict(chatty, sample_round / "live.parquet")

    assert result.output == "hello\n"
    assert "model| hello\n" in capsys.readouterr().err


def test_failures_are_raised(sample_round: Path):
    """A run that fails raises its failure, with kind, remedy and the model's traceback."""

    def broken(live_features):
        return live_features["nowhere"]

    with pytest.raises(Failure) as caught:
        numerai_predict.predict(broken, sample_round / "live.parquet", show_output=False)

    assert caught.value.kind.name == "predict_raised"
    assert "KeyError: 'nowhere'" in str(caught.value)
    assert "in broken" in caught.value.evidence["traceback"]


@pytest.mark.parametrize("arguments", [{"memory": 0}, {"timeout": -1.0}, {"cpus": 0}], ids=str)
def test_arguments_that_make_no_sense(sample_round: Path, arguments):
    """A limit of nothing is a usage failure."""
    with pytest.raises(Failure, match="not above zero") as caught:
        numerai_predict.predict(mean_rank, sample_round / "live.parquet", show_output=False, **arguments)

    assert caught.value.kind.name == "usage"


def test_a_pool_of_the_callers_survives(sample_round: Path):
    """The caller's own child processes are none of the run's business, even if the model has to be killed."""

    def loop(_):
        while True:
            pass

    with multiprocessing.get_context("fork").Pool(1) as pool:
        pid = pool.apply(os.getpid)
        with pytest.raises(Failure, match="longer than its 1 seconds"):
            numerai_predict.predict(loop, sample_round / "live.parquet", timeout=1, show_output=False)

        assert pool.apply(os.getpid) == pid


def test_nothing_is_imported_before_it_is_needed():
    """`import numerai_predict` loads no other module: the worker goes through it, next to the user's model."""
    import subprocess
    import sys

    code = "import sys; before = set(sys.modules); import numerai_predict; print(*set(sys.modules) - before)"
    folder = str(Path(numerai_predict.__file__).parents[1])

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": folder})

    assert printed.stdout.split() == ["numerai_predict"]


def test_a_failure_survives_a_process_pool():
    """A failure that is raised in another process arrives as what it is."""
    import pickle

    failure = Failure("timed_out", limit="1", phase="predicting", crash_log="here")
    copy = pickle.loads(pickle.dumps(failure))

    assert (copy.kind.name, copy.cause, copy.remedy, copy.evidence) == (
        failure.kind.name,
        failure.cause,
        failure.remedy,
        failure.evidence,
    )


def test_a_partial_of_a_function_of_ones_own(sample_round: Path):
    """functools.partial of a function of the caller's own module runs, and leaves cloudpickle's registry as it was."""
    import cloudpickle

    def registry():
        return sorted(cloudpickle.list_registry_pickle_by_value())

    before = registry()
    bound = functools.partial(scaled_rank, factor=0.5)

    assert (
        numerai_predict.predict(bound, sample_round / "live.parquet", show_output=False).predictions.max().item() == 0.5
    )
    assert registry() == before


def scaled_rank(live_features, *, factor):
    return mean_rank(live_features) * factor


def test_inspect_a_function():
    """A function is read as its pickle would be, and shows in a notebook as a page."""
    reading = numerai_predict.inspect(mean_rank)

    assert f"3.{sys.version_info.minor}" in reading.inspection.pythons
    assert "the function mean_rank (live_features)" in repr(reading)
    assert ">mean_rank\n" in reading._repr_html_()
    best = reading.verdicts[0]
    assert best.will_run == "yes"
    assert best.version in reading.inspection.pythons


def test_inspect_a_file(tmp_path: Path):
    """A file that is no pickle says so instead."""
    (tmp_path / "model.pkl").write_bytes(b"<html>")

    assert "HTML" in repr(numerai_predict.inspect(tmp_path / "model.pkl"))


def test_check_more_than_once():
    """What `numerai_predict` offers is still the same after it was used: no module of ours takes a name's place."""
    offered = {name: getattr(numerai_predict, name) for name in numerai_predict.__all__}
    checks = [numerai_predict.check(mean_rank, quick=True, show_output=False) for _ in range(2)]

    assert [check.verdict for check in checks] == ["will pass", "will pass"]
    assert {name: getattr(numerai_predict, name) for name in numerai_predict.__all__} == offered
    assert [name for name in offered if f"numerai_predict.{name}" in sys.modules] == []


LOCK = threading.Lock()


def holds_a_lock(live_features):
    with LOCK:
        return mean_rank(live_features)


@pytest.mark.parametrize("use", [numerai_predict.check, numerai_predict.inspect])
def test_what_is_no_function(use):
    """An estimator, a value, and a function that cannot be pickled are refused with what to do, as `save` does."""
    refusals = {}
    for name, model in {"estimator": LinearRegression(), "number": 3, "lock": holds_a_lock}.items():
        with pytest.raises(Failure) as caught:
            use(model)
        refusals[name] = caught.value

    assert {failure.kind.name for failure in refusals.values()} == {"unsavable"}
    assert refusals["estimator"].remedy.startswith("Wrap it in a function")
    assert "LOCK cannot be pickled" in refusals["lock"].cause
    assert "with LOCK:" in refusals["lock"].cause


def test_a_checks_environments():
    """A check of what is installed here says where that is, as `inspect` does."""
    found = numerai_predict.check(mean_rank, quick=True, env="current", show_output=False).environments

    assert [one.folder for one in found] == [sys.prefix]
    assert found == numerai_predict.inspect(mean_rank, env="current").verdicts


def test_odd_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A name that begins with a dash is a name, ~ the user's folder, and a NUL is refused in a sentence."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    numerai_predict.save(mean_rank, "-model.pkl")

    assert numerai_predict.check("-model.pkl", quick=True, show_output=False).verdict == "will pass"
    assert numerai_predict.inspect("~/-model.pkl", env=Path(sys.prefix)).verdicts[0].will_run == "yes"
    for use in (numerai_predict.check, numerai_predict.inspect):
        with pytest.raises(Failure, match="has a NUL in its name"):
            use("a\0b")


def test_a_frame_for_a_dataset(sample_round: Path):
    """Data are given as files; a DataFrame is refused in a sentence."""
    frame = pd.read_parquet(sample_round / "live.parquet")
    for use in (numerai_predict.check, numerai_predict.predict):
        with pytest.raises(Failure, match="dataset is of type DataFrame, and not the path of a file"):
            use(mean_rank, frame)


def test_a_check_without_a_verdict(sample_round: Path):
    """What keeps a model from being checked is raised as the failure that it is."""
    with pytest.raises(Failure) as caught:
        numerai_predict.check(mean_rank, sample_round / "live.parquet", env="nowhere", show_output=False)

    assert caught.value.kind.name == "usage"
    assert "nowhere" in caught.value.cause
