"""`numerai-predict check`, as a process: what people complain of, before they upload it."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from complaints import COMPLAINTS, GOOD, NotHere
from conftest import ROOT

from numerai_predict.check import Check

SCHEMA = json.loads((ROOT / "docs/check.schema.json").read_text())


@dataclass(frozen=True)
class Checked:
    """How a check came out."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def content(self) -> dict[str, Any]:
        """What --json printed, in the form that is promised."""
        content = json.loads(self.stdout)
        jsonschema.validate(content, SCHEMA)
        return content

    @property
    def check(self) -> Check:
        """The same, as from Python."""
        return Check.from_json(self.content)


@pytest.fixture
def run_check(sample_round: Path, environments: dict[str, str], tmp_path: Path) -> Callable[..., Checked]:
    """Run the command on a model, on the sample round unless told otherwise."""

    def run(model: Path, *flags: str, data: bool = True) -> Checked:
        files = ["--dataset", "live.parquet", "--benchmarks", "live_benchmark_models.parquet"] if data else []
        command = [sys.executable, "-m", "numerai_predict", "check", str(model), *files, *flags]
        done = subprocess.run(command, cwd=sample_round, env=environments, capture_output=True, text=True, timeout=110)
        return Checked(done.returncode, done.stdout, done.stderr)

    return run


@pytest.mark.parametrize("complaint", COMPLAINTS, ids=lambda complaint: complaint.name)
def test_complaints(complaint, tmp_path, sample_round, environments, run_check):
    """The verdict is right, its reason names the cause, and who does what the remedy says gets a model that passes."""
    try:
        broken, repaired = complaint.write(tmp_path, sample_round, environments)
    except NotHere as why:
        pytest.skip(str(why))

    checked = run_check(broken, *complaint.flags, "--json")
    check = checked.check

    if complaint.kind:
        (reason,) = check.reasons
        assert check.verdict == "will fail"
        assert checked.exit_code == check.exit_code >= 10
        assert reason.kind == complaint.kind
        assert complaint.cause in reason.sentence
        assert complaint.remedy in reason.remedy
    else:
        assert (check.verdict, check.reasons, checked.exit_code) == ("will pass", [], 0)
        assert complaint.warning in " ".join(check.warnings)
    passes(run_check(repaired, *complaint.flags, "--json"))


@pytest.mark.parametrize("complaint", GOOD, ids=lambda complaint: complaint.name)
def test_good_models(complaint, tmp_path, sample_round, environments, run_check):
    """Models of several libraries pass."""
    (model,) = complaint.write(tmp_path, sample_round, environments)

    passes(run_check(model, *complaint.flags, "--json"))


def passes(checked: Checked) -> None:
    """Both runs gave the same predictions, and nothing speaks against the model."""
    check = checked.check
    assert (check.verdict, checked.exit_code) == ("will pass", 0), checked.stdout
    assert (check.reasons, check.warnings, check.largest_difference) == ([], [], 0.0)
    assert check.rows == 200
