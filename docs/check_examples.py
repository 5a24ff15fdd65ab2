"""Write the examples of docs/check.md: `make docs_check` runs every model of tests/complaints.py through the command.

An example that differs from what stands there in numbers only (seconds, sizes, a random difference), or in how deep in
a library a model was, stays as it is. With names, only these are run.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).parent
TESTS = DOCS.parent / "tests"

sys.path[:0] = [str(DOCS.parent / "src"), str(TESTS)]

from complaints import COMPLAINTS, GOOD, Complaint, NotHere  # noqa: E402

from numerai_predict.sample_round import write_sample_round  # noqa: E402

PAGE = DOCS / "check.md"
BEGIN, END = "<!-- examples: written by `make docs_check` -->", "<!-- end of examples -->"
DATA = ("--dataset", "live.parquet", "--benchmarks", "live_benchmark_models.parquet")


def main(names: list[str]) -> None:
    """Run all of them, or those that are named, and write what has changed."""
    page = PAGE.read_text()
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    environment = os.environ | {"PYTHONPATH": str(DOCS.parent / "src")}
    with tempfile.TemporaryDirectory() as name:
        round = Path(name, "round")
        write_sample_round(round, rows=200, features=60, eras=4, rows_per_era=100)
        parts = [
            standing(one.name, page) if names and one.name not in names else section(one, round, environment, page)
            for one in (*COMPLAINTS, *GOOD)
        ]
    PAGE.write_text(f"{before}{BEGIN}\n\n{''.join(parts)}{END}{after}")


def section(complaint: Complaint, round: Path, environment: dict[str, str], page: str) -> str:
    """Return what stands on the page of one model."""
    old = standing(complaint.name, page)
    try:
        broken, *repaired = complaint.write(round, round, environment)
    except NotHere as why:
        print(f"{complaint.name}: as it was, {why}", file=sys.stderr)
        return old
    typed = " ".join(["numerai-predict check", broken.name, *complaint.flags])
    said = [f"```console\n$ {typed}\n{checked(broken, complaint, round, environment)}```"]
    if repaired:
        last = checked(repaired[0], complaint, round, environment).splitlines()[0]
        said.append(f"Repaired as it says: `{last}`")
    script = f"[{complaint.name}.py](../tests/checked/{complaint.name}.py)"
    new = f"### {complaint.name}\n\n{complaint.says} ({script})\n\n" + "\n\n".join(said) + "\n\n"
    return old if words(old) == words(new) else new


def checked(model: Path, complaint: Complaint, round: Path, environment: dict[str, str]) -> str:
    """Return what the command prints on stdout: where the model failed, and the verdict."""
    command = [sys.executable, "-m", "numerai_predict", "check", model.name, *DATA, *complaint.flags, "--quiet"]
    said = subprocess.run(command, cwd=round, env=environment, capture_output=True, text=True).stdout
    return re.sub(r'"/[^"]*/((?:site-packages|python3\.\d+)/)', r'".../\1', said)


def standing(name: str, page: str) -> str:
    """Return the section of a model as it stands on the page."""
    match = re.search(rf"^### {name}\n.*?(?=^### |^{re.escape(END)})", page, re.DOTALL | re.MULTILINE)
    return match[0] if match else ""


def words(text: str) -> list[str]:
    """Return the lines of a section, or of a verdict, without numbers and without the traceback above the verdict."""
    lines = [line for line in text.splitlines() if not line.startswith(("    ", "  Traceback", "  Where it was"))]
    return [re.sub(r"\d[\d.,]*", "0", line) for line in lines]


if __name__ == "__main__":
    main(sys.argv[1:])
