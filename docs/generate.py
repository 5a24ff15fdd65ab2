"""Write the pages of this folder that are made from the code; `make docs` runs it, a test compares."""

from pathlib import Path

from numerai_predict.failures import KINDS, Fault, Kind

DOCS = Path(__file__).parent

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


if __name__ == "__main__":
    (DOCS / "failures.md").write_text(failures_page())
