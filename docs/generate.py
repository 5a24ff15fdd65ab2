"""Write the pages of this folder that are made from the code; `make docs` runs it, a test compares."""

import sys
from pathlib import Path
from typing import Any

from numerai_predict import verdict
from numerai_predict.failures import KINDS, Fault, Kind
from numerai_predict.pickles.inspection import inspect_bytes

DOCS = Path(__file__).parent
TESTS = DOCS.parent / "tests"

BEGIN, END = "<!-- attacks: written by `make docs` from tests/attacks.py and tests/zoo -->", "<!-- end of attacks -->"

EXAMPLE = "tests/models/model_3_11.pkl"
"""The pickle whose page docs/inspect.md shows."""

BEGIN_PAGE, END_PAGE = f"<!-- page: written by `make docs` from {EXAMPLE} -->", "<!-- end of page -->"

_FAULTS = {
    Fault.USAGE: "The command line",
    Fault.MODEL: "The model's fault: Numerai calls it Failed",
    Fault.INFRASTRUCTURE: "Infrastructure: Numerai calls it Error",
    Fault.OURS: "A fault of this program",
    Fault.INTERRUPTED: "Interrupted",
}


def failures_page() -> str:
    """Return docs/failures.md: every kind of failure, by whose fault it is."""
    parts = [
        "# Every way a run can fail",
        "",
        "<!-- Written by `make docs` from src/numerai_predict/failures.py. -->",
        "",
        "The exit code tells whose fault a failure is; the name, which `--json` and `--record` carry as "
        "`failure.kind`, never changes. A run exits with 0 only when its predictions are where they were asked to go.",
    ]
    for fault, title in _FAULTS.items():
        parts += ["", f"## {title}", "", "| exit code | kind | what happened | what to do |", "|---|---|---|---|"]
        parts += [_row(kind) for kind in KINDS.values() if kind.fault is fault]
    return "\n".join(parts) + "\n"


def _row(kind: Kind) -> str:
    cause, remedy = (_placeholders(text) for text in (kind.cause, kind.remedy))
    return f"| {kind.exit_code} | `{kind.name}` | {cause} | {remedy} |"


def _placeholders(text: str) -> str:
    """Show what is filled in from the evidence in italics; doubled braces are meant as they are."""
    if text in ("{problem}", "{fix}", "{violations}"):
        return "(said in each case)"
    text = text.replace("{{", "\0").replace("}}", "\1")
    return text.replace("{", "*").replace("}", "*").replace("\0", "{").replace("\1", "}")


def security_page() -> str:
    """Return docs/security.md with the table of attacks in it as the tests have it."""
    return _between("security.md", BEGIN, attacks_table(), END)


def inspect_page() -> str:
    """Return docs/inspect.md with what `numerai-predict inspect` prints of a test pickle."""
    inspection = inspect_bytes((DOCS.parent / EXAMPLE).read_bytes())
    lines = verdict.page(EXAMPLE, inspection, verdict.verdicts(inspection))
    text = "\n".join(["```console", f"$ numerai-predict inspect {EXAMPLE}", *lines, "```\n"])
    return _between("inspect.md", BEGIN_PAGE, text, END_PAGE)


def _between(name: str, begin: str, text: str, end: str) -> str:
    """The page with what stands between two marks replaced."""
    before, _, rest = (DOCS / name).read_text().partition(begin)
    return f"{before}{begin}\n\n{text}\n{end}{rest.partition(end)[2]}"


def attacks_table() -> str:
    """One row for each attack: what it tries, and what comes of it on each kind of machine."""
    sys.path.insert(0, str(TESTS))
    from attacks import ATTACKS, IDENTITY, LANDLOCK, LOWER, ORDINARY, PRIVILEGES, SECCOMP, Attack

    confined = (SECCOMP, PRIVILEGES)
    columns = {
        "nothing confined": [()],
        "same user": [(*confined, ORDINARY), (*confined, LOWER)],
        "same user, Landlock": [(*confined, ORDINARY, LANDLOCK), (*confined, LOWER, LANDLOCK)],
        "own user": [(*confined, IDENTITY)],
        "own user, Landlock": [(*confined, IDENTITY, LANDLOCK)],
    }

    def cell(attack: Attack, kinds: list[tuple[str, ...]]) -> str:
        ordinary, root = attack.is_open(kinds[0]), attack.is_open(kinds[-1])
        if ordinary and root:
            return "works"
        if ordinary or root:
            return "works for root" if root else "works, not as root"
        return "closed"

    parts = [f"| what it tries | {' | '.join(columns)} | notes |", "|---" * (len(columns) + 2) + "|"]
    for on in dict.fromkeys(attack.on for attack in ATTACKS):
        parts.append(f"| **{on}** |" + " |" * (len(columns) + 1))
        for attack in (attack for attack in ATTACKS if attack.on == on):
            first, *_ = (TESTS / "zoo" / f"attack_{attack.name}.py").read_text().splitlines()
            cells = " | ".join(cell(attack, kinds) for kinds in columns.values())
            parts.append(f"| {first.removeprefix('# ')} (`{attack.name}`) | {cells} | {_note(attack)} |")
    return "\n".join(parts) + "\n"


def _note(attack: Any) -> str:
    notes = []
    if attack.without_warning:
        notes.append(f"no warning: {attack.without_warning}")
    if attack.may_fail:
        notes.append(f"some machines refuse it anyway: {attack.may_fail}")
    return "; ".join(notes)


if __name__ == "__main__":
    (DOCS / "security.md").write_text(security_page())
    (DOCS / "failures.md").write_text(failures_page())
    (DOCS / "inspect.md").write_text(inspect_page())
