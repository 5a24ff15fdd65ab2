"""Libraries inside the confinement: those that the development environment has; `make test_libraries` has them all."""

import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import cloudpickle
import joblib
import pytest
from conftest import NOTEBOOK_TOOLS, ROOT

sys.path.insert(0, str(ROOT / "tools"))

import try_libraries

HERE = {"joblib", "lightgbm", "numpy", "pandas", "sklearn"}
"""What the development environment has of what the models import."""


@pytest.mark.parametrize(
    "model",
    [model for model in try_libraries.models() if try_libraries.imports(model) <= HERE],
    ids=lambda model: model.stem,
)
def test_library(model: Path, pickled: Callable[..., Path], sample_round: Path, short_folder: Path) -> None:
    """A library gives confined the predictions that it gives free, or it needs a socket and the remedy says so."""
    python, pickle = Path(sys.executable), pickled(model.stem, model.parent)
    confined = try_libraries.run(python, pickle, sample_round, short_folder)
    free = try_libraries.run(python, pickle, sample_round, short_folder, "--isolation", "off")

    verdict = try_libraries.verdict(model.stem, free, confined)

    assert not verdict.startswith("BAD"), verdict


def test_models_that_need_sockets() -> None:
    """Every model that the list excuses is there."""
    assert {model.stem for model in try_libraries.models()} >= try_libraries.NEED_SOCKETS


def test_joblib_beside_psutil(start_predict, short_folder: Path, tmp_path: Path) -> None:
    """Where psutil is installed joblib's processes end for what they read; it says so, and that threads do."""
    environment = short_folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    (packages,) = environment.glob("lib/python3.*/site-packages")
    (packages / "beside.pth").write_text(f"{sysconfig.get_path('purelib')}\n{NOTEBOOK_TOOLS}\n")
    short_folder.chmod(0o755)

    def run(prefer):
        def predict(live_features):
            features = live_features.filter(like="feature_")
            # Many of them: a process ends after its first, and that must not be the last one.
            tasks = [joblib.delayed(features.mean)(axis=1) for _ in range(64)]
            return sum(joblib.Parallel(n_jobs=2, prefer=prefer)(tasks)).rank(pct=True).to_frame("prediction")

        model, folder = short_folder / f"{prefer}.pkl", tmp_path / prefer
        model.write_bytes(cloudpickle.dumps(predict))
        folder.mkdir()
        return start_predict(model, "--env", str(environment), folder=folder).finish()

    broken, mended = run("processes"), run("threads")

    assert mended.exit_code == 0, mended.stderr
    assert broken.failure["kind"] == "predict_raised"
    assert "use threads (prefer='threads'), or an environment without psutil" in broken.failure["remedy"]
