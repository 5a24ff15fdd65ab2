"""What breaks between versions of libraries, against what was seen to break: pickles and outcomes of real ones.

`make test_versions` makes both; nothing is installed here.
"""

import json
import sys
from functools import cache

import pytest
from conftest import ROOT

from numerai_predict import verdict
from numerai_predict.compatibility import CHANGED, MOVED, mismatches
from numerai_predict.environments import directories
from numerai_predict.failures import Failure
from numerai_predict.foresight import explained
from numerai_predict.pickles.inspection import Inspection, inspect_bytes

VERSIONS = ROOT / "tests" / "versions"
SEEN = json.loads((VERSIONS / "outcomes.json").read_text())
SETS = list(SEEN["versions"])
PAIRS = [(maker, runner) for maker in SETS for runner in SETS]

EXACT = {"catboost": "catboost", "sklearn": "scikit-learn", "xgboost": "xgboost"}
"""Libraries that write their whole version down, by how the names of their pickles begin."""


@cache
def inspections(maker: str) -> dict[str, Inspection]:
    """The pickles of one set, by kind."""
    return {
        path.stem: inspect_bytes(path.read_bytes()) for path in sorted((VERSIONS / "pickles" / maker).glob("*.pkl"))
    }


def raised(exception: str, file: str) -> Failure:
    """The failure of a model that raised something in a file."""
    return Failure("predict_raised", exception=exception, traceback=f'  File "/lib/{file}", line 1, in predict')


def missing(module: str) -> Failure:
    """The failure of a model that needs a module."""
    return Failure("missing_module", module=module, exception=f"ModuleNotFoundError: No module named '{module}'")


@pytest.mark.parametrize(("maker", "runner"), PAIRS)
def test_what_broke_was_foreseen(maker, runner):
    """Every pickle that failed with other versions is told of; what is sure failed; of its own set none is told."""
    for kind, inspection in inspections(maker).items():
        found = mismatches(inspection, SEEN["versions"][runner])
        if kind in SEEN["failures"][maker][runner]:
            assert found, (kind, SEEN["failures"][maker][runner][kind])
        else:
            assert not [one for one in found if one.sure], kind
            assert maker != runner or not found, kind
        for one in found:
            assert one.library in one.sentence
            assert one.here == SEEN["versions"][runner][one.library]

    assert len(inspections(maker)) >= 30


@pytest.mark.parametrize("maker", SETS)
def test_versions_are_those_of_the_set(maker):
    """Exact versions are exactly those that made a pickle; of the others the first part is."""
    versions = SEEN["versions"][maker]
    for kind, inspection in inspections(maker).items():
        for library, one in inspection.libraries.items():
            if one.exact:
                assert one.version == versions[library], kind
            elif one.version.isdigit():
                assert one.version == versions[library].split(".")[0], kind
        begins = kind.split("-")[0]
        library = EXACT.get(begins, begins)
        if kind != "numpy-linalg":
            assert library in inspection.libraries, kind
            assert inspection.libraries[library].exact == (begins in EXACT), kind


@pytest.mark.parametrize("maker", SETS)
@pytest.mark.parametrize("library", ["catboost", "lightgbm", "sklearn", "xgboost"])
def test_features_of_models_are_found(maker, library):
    """A model's features are read from its own list of them, wherever the library keeps it; nothing else is one."""
    features = set(inspections(maker)["sklearn-ridge"].columns)
    assert len(features) == 4
    for kind, inspection in inspections(maker).items():
        if kind.startswith(library):
            assert set(inspection.columns) == features, kind


def test_every_library_with_a_rule_broke():
    """For every library that has a rule, a pickle was seen to fail; cloudpickle's and Python's need other Pythons."""
    failed = {
        one.library
        for maker, runner in PAIRS
        for kind in SEEN["failures"][maker][runner]
        for one in mismatches(inspections(maker)[kind], SEEN["versions"][runner])
    }
    assert failed == {rule.library for rule in (*MOVED, *CHANGED)} - {"cloudpickle", "Python"}


