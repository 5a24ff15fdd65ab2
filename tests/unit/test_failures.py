import pickle
import re
import string

import pytest

from numerai_predict import cli, failures
from numerai_predict.failures import KINDS, Failure, Fault
from numerai_predict.inspecting import inspect_file

RANGES = {
    Fault.USAGE: range(2, 3),
    Fault.MODEL: range(10, 40),
    Fault.INFRASTRUCTURE: range(40, 60),
    Fault.OURS: range(70, 71),
    Fault.INTERRUPTED: [130, 143],
}


def test_tree():
    """The tree drawn in the module's docstring lists exactly the kinds, in their order, with their exit codes."""
    drawn = re.findall(r"^ {6}(\w+) +(\d+)  ", failures.__doc__, flags=re.MULTILINE)

    assert drawn == [(kind.name, str(kind.exit_code)) for kind in KINDS.values()]


def test_exit_codes_are_unique_and_tell_the_fault():
    """No two kinds share an exit code, and each lies in the range of its fault."""
    codes = [kind.exit_code for kind in KINDS.values()]

    assert len(codes) == len(set(codes))
    assert all(kind.exit_code in RANGES[kind.fault] for kind in KINDS.values())


def test_sentences():
    """From the evidence that its sentences name, each kind makes a cause and a remedy that are whole sentences."""
    for kind in KINDS.values():
        names = {name for text in (kind.cause, kind.remedy) for _, name, _, _ in string.Formatter().parse(text) if name}
        # Where a whole sentence comes from elsewhere, its maker ends it.
        failure = Failure(kind.name, **dict.fromkeys(names, "what it says."))

        assert failure.cause.rstrip(" ").endswith(".")
        assert failure.remedy.endswith(".")
        assert "{" not in failure.cause


@pytest.mark.parametrize("arguments", [["inspect"], ["check", "--quick"]])
def test_what_nobody_has_foreseen(arguments, tmp_path, monkeypatch, capsys):
    """An exception of ours ends every command with the sentence that says so, and without the secrets of its URLs."""
    secret = "X-Amz-Signature=0123456789abcdef0123456789abcdef"

    def fail(*_):
        raise ZeroDivisionError(f"at {secret}")

    model = tmp_path / "model.pkl"
    model.write_bytes(pickle.dumps(len))
    monkeypatch.setattr("numerai_predict.verdict.verdicts", fail)
    monkeypatch.setattr("numerai_predict.inspecting.inspect_download", lambda *_: inspect_file(str(model)))
    monkeypatch.setattr("numerai_predict.cli.inspect.inspect_download", lambda *_: inspect_file(str(model)))
    monkeypatch.setattr("numerai_predict.cli.secrets._wipe_command_line", lambda: None)  # of pytest
    monkeypatch.setattr("numerai_predict.interruption.listen", lambda: None)

    code = cli.main([arguments[0], f"https://somewhere/model.pkl?{secret}", *arguments[1:]])
    said = capsys.readouterr().err

    assert code == 70
    assert "Failed: numerai-predict itself failed: ZeroDivisionError: at [redacted]. [internal, exit code 70]" in said
    assert secret not in said
