"""The model file: opened, and looked at just enough to say when it is no pickle at all."""

import os

from numerai_predict.failures import Failure
from numerai_predict.local_files import LocalFile, open_file
from numerai_predict.pickles.container import compression, what_else


def open_model(path: str) -> LocalFile:
    """Open the model file.

    Raises:
        Failure: `usage` if there is no such file, `model_unreadable`, or `not_a_pickle`.
    """
    try:
        model = open_file(os.path.expanduser(path))
    except FileNotFoundError:
        problem = f"There is no model file {path}."
        raise Failure("usage", problem=problem, fix="Check the path given to --model.") from None
    except OSError as error:
        raise Failure("model_unreadable", file=path, problem=error.strerror) from None
    return looked_at(model)


def looked_at(model: LocalFile) -> LocalFile:
    """Return the file, if its first bytes may be those of a pickle.

    Raises:
        Failure: `not_a_pickle`.
    """
    what = _not_a_pickle(model)
    if what:
        model.close()
        raise Failure("not_a_pickle", file=model.path, what=what)
    return model


def _not_a_pickle(model: LocalFile) -> str | None:
    """Say what the file is instead of a pickle, if its first bytes show it."""
    if model.size and is_compressed(model):
        return None  # what is inside is not looked at here
    return what_else(model.first(4096), model.size)


def is_cut_off(model: LocalFile) -> bool:
    """Whether the file does not end with the STOP opcode, with which every pickle ends."""
    return not is_compressed(model) and model.last(1) != b"."


def is_compressed(model: LocalFile) -> bool:
    """Whether pandas decompresses the file, by its extension."""
    return bool(compression(model.path))