def test_classes_of_a_newer_standard_library_are_told():
    """A Path that Python 3.13 pickled lies in a module that others lack: told, though a pickle without functions has
    no Python."""
    inspection = inspect_bytes(b"cpathlib._local\nPosixPath\n(S'model.txt'\ntR.")
    (found,) = mismatches(inspection, {"Python": "3.12.1"})

    assert inspection.pythons is None
    assert found.sentence == "It was made with Python 3.13 or newer; here is Python 3.12.1: it has no pathlib._local."
    assert mismatches(inspection, {"Python": "3.13.0"}) == []


def test_cloudpickle_3_is_told_under_2():
    """What cloudpickle 3 writes does not load with cloudpickle 2."""
    inspection = inspections("locked")["sklearn-ridge"]

    (found,) = mismatches(inspection, {"cloudpickle": "2.2.1"})
    assert found.sure
    assert mismatches(inspection, {"cloudpickle": "3.0.0"}) == []


def test_tensors_on_a_device_are_told():
    """A layer of torch that was pickled on a GPU cannot be loaded without one, and that is told."""
    inspection = inspect_bytes((VERSIONS / "torch-cuda.pkl").read_bytes())

    assert inspection.devices == ("cuda:0",)
    assert (
        "Its tensors lie on cuda:0" in verdict.against(inspection, directories.read_lock("3.12")).reasons[-1].sentence
    )


@pytest.mark.parametrize(
    ("failure", "explains"),
    [
        (Failure("crashed", signal="SIGSEGV", phase="predicting", python="3.12.1"), True),
        (raised("AttributeError: no attribute 'monotonic_cst'", "sklearn/tree/_classes.py"), True),
        (raised("AttributeError: no attribute 'rank'", "model.py"), False),
        (raised("ValueError: Found array with 0 samples", "sklearn/utils/validation.py"), False),
        (missing("sklearn.ensemble._gb_losses"), False),  # it holds none
        (missing("my_models"), False),
        (Failure("timed_out", limit="600", phase="predicting"), False),
    ],
    ids=["crash", "of the library", "of the user", "of the data", "another of the library", "my own", "another kind"],
)
def test_a_failure_is_put_down_to_a_version(failure, explains):
    """A crash, or what a library raises that meets what it does not know, is put down to its version; nothing else."""
    told = explained(failure, inspections("earlier")["sklearn-forest"], [], lambda: SEEN["versions"]["locked"])

    assert told.kind is failure.kind
    assert told.cause == failure.cause
    assert ("It was made with scikit-learn 1.3.2; here is scikit-learn 1.6.1: " in told.remedy) == explains


PYTHON = f"3.{sys.version_info.minor}"


@pytest.mark.skipif(PYTHON != "3.12", reason="the pickles are of Python 3.12")
def test_a_run_that_fails_for_a_version_says_so(run_predict):
    """A model of LightGBM 3 fails under 4, and is told by both versions and by what to do."""
    lightgbm = pytest.importorskip("lightgbm")
    run = run_predict(VERSIONS / "pickles" / "earlier" / "lightgbm.pkl")

    assert run.failure["kind"] == "predict_raised"
    version = lightgbm.__version__
    assert f"made with lightgbm 3.x; here is lightgbm {version}" in run.failure["remedy"]
    assert f"Make it again with lightgbm=={version}" in run.failure["remedy"]


@pytest.mark.skipif(PYTHON != "3.12", reason="the pickles are of Python 3.12")
def test_a_run_in_spite_of_other_versions(run_predict):
    """A model that runs with other versions than those that made it is run, and nothing is said of them."""
    pytest.importorskip("sklearn")
    run = run_predict(VERSIONS / "pickles" / "earlier" / "sklearn-ridge.pkl")

    assert run.exit_code == 0
    assert run.warnings == [] or "version" not in " ".join(run.warnings)
