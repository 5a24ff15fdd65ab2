import re
import string

from numerai_predict import failures
from numerai_predict.failures import KINDS, Failure, Fault

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
