"""What breaks between two versions of a library: the rules, each with its reason.

Every rule comes from pickles that were seen to fail. `make test_versions` makes such with some versions, runs them with
others, and a test holds what it saw against the rules. What a *sure* rule speaks of never works; else it may not.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from numerai_predict.pickles.inspection import Inspection

Version = tuple[int, ...]
OLDEST: Version = (0,)
NEWEST: Version = (10_000,)


class Moved(NamedTuple):
    """A name that only some versions of a library have: without it, a pickle that looks it up does not load."""

    library: str
    name: str
    """How it begins."""

    since: Version
    until: Version
    """The first version that has it, and the first that has it no longer."""


MOVED = (
    Moved("cloudpickle", "cloudpickle.cloudpickle._function_setstate", (3,), NEWEST),
    Moved("cloudpickle", "cloudpickle.cloudpickle._class_setstate", (3,), NEWEST),
    Moved("numpy", "numpy._core.", (1, 26), NEWEST),
    Moved("numpy", "numpy._core.numeric.", (2,), NEWEST),  # 1.26 has the rest of it, to read scalars of NumPy 2
    Moved("numpy", "numpy.linalg.linalg", OLDEST, (2, 5)),  # cloudpickle notes it wherever np.linalg is used
    Moved("scikit-learn", "_loss.", (1, 5), (1, 9)),
    Moved("scikit-learn", "sklearn._loss._loss.__pyx_unpickle_", OLDEST, (1, 6)),
    Moved("scikit-learn", "sklearn.ensemble._gb_losses", OLDEST, (1, 4)),
    Moved("Python", "pathlib._local.", (3, 13), NEWEST),  # where Python 3.13 has the classes of pathlib
)


class Changed(NamedTuple):
    """Objects whose state is another one in other versions of their library."""

    library: str
    classes: tuple[str, ...]
    """What the names of their classes, or of what makes them, begin with."""

    made: tuple[Version, Version]
    here: tuple[Version, Version]
    """From a version, and below one: those that made the object, and those that stumble over it."""

    sure: bool
    why: str


def _before(*version: int) -> tuple[Version, Version]:
    return OLDEST, version


def _since(*version: int) -> tuple[Version, Version]:
    return version, NEWEST


CHANGED = (
    Changed(
        "numpy",
        ("numpy.random._pickle.__bit_generator_ctor",),
        _since(2),
        _before(2),
        True,
        "generators of random numbers are pickled by their class, which NumPy 1 does not expect",
    ),
    Changed(
        "pandas",
        ("pandas.StringDtype",),
        _since(3),
        _before(2, 3),
        True,
        "strings are of a type that pandas before 2.3 cannot make",
    ),
    Changed(
        "pandas",
        ("pandas.Categorical",),
        _since(3),
        _before(3),
        False,
        "categories that are strings are of a type that older ones do not restore",
    ),
    Changed(
        "scikit-learn",
        ("sklearn.tree._classes.",),
        _before(1, 4),
        ((1, 4), (1, 9)),
        False,  # gradient boosting holds such trees and does not call them
        "trees lack an attribute (monotonic_cst) that is asked for when they are called",
    ),
    Changed(
        "scikit-learn",
        ("sklearn.tree._tree.Tree",),
        _before(1, 3),
        _since(1, 3),
        True,
        "the nodes of trees have another layout",
    ),
    Changed(
        "scikit-learn",
        ("sklearn.tree._tree.Tree",),
        _since(1, 3),
        _before(1, 3),
        True,
        "the nodes of trees have another layout",
    ),
    Changed(
        "scikit-learn",
        ("sklearn.ensemble._hist_gradient_boosting.gradient_boosting.",),
        _before(1, 4),
        _since(1, 4),
        True,
        "it lacks what prepares categories since 1.4",
    ),
    Changed(
        "lightgbm",
        ("lightgbm.basic.Booster",),
        _since(4),
        _before(4),
        True,
        "a Booster keeps its model under another name",
    ),
    Changed(
        "lightgbm",
        ("lightgbm.sklearn.LGBMRegressor", "lightgbm.sklearn.LGBMRanker"),
        _before(4),
        _since(4),
        True,
        "a number of classes is compared that older ones left out",
    ),
    Changed(
        "xgboost",
        ("xgboost.sklearn.",),
        _since(2),
        _before(2),
        True,
        "models of its interface of scikit-learn lack a parameter (gpu_id) that is asked for when they are called",
    ),
    Changed(
        "xgboost",
        ("xgboost.sklearn.",),
        _before(1, 6),
        _since(1, 6),
        True,
        "models of its interface of scikit-learn lack a parameter (callbacks) that is asked for when they are called",
    ),
    Changed(
        "polars",
        ("polars.dataframe.",),
        _before(1, 20),
        _since(1, 20),
        True,
        "frames are pickled as one stream, no longer column by column",
    ),
    Changed(
        "polars",
        ("polars.dataframe.",),
        _since(1, 20),
        _before(1, 20),
        True,
        "frames are pickled as one stream, no longer column by column",
    ),
)

UNPROMISED = {"scikit-learn": ("sklearn.", 2), "xgboost": ("xgboost.sklearn.", 1)}
"""Libraries that promise nothing for what other versions pickled: for which classes, and by how many parts of the
version. scikit-learn warns of it when it loads; of XGBoost only Boosters are kept readable."""

TO_THE_CPU = "Move the model to the CPU, as by model.cpu(), before you pickle it."
"""What to do about tensors of torch that lie on a device that is not there."""


class Mismatch(NamedTuple):
    """A library that made something in a pickle, and is there in a version that stumbles over it."""

    library: str
    made: str
    here: str
    sure: bool
    """Whether it never works; otherwise it may."""

    why: str

    @property
    def sentence(self) -> str:
        """What is wrong, with both versions."""
        return f"It was made with {self.library} {self.made}; here is {self.library} {self.here}: {self.why}."

    @property
    def remedy(self) -> str:
        """What to do."""
        made_here = f"{self.library} {self.here}" if self.library == "Python" else f"{self.library}=={self.here}"
        return f"Make it again with {made_here}, or run it where {self.library} {self.made} is."


def mismatches(inspection: Inspection, versions: Mapping[str, str]) -> list[Mismatch]:
    """Return what of a pickle does not go with some versions: of each library the weightiest.

    Args:
        inspection: what the pickle says of itself.
        versions: of what is installed, by the names of distributions; and of "Python".
    """
    found: dict[str, Mismatch] = {}
    for mismatch in (*_moved(inspection, versions), *_changed(inspection, versions), *_other(inspection, versions)):
        known = found.get(mismatch.library)
        if known is None or mismatch.sure > known.sure:
            found[mismatch.library] = mismatch
    return sorted(found.values(), key=lambda mismatch: not mismatch.sure)


def _moved(inspection: Inspection, versions: Mapping[str, str]) -> Iterator[Mismatch]:
    names = {*inspection.load_globals, *inspection.load_modules}
    for rule in MOVED:
        here = versions.get(rule.library)
        if here and not rule.since <= _numbers(here) < rule.until and _any(names, (rule.name,)):
            period = f"{_text(rule.since)} or newer" if rule.since != OLDEST else f"older than {_text(rule.until)}"
            made = _made(inspection).get(rule.library, period)
            yield Mismatch(rule.library, made, here, True, f"it has no {rule.name.rstrip('.')}")


def _changed(inspection: Inspection, versions: Mapping[str, str]) -> Iterator[Mismatch]:
    for rule in CHANGED:
        made, here = _made(inspection).get(rule.library), versions.get(rule.library)
        if not made or not here or not _any(inspection.makes, rule.classes):
            continue
        if _within(made, rule.made) and _within(here, rule.here):
            yield Mismatch(rule.library, made, here, rule.sure, rule.why)


def _other(inspection: Inspection, versions: Mapping[str, str]) -> Iterator[Mismatch]:
    for library, (classes, parts) in UNPROMISED.items():
        made, here = _made(inspection).get(library), versions.get(library)
        if made and here and _numbers(made)[:parts] != _numbers(here)[:parts] and _any(inspection.makes, (classes,)):
            why = f"{library} promises nothing for objects that another version of it pickled"
            yield Mismatch(library, made, here, False, why)


def _made(inspection: Inspection) -> dict[str, str]:
    """The versions that made the pickle, as they are told."""
    versions = {name: str(library) for name, library in inspection.libraries.items()}
    if inspection.maker.startswith("cloudpickle "):
        versions["cloudpickle"] = inspection.maker.partition(" ")[2]
    return versions


def _any(names: Iterable[str], beginnings: tuple[str, ...]) -> bool:
    return any(name.startswith(beginnings) for name in names)


def _within(version: str, period: tuple[Version, Version]) -> bool:
    since, below = period
    return since <= _numbers(version) < below


def _numbers(version: str) -> Version:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def _text(version: Version) -> str:
    return ".".join(map(str, version))
