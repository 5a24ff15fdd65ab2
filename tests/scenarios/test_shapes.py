"""The functions that people really upload: one of each shape, and its predictions to the byte."""

import inspect
import pickle
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from conftest import ZOO, Run
from threadpoolctl import threadpool_limits

SHAPES = sorted(path.stem for path in ZOO.glob("shape_*.py"))


def test_sixteen_shapes() -> None:
    """There is one model for each of the sixteen shapes."""
    assert [name[:8] for name in SHAPES] == [f"shape_{number:02d}" for number in range(1, 17)]


@pytest.mark.filterwarnings("ignore:this will be an error")  # shape 12 warns in this process too
@pytest.mark.parametrize("isolation", ["best-effort", "off"])
@pytest.mark.parametrize("shape", SHAPES)
def test_same_bytes(
    shape: str,
    isolation: str,
    pickled: Callable[[str], Path],
    run_predict: Callable[..., Run],
    sample_round: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Confined or not, the CSV is what pandas writes of what the function returns here, of the same pickle and data."""
    model = pickled(shape)
    run = run_predict(model, "--isolation", isolation)
    assert run.exit_code == 0, run.stderr
    foreseen = ["columns_missing"] if shape.startswith("shape_15") else []  # it fills them with 0
    assert isolation == "off" or run.warnings == foreseen

    monkeypatch.setattr(sys, "path", sys.path[:])  # shape 16 changes it while it is loaded
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    predict = pickle.loads(model.read_bytes())
    frames = [pd.read_parquet(sample_round / f"{name}.parquet") for name in ("live", "live_benchmark_models")]
    with threadpool_limits(1):  # as in the worker: sums over more threads may differ in the last digit
        expected = predict(*frames[: len(inspect.signature(predict).parameters)])
    (csv,) = run.csvs
    assert csv.read_bytes() == expected.to_csv().encode()
