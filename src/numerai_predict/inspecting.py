"""Reading a model that is not going to be run, from where its user says it is, and holding it against what they name.

For a process of one thread: see `pickles.reader.Reading`.
"""

import os
from typing import TYPE_CHECKING

from numerai_predict import verdict
from numerai_predict.environments import IMAGE, directories
from numerai_predict.failures import Failure
from numerai_predict.pickles import reader
from numerai_predict.pickles.inspection import Inspection
from numerai_predict.redaction import is_url

if TYPE_CHECKING:
    from numerai_predict.record import Listener


def inspect_model(model: str, timeout: float, listener: "Listener") -> Inspection:
    """Read the model behind a path or a URL; see `inspect_file` and `inspect_download`."""
    return inspect_download(model, timeout, listener) if is_url(model) else inspect_file(model)


def inspect_file(path: str) -> Inspection:
    """Read a model file.

    Raises:
        Failure: `usage` if there is no such file, `model_unreadable`.
    """
    try:
        return reader.read(os.path.expanduser(path), fork=True)
    except FileNotFoundError:
        raise Failure("usage", problem=f"There is no model file {path}.", fix="Check the path.") from None
    except OSError as error:
        raise Failure("model_unreadable", file=path, problem=error.strerror) from None


def inspect_download(url: str, timeout: float, listener: "Listener") -> Inspection:
    """Read the model behind a URL.

    Raises:
        Failure: it cannot be had within `timeout` seconds, or is no pickle.
    """
    from numerai_predict import downloads

    file = downloads.fetch_model(url, timeout, listener.transferred, listener.notice)
    try:
        return reader.Reading(file.descriptor, os.path.basename(file.path)).result()._replace(sha256=file.sha256)
    finally:
        file.close()


def verdicts_or_failure(inspection: Inspection, env: str) -> list[verdict.Verdict]:
    """Return the verdicts for what --env names, in all its forms; see `verdict.verdicts`.

    Raises:
        Failure: `usage`, if there is no such environment.
    """
    if not env:
        raise Failure("usage", problem="--env is empty.", fix="Leave it away, or give auto, current, a path or 3.XX.")
    image, versions = env.startswith(IMAGE), ", ".join(directories.versions())
    env = "" if env == "auto" else env.removeprefix(IMAGE)
    if image and env not in directories.versions():
        problem = f"What the image {env} holds cannot be told without running it."
        raise Failure("usage", problem=problem, fix="Give --env 3.XX, or run it: numerai-predict check --env image:...")
    try:
        return verdict.verdicts(inspection, env)
    except (LookupError, OSError) as error:
        fix = f"Give current, the path of an interpreter or of a virtual environment, or one of {versions}."
        raise Failure("usage", problem=f"--env {env}: {error}.", fix=fix) from None
