"""The verdict on a model as people, notebooks and programs read it."""

from dataclasses import asdict, dataclass, field
from html import escape
from typing import Any

from numerai_predict import verdict
from numerai_predict.job import MIB
from numerai_predict.verdict import Verdict

PASS, MAY, FAIL = "will pass", "may fail", "will fail"

EXIT_CODES = {PASS: 0, MAY: 1}
"""Of the command; what will fail ends with the exit code of its failure."""


@dataclass(frozen=True)
class Reason:
    """Why a model fails, or what is uncertain about it."""

    sentence: str
    remedy: str
    kind: str = ""
    """The failure's name, one of `failures.KINDS`, if it is one."""


@dataclass(frozen=True)
class Usage:
    """What a run took of the box."""

    seconds: float
    timeout: float
    peak_memory: int
    """Bytes."""

    memory: int

    @property
    def shares(self) -> tuple[float, float]:
        """Of time and of memory, from 0 to 1."""
        return self.seconds / self.timeout, self.peak_memory / self.memory


@dataclass(frozen=True, repr=False)
class Check:
    """The verdict on a model, and what it rests on."""

    model: str
    verdict: str
    """`PASS`, `MAY` or `FAIL`."""

    exit_code: int
    reasons: list[Reason] = field(default_factory=list)
    python: str = ""
    """The Python to choose for it at upload, as "3.12"; empty if none is known."""

    data: str = ""
    """On what it was run, in words; empty if it was not run."""

    sample: bool = False
    """Whether that was invented data, for want of Numerai's."""

    rows: int = 0
    usage: Usage | None = None
    """The larger numbers of the two runs."""

    largest_difference: float | None = None
    """Between the predictions of the two runs; 0.0 if their bytes are equal, None if there were not two."""

    warnings: list[str] = field(default_factory=list)
    output: str = ""
    """What the model printed in the first run."""

    traceback: str = ""
    """Where it failed: Python's traceback, or of a process that was ended the frames it was in; empty if it did not."""

    environments: list[Verdict] = field(default_factory=list)
    """What the pickle says of each environment, best first."""

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Check":
        """Return the check that was written as JSON."""
        usage = content["usage"]
        return cls(
            **{
                **content,
                "reasons": [Reason(**reason) for reason in content["reasons"]],
                "usage": usage and Usage(**usage),
                "environments": [
                    Verdict(**{**one, "reasons": tuple(verdict.Reason(**why) for why in one["reasons"])})
                    for one in content["environments"]
                ],
            }
        )

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        environments = [
            {**one._asdict(), "reasons": [reason._asdict() for reason in one.reasons]} for one in self.environments
        ]
        return {**asdict(self), "environments": environments}

    def table(self) -> dict[str, str]:
        """Return what the verdict rests on, as a table for people."""
        rows = {
            "Python version": f'choose "Python {self.python}" at upload'
            if self.python and self.verdict != FAIL
            else "",
            "by reading it": "" if self.data else self._boxes(),
            "ran on": self.data,
            "time": _share(self.usage, 0),
            "memory": _share(self.usage, 1),
            "run twice": self._twice(),
        }
        return {row: text for row, text in rows.items() if text}

    def lines(self) -> list[str]:
        """Return the verdict as lines for people."""
        lines = [f"{self.model} {self.verdict}.", *(f"  {row:<15} {text}" for row, text in self.table().items())]
        for reason in self.reasons:
            lines += [f"  {self._why()}: {reason.sentence}"] + ([f"  To do: {reason.remedy}"] if reason.remedy else [])
        return [*lines, *(f"  Warning: {warning}" for warning in self.warnings)]

    def _why(self) -> str:
        return "Because" if self.verdict == FAIL else "Uncertain"

    def _boxes(self) -> str:
        words = {verdict.YES: "runs in", verdict.MAY: "perhaps in", verdict.NO: "not in"}
        found = {words[which]: [one.version for one in self.environments if one.will_run == which] for which in words}
        return ", ".join(f"{how} {', '.join(sorted(versions))}" for how, versions in found.items() if versions)

    def _twice(self) -> str:
        if self.largest_difference is None:
            return ""
        if not self.largest_difference:
            return "the same predictions, to the last digit"
        return f"predictions that differ by up to {self.largest_difference:.3g}"

    def __repr__(self) -> str:
        return "\n".join(self.lines())

    def _repr_html_(self) -> str:
        """What a notebook shows; its colours are the notebook's."""
        left = 'style="text-align: left"'  # notebooks put numbers to the right, and these are sentences
        rows = "".join(
            f"<tr><th {left}>{escape(row)}</th><td {left}>{escape(text)}</td></tr>"
            for row, text in self.table().items()
        )
        reasons = "".join(
            f"<p><b>{self._why()}:</b> {escape(reason.sentence)}<br>{escape(reason.remedy)}</p>"
            for reason in self.reasons
        )
        warnings = "".join(f"<p>Warning: {escape(warning)}</p>" for warning in self.warnings)
        trace = f"<pre>{escape(self.traceback)}</pre>" if self.traceback else ""
        return f"<p><b>{escape(f'{self.model} {self.verdict}.')}</b></p>{trace}<table>{rows}</table>{reasons}{warnings}"


def _share(usage: Usage | None, which: int) -> str:
    if usage is None:
        return ""
    share = f"{100 * usage.shares[which]:.0f} %"
    if which == 0:
        return f"{usage.seconds:.1f} s of {usage.timeout:g} s ({share})"
    return f"{usage.peak_memory / MIB:,.0f} MiB of {usage.memory / MIB:,.0f} MiB ({share})"
