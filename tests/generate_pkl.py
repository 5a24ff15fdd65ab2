"""Make the test pickles of a Python inside its own environment: `python tests/generate_pkl.py --version 3.12`.

Both are the example model of examples/train_example_model.py, trained on a small sample round: `model_3_12.pkl` takes
two arguments, `model_3_12_legacy.pkl` one. The same versions give the same bytes.
"""

import argparse
import os
import subprocess
import tempfile
from pathlib import Path

from numerai_predict.environments import directories, store

MODELS = Path(__file__).resolve().parent / "models"

IMPORTS = ("cloudpickle", "lightgbm", "numpy", "sklearn")
"""What the example model is made with, and needs."""

ROUND = ("--rows", "300", "--features", "300", "--eras", "4", "--rows-per-era", "200")
"""The sample round on which the test pickles are trained, and run."""


def main() -> None:
    """Make both pickles of one version, or of a notebook's function."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", required=True, choices=directories.versions())
    parser.add_argument("--notebook-path", type=Path, help="run this notebook instead; it has to write its own pickle")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        notebook = ("nbclient", "ipykernel", "nbformat") if arguments.notebook_path else ()
        requirements = directories.read_lock(arguments.version).slice([*directories.WORKER, *IMPORTS])
        python = store.create(arguments.version, Path(folder, "environment"), [*requirements, *notebook])
        if arguments.notebook_path:
            run_notebook(python, arguments.notebook_path)
        else:
            train(python, Path(folder), arguments.version)


def train(python: Path, folder: Path, version: str) -> None:
    """Train the example model in an environment, and write both of its forms."""
    sample(python, folder / "sample")
    name = f"model_{version.replace('.', '_')}"
    example = str(directories.ROOT / "examples" / "train_example_model.py")
    run(python, example, str(folder / "sample"), str(MODELS / f"{name}.pkl"))
    run(python, example, str(folder / "sample"), str(MODELS / f"{name}_legacy.pkl"), "--legacy")


def sample(python: Path, folder: Path) -> None:
    """Write the sample round of the test pickles."""
    run(python, "-m", "numerai_predict.sample_round", str(folder), *ROUND)


def run_notebook(python: Path, notebook: Path) -> None:
    """Execute a notebook in its own folder, with the environment's packages."""
    code = f"import nbformat, nbclient; nbclient.NotebookClient(nbformat.read({notebook.name!r}, 4)).execute()"
    run(python, "-c", code, folder=notebook.resolve().parent)


def run(python: Path, *arguments: str, folder: Path | None = None) -> None:
    """Run an environment's interpreter with this repository's package."""
    environment = os.environ | {"PYTHONPATH": str(directories.ROOT / "src"), "OMP_NUM_THREADS": "1"}
    subprocess.run([python, *arguments], check=True, env=environment, cwd=folder, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
