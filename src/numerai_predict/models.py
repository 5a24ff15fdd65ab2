"""The model file: opened, and looked at just enough to say when it is no pickle at all."""

import os

from numerai_predict.failures import Failure
from numerai_predict.local_files import LocalFile, open_file

_OTHER_THINGS = {
    b"\x89HDF": "it is an HDF5 file, as Keras writes weights",
    b"PK\x03\x04": "it is a ZIP archive, as torch.save and Keras write",
    b"version https://git-lfs": "it is a Git LFS pointer; fetch the file itself with `git lfs pull`",
    b"<": "it is an HTML or XML page, as a failed download leaves",
}
"""How files begin that people upload by mistake. None of these is the start of a pickle."""

_COMPRESSED = (".gz", ".bz2", ".zip", ".xz", ".zst", ".tar")
"""Extensions by which pandas decompresses; what is inside such a file is not looked at here."""


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
    if model.size == 0:
        return "it is empty"
    if is_compressed(model):
        return None
    start = model.first(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    for beginning, what in _OTHER_THINGS.items():
        if start.startswith(beginning):
            return what
    if start.startswith(b"{"):
        return "it is a Jupyter notebook" if b'"cells"' in start else "it is a JSON file"
    return None


def is_cut_off(model: LocalFile) -> bool:
    """Whether the file does not end with the STOP opcode, with which every pickle ends."""
    return not is_compressed(model) and model.last(1) != b"."


def is_compressed(model: LocalFile) -> bool:
    """Whether pandas decompresses the file, by its extension."""
    return os.path.splitext(model.path)[1].lower() in _COMPRESSED
