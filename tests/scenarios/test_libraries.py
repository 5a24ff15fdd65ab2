"""Libraries inside the confinement: those that the development environment has; `make test_libraries` has them all."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT

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
