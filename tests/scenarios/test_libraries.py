"""Libraries inside the confinement: those that the development environment has; `make test_libraries` has them all."""

import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

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


def test_joblib_beside_psutil(pickled: Callable[..., Path], run_predict, short_folder: Path) -> None:
    """Where psutil is installed joblib's processes end for what they read; that is said, and threads do instead."""
    environment = short_folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    (packages,) = environment.glob("lib/python3.*/site-packages")
    (packages / "beside.pth").write_text(f"{sysconfig.get_path('purelib')}\n{NOTEBOOK_TOOLS}\n")
    short_folder.chmod(0o755)

    run = run_predict(pickled("joblib_processes", ROOT / "tests/libraries"), "--env", str(environment))

    assert run.failure["kind"] == "predict_raised"
    assert "use threads (prefer='threads'), or an environment without psutil" in run.failure["remedy"]
