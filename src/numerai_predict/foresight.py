"""What is known of a model before it is loaded, used where it counts: not to load it, and to say why a run failed."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from numerai_predict.failures import Failure
from numerai_predict.pickles.inspection import BY_JOBLIB, Inspection

if TYPE_CHECKING:
    from numerai_predict.compatibility import Mismatch

SHOWN = 5
"""Names that are given as examples."""


def refuse_wrong_python(inspection: Inspection, python: str) -> None:
    """Refuse what was made by another Python: it would crash, or worse, return something.

    Args:
        inspection: what the pickle says of itself.
        python: the worker's Python, as "3.12.1".

    Raises:
        Failure: `wrong_python`.
    """
    if not inspection.pythons:
        return  # it does not tell, or tells nothing that is certain
    version = ".".join(python.split(".")[:2])
    if version not in inspection.pythons and version in KNOWN:
        raise Failure("wrong_python", made=" or ".join(inspection.pythons), python=version)


KNOWN = ("3.10", "3.11", "3.12", "3.13", "3.14", "3.15")
"""Pythons whose bytecode is known; of a newer one nothing can be said."""


EXPLAINED = ("predict_raised", "crashed", "load_raised", "missing_module")
"""Kinds of failure whose cause the pickle may tell."""


def explained(
    failure: Failure, inspection: Inspection | None, columns: list[str], installed: Callable[[], Mapping[str, str]]
) -> Failure:
    """Return the failure with a remedy that names its likely cause, if the pickle tells one.

    Args:
        failure: how the run failed.
        inspection: what the pickle says of itself.
        columns: those of the live features.
        installed: returns the versions of what the worker finds, by name, and of "Python"; asked if nothing else tells.
    """
    if inspection is None or failure.kind.name not in EXPLAINED:
        return failure
    remedy = (
        _undefined(failure, inspection)
        or _missing_columns(failure, inspection, columns)
        or _in_main(inspection)
        or _by_joblib(failure, inspection)
        or _device(failure, inspection)
        or _other_versions(failure, inspection, installed())
    )
    return Failure(failure.kind.name, remedy=remedy, **failure.evidence) if remedy else failure


def _undefined(failure: Failure, inspection: Inspection) -> str | None:
    names = [name for name in inspection.undefined if f"name {name!r} is not defined" in str(failure.evidence)]
    if not names:
        return None
    return (
        f"Define or import {names[0]} in the program that pickles the function, before it does; nothing there does now."
    )


def _missing_columns(failure: Failure, inspection: Inspection, columns: list[str]) -> str | None:
    known = set(columns)
    missing = [name for name in inspection.columns if name.startswith("feature_") and name not in known]
    if not missing or "KeyError" not in str(failure.evidence.get("exception")):
        return None
    examples = ", ".join(missing[:SHOWN]) + (", ..." if missing[SHOWN:] else "")
    return (
        f"The pickle names {len(missing)} features that the data do not have ({examples}): "
        "give --dataset of the version that it was trained on, or train it on this one."
    )


def _in_main(inspection: Inspection) -> str | None:
    if not inspection.in_main:
        return None
    names = ", ".join(inspection.in_main[:SHOWN])
    return (
        f"The pickle only names {names} of the program that made it; write it with cloudpickle.dump, which includes it."
    )


def _by_joblib(failure: Failure, inspection: Inspection) -> str | None:
    if inspection.problem != BY_JOBLIB or failure.kind.name != "load_raised":
        return None
    return f"Write it with cloudpickle.dump: {inspection.problem}."


def _device(failure: Failure, inspection: Inspection) -> str | None:
    from numerai_predict.compatibility import TO_THE_CPU  # here and below: a run that goes well does without

    if not inspection.devices or failure.kind.name != "load_raised":
        return None
    return f"Its tensors lie on {', '.join(inspection.devices)}, which is not here. {TO_THE_CPU}"


ODD = (
    "AttributeError",
    "ColumnNotFoundError",
    "ImportError",
    "ModuleNotFoundError",
    "NotImplementedError",
    "SystemError",
    "TypeError",
)
"""What a library raises that meets a state which it does not know. Of bad data it says other things."""

IMPORTED_AS = {"scikit-learn": "sklearn"}


def _other_versions(failure: Failure, inspection: Inspection, versions: Mapping[str, str]) -> str | None:
    """What the pickle was made with, and what is here, if that is what it stumbled over."""
    if inspection.one_of and failure.kind.name == "crashed":
        made = " or ".join(inspection.pythons or ())
        return (
            f"Its functions were made by Python {made}, and run only under the one that made them; "
            f"this is Python {versions.get('Python', '')}: make it again with that one."
        )
    from numerai_predict.compatibility import mismatches

    found = [one for one in mismatches(inspection, versions) if _tells(failure, one)]
    return f"{found[0].sentence} {found[0].remedy}" if found else None


def _tells(failure: Failure, mismatch: "Mismatch") -> bool:
    """Whether a failure looks as if it came of a mismatch: a model may fail for other reasons, in spite of it."""
    if failure.kind.name == "crashed":
        return True
    evidence = failure.evidence
    if failure.kind.name == "missing_module":
        return str(evidence["module"]) in mismatch.why  # not the user's own module, which is missing besides
    if failure.kind.name == "predict_raised" and not str(evidence.get("exception")).startswith(ODD):
        return False
    name = IMPORTED_AS.get(mismatch.library, mismatch.library)
    return mismatch.sure or name in f"{evidence.get('exception')} {evidence.get('traceback')}"
