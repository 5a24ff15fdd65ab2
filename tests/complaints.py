"""What participants complain of most, each as a model of `checked/` that is broken, and repaired as `check` says.

Nearly all are made with the versions of the box of this Python, as a careful participant makes them. The tests check
every one; `docs/check_examples.py` shows them on docs/check.md.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cloudpickle

from numerai_predict.environments import directories, store
from numerai_predict.environments.interpreters import interpreter

TESTS = Path(__file__).resolve().parent
HERE = "{}.{}".format(*sys.version_info)

MADE_WITH = ("cloudpickle", "numpy")
"""What most are made with, besides pandas."""

CURRENT = ("--env", "current")
"""Where the versions of the box do not matter, and the test can be spared to start with them."""


class NotHere(Exception):
    """This machine lacks what such a model is made with."""


@dataclass(frozen=True)
class Complaint:
    """A model, and what `check` must say of it."""

    name: str
    """Of its script in `checked/`, whose first line says what is wrong."""

    kind: str | None = None
    """The failure's; None if it passes, and is not even broken."""

    cause: str = ""
    """Words that the reason must have."""

    remedy: str = ""
    """Words that the remedy must have; the repaired model does what it says."""

    flags: tuple[str, ...] = ()
    warning: str = ""
    """Words of the warning, of a model that passes nevertheless."""

    made_with: tuple[str, ...] | None = MADE_WITH
    """Packages of the box; None: what the tests themselves have."""

    broken_by: "Callable[[Path], list[str]] | None" = None
    """Gives the interpreter that makes the broken one, with options; takes a folder that it may use."""

    box: str = HERE
    """The Python for which the repaired one is made."""

    @property
    def says(self) -> str:
        """What is wrong, in a sentence."""
        return (TESTS / "checked" / f"{self.name}.py").read_text().partition("\n")[0].removeprefix("# ")

    def write(self, folder: Path, round: Path, environment: dict[str, str]) -> list[Path]:
        """Write the broken model, and the repaired one if there is one; return their paths.

        Args:
            folder: where they go.
            round: the folder of a sample round.
            environment: variables, for the command that makes environments.

        Raises:
            NotHere: this machine cannot make it.
        """
        broken, repaired = folder / f"{self.name}.pkl", folder / f"{self.name}_repaired.pkl"
        wanted = [] if self.broken_by else ["broken", broken]
        wanted += ["repaired", repaired] if self.kind or self.warning else []
        if self.broken_by:
            make(self.broken_by(folder), self.name, ["broken", broken], round)
        python = sys.executable if self.made_with is None else box_python(self.box, self.made_with, environment)
        make([python], self.name, wanted, round)
        return [path for path in (broken, repaired) if path.exists()]


def make(python: list[str], name: str, wanted: list[object], round: Path) -> None:
    """Run a script by an interpreter, in the folder of a round."""
    command = [*python, str(TESTS / "checked" / "make.py"), name, *map(str, wanted)]
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    made = subprocess.run(command, cwd=round, env=variables, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr


def box_python(box: str, packages: tuple[str, ...], environment: dict[str, str]) -> str:
    """Return an interpreter with the versions of a box, as docs/check.md tells participants to get one."""
    if interpreter(box) is None:
        raise NotHere(f"there is no Python {box}")
    command = [sys.executable, "-m", "numerai_predict", "env", "create", box, *packages]
    made = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


# --- who makes broken ones


def by_another_python(folder: Path) -> list[str]:
    """The newest other Python of this machine that there is a box of."""
    # Not 3.10: its box cannot read what the cloudpickle here writes.
    others = [name for name in reversed(directories.versions()) if name not in (HERE, "3.10") and interpreter(name)]
    return _with_cloudpickle(others, folder)


def by_an_old_python(folder: Path) -> list[str]:
    """A Python that there is no box of."""
    return _with_cloudpickle([name for name in ("3.9", "3.8") if interpreter(name)], folder)


def _with_cloudpickle(pythons: list[str], folder: Path) -> list[str]:
    if not pythons:
        raise NotHere("there is no other Python")
    lent = folder / "lent"
    shutil.copytree(Path(cloudpickle.__file__).parent, lent / "cloudpickle", dirs_exist_ok=True)
    run = "sys.argv.pop(0); runpy.run_path(sys.argv[0], run_name='__main__')"
    return [str(interpreter(pythons[0])), "-c", f"import runpy, sys; sys.path.insert(0, {str(lent)!r}); {run}"]


def by_numpy_2(folder: Path) -> list[str]:
    """Python 3.10, whose box has NumPy 1."""
    if interpreter("3.10") is None:
        raise NotHere("there is no Python 3.10")
    lines = [directories.read_lock("3.10").requirements["cloudpickle"], "numpy==2.2.6"]
    return [str(store.create("3.10", folder / "numpy-2", lines))]


COMPLAINTS = [
    Complaint(
        "other_python",
        "wrong_python",
        cause="made by Python 3.",
        remedy=f"make it again with Python {HERE}",
        flags=("--env", HERE),
        broken_by=by_another_python,
    ),
    Complaint(
        "old_python",
        "wrong_python",
        cause="made by Python 3.8 or 3.9",
        remedy="Make it again with one of Python 3.10",
        broken_by=by_an_old_python,
    ),
    Complaint("own_module", "missing_module", "module my_features", "register_pickle_by_value(my_features)", CURRENT),
    Complaint(
        "estimator",
        "not_callable",
        cause="holds a lightgbm.basic.Booster",
        remedy="Wrap it in a function",
        flags=CURRENT,
        made_with=None,
    ),
    Complaint("signature", "wrong_signature", "takes 3 arguments", "into the function's globals", CURRENT),
    Complaint(
        "newer_numpy",
        "missing_module",
        cause="made with numpy 2.x; here is numpy 1.26.4",
        remedy="Make it again with numpy==1.26.4",
        broken_by=by_numpy_2,
        box="3.10",
    ),
    Complaint("nan", "invalid_predictions", "NaNs", "fillna(0.5)", CURRENT),
    Complaint("wrong_ids", "invalid_predictions", "lack 200 of 200 live ids", "Keep live_features.index", CURRENT),
    Complaint("too_big", "out_of_memory", "more than its 512 MiB", "float32", (*CURRENT, "--memory", "512MB")),
    Complaint("too_slow", "timed_out", "longer than its 3 seconds", "nothing refitted", ("--timeout", "3s")),
    Complaint("network", "predict_raised", "URLError", "The box has no network: put everything", CURRENT),
    Complaint("missing_column", "predict_raised", "KeyError", "names 1 feature that the data do not have", CURRENT),
    Complaint("randomness", flags=CURRENT, warning="not deterministic: two runs on the same data differ by up to 0.0"),
]

GOOD = [
    Complaint("good_lightgbm", flags=CURRENT, made_with=None),
    Complaint("good_sklearn", made_with=(*MADE_WITH, "sklearn")),
    Complaint("good_numpy"),
    Complaint("good_pandas", flags=CURRENT),
]
