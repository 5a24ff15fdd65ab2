"""The table from model to failure to exit code, run as a user runs it: one process, one model, one ending."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import ZOO, Command, Run, processes_of, wait_until

from numerai_predict.failures import KINDS, Fault

QUICK = ("--timeout", "1")
SMALL = ("--memory", "1GB")


@dataclass(frozen=True)
class Row:
    """What must come of one model of the zoo."""

    model: str
    kind: str | None = None
    """The kind of failure; None means that the predictions are delivered."""

    exit_code: int = 0
    flags: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    """What must stand on stderr."""

    warnings: tuple[str, ...] = ()
    """The codes of the warnings, all of them."""

    findings: tuple[str, ...] = ()
    """The codes of the rules that the predictions break, all of them."""

    @property
    def id(self) -> str:
        return "-".join([self.model, *self.flags, self.kind or "delivered"])


DELIVERED = [
    Row("good"),
    Row("takes_default_second"),
    Row("changes_input"),
    Row("leaves_files"),
    Row("reserves_memory"),
    Row("starts_many_workers"),
    Row("names_other_features", warnings=("columns_missing",)),
    Row("returns_series", warnings=("returned_series",)),
    Row("leaves_threads", warnings=("threads_left",), says=("3 threads",)),
    Row("leaves_daemon", warnings=("processes_left",), says=("1 process",)),
    Row(
        "prints_escapes",
        says=(r"model| \x1b[2J\x1b[31mall your screen\x07", "model| Failed: ", "model| no end of line"),
    ),
    Row("forges_good_result"),
]

PICKLE = [
    Row("empty_file", "not_a_pickle", 10, says=("it is empty",)),
    Row("notebook_file", "not_a_pickle", 10, says=("it is a Jupyter notebook",)),
    Row("html_page", "not_a_pickle", 10, says=("it is an HTML or XML page",)),
    Row("git_lfs_pointer", "not_a_pickle", 10, says=("git lfs pull",)),
    Row("text_file", "not_a_pickle", 10, says=("# weight",)),
    Row("truncated_pickle", "truncated_pickle", 11),
    Row("missing_module", "missing_module", 12, says=("module_that_is_not_here",)),
    Row("imports_missing", "missing_module", 12, says=("module_that_is_not_here",)),
    Row("raises_while_loading", "load_raised", 13, says=("an attribute of another version",)),
    Row("wants_network_while_loading", "load_raised", 13, says=("PermissionError", "To do: The box has no network")),
    Row("int_object", "not_callable", 14, says=("an int",)),
    Row("dict_object", "not_callable", 14, says=("a dict",)),
    Row("bare_estimator", "not_callable", 14, says=("Ridge", "To do: Wrap it in a function")),
    Row("takes_three", "wrong_signature", 15, says=("takes 3 arguments",)),
    Row("takes_none", "wrong_signature", 15, says=("takes 0 arguments",)),
]

CALL = [
    Row(
        "raises",
        "predict_raised",
        16,
        says=("in predict", "KeyError: 'feature_of_another_version'"),
        warnings=("columns_missing",),
    ),
    Row("names_older_benchmark", "predict_raised", 16, says=("To do: The benchmark model v52_lgbm_ender20 is one of",)),
    Row("raises_permission_error", "predict_raised", 16, says=("PermissionError", "To do: Call the function")),
    Row("reads_users_file", "predict_raised", 16, says=("PermissionError", "To do: Here a model reads no files but")),
    Row("raises_keyboard_interrupt", "predict_raised", 16, says=("KeyboardInterrupt",)),
    Row("raises_huge_text", "predict_raised", 16, says=("ValueError: xxx",)),
    Row("raises_escapes", "predict_raised", 16, says=(r"\x1b[2J",)),
    Row("raises_unprintable", "predict_raised", 16, says=("Unprintable",)),
    Row("raises_exiting_text", "predict_raised", 16, says=("Exiting",)),
    Row("raises_long_chain", "predict_raised", 16, says=("ValueError: 4999",)),
    Row("recurses", "predict_raised", 16, says=("RecursionError", "Previous line repeated")),
    Row("returns_unencodable", "predict_raised", 16, says=("UnicodeEncodeError",)),
    Row("wants_network", "predict_raised", 16, says=("URLError", "To do: The box has no network")),
    Row("wants_name_of_host", "predict_raised", 16, says=("RuntimeError: no weights", "To do: The box has no network")),
    Row("exits", "exited_early", 17, says=("sys.exit(0)", "predicting")),
    Row("exits_while_loading", "exited_early", 17, says=("sys.exit(all done)", "loading")),
    Row("exits_hard", "no_result", 18),
    Row("closes_descriptors", "no_result", 18),
    Row("segfaults", "crashed", 19, says=("SIGSEGV", "in predict")),
    Row("aborts", "crashed", 19, says=("SIGABRT", "in predict")),
    Row("forges_result_then_crashes", "crashed", 19, says=("SIGABRT",)),
    Row("hoards_memory", "out_of_memory", 20, SMALL, says=("1,024 MiB",)),
    Row("hoards_memory", "out_of_memory", 20, says=("4,096 MiB",)),
    Row("hoards_shared_memory", "out_of_memory", 20, SMALL, says=("in files in /dev/shm",), warnings=("files_left",)),
    Row("hoards_in_children", "out_of_memory", 20, SMALL),
    Row("raises_memory_error", "out_of_memory", 20, says=("MemoryError",)),
    Row("loops", "timed_out", 21, QUICK, says=("in predict", "Where it was")),
    Row("loops_while_loading", "timed_out", 21, QUICK, says=("loading",)),
    Row("ignores_signals", "timed_out", 21, QUICK),
    Row("stops_itself", "timed_out", 21, QUICK),
    Row("prints_for_ever", "timed_out", 21, QUICK, says=("bytes not shown",)),
    Row("forks_for_ever", "too_many_processes", 22, says=("in more than 4 generations are allowed",)),
    Row("starts_too_many", "too_many_processes", 22, says=("256 are allowed",)),
    Row("returns_too_much", "result_too_large", 23, says=("5000001",)),
    Row("announces_huge_result", "result_too_large", 23),
    Row("fills_disk", "too_much_disk", 25, says=("1,024 MiB",)),
    Row("fills_disk_without_names", "too_much_disk", 25),
    Row("hoards_names", "too_much_disk", 25),
    Row("floods_channel", "broken_result", 24),
    Row("forges_second_result", "broken_result", 24),
]

PREDICTIONS = [
    Row("returns_none", "wrong_output_type", 30, says=("returned None",)),
    Row("returns_array", "wrong_output_type", 30, says=("numpy.ndarray of shape (200,)",)),
    Row("returns_tensor", "wrong_output_type", 30, says=("a Tensor of shape (200, 1)",)),
    Row("returns_empty", "invalid_predictions", 31, findings=("no_rows",)),
    Row("returns_wrong_ids", "invalid_predictions", 31, findings=("id_unnamed", "ids_missing")),
    Row("returns_half", "invalid_predictions", 31, findings=("ids_missing",), says=("100 of 200",)),
    Row("returns_nan", "invalid_predictions", 31, findings=("values_nan",)),
    Row("returns_out_of_range", "invalid_predictions", 31, findings=("values_out_of_range",), says=("= 1.5",)),
    Row("returns_constant", "invalid_predictions", 31, findings=("values_constant",)),
    Row("forges_bad_result", "invalid_predictions", 31, findings=("values_nan",)),
]

CLOSED_SOCKETS = {
    "wants_fork_server": "predict_raised",
    "wants_manager": "predict_raised",
    "waits_for_descriptor": "timed_out",
}
"""How models end that need sockets within the machine, where these are closed."""

TABLE = [*DELIVERED, *PICKLE, *CALL, *PREDICTIONS]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.id)
def test_ending(
    row: Row,
    pickled: Callable[[str], Path],
    run_predict: Callable[..., Run],
    live_ids: list[str],
) -> None:
    """Each model ends as the table says, is told so in a few lines, and leaves nothing behind."""
    model = pickled(row.model)
    run = run_predict(model, *row.flags)

    assert run.exit_code == row.exit_code, run.stderr
    assert_recorded(run, row)
    if row.kind is None:
        assert_delivered(run, live_ids)
    else:
        assert run.stdout == ""
        assert run.csvs == []
    assert_well_said(run, row)
    assert_nothing_left(run)


def assert_recorded(run: Run, row: Row) -> None:
    """The record says what the exit code says, and whose fault it is."""
    record = run.record
    assert record is not None
    assert record["outcome"] == ("failed" if row.kind else "delivered")
    assert {"files", "ending", "environment", "job", "predictions"} <= record.keys()
    assert record["phases"][0]["name"] == "fetch"
    assert all(phase["seconds"] >= 0 for phase in record["phases"])
    # Of another test at the same time: files in /dev/shm do not say whose they are, only the user's.
    others = {"files_left"} - set(row.warnings)
    assert [warning for warning in run.warnings if warning not in others] == list(row.warnings)
    if row.kind is None:
        assert run.failure is None
        assert all(phase["ended"] for phase in record["phases"])
        return
    assert record["predictions"] is None
    assert run.failure["kind"] == row.kind
    assert run.failure["exit_code"] == row.exit_code
    assert run.failure["fault"] == "model"
    findings = run.failure["evidence"].get("findings", [])
    assert tuple(finding["code"] for finding in findings) == row.findings


def assert_delivered(run: Run, live_ids: list[str]) -> None:
    """There is one file, stdout is its path, and its ids are those of the round."""
    (csv,) = run.csvs
    assert run.stdout == f"{csv}\n"
    header, *lines = csv.read_text().splitlines()
    assert header == "id,prediction"
    assert [line.partition(",")[0] for line in lines] == live_ids


def assert_well_said(run: Run, row: Row) -> None:
    """Stderr has what the row asks for, no escapes, no frame of ours, and few lines of our own."""
    for words in row.says:
        assert words in run.stderr
    assert all(line.isprintable() for line in run.stderr.split("\n")), "something that a terminal obeys"
    assert "numerai_predict/" not in run.stderr, "a frame of ours"
    assert len(run.stderr) < 100_000
    ours = lines_of_ours(run)
    assert len(ours) <= 12, ours
    for beginning in ("Failed: ", "To do: "):
        assert sum(line.startswith(beginning) for line in ours) == (row.kind is not None)


def lines_of_ours(run: Run) -> list[str]:
    """Stderr without what the model printed, and without the one block that shows where it was."""
    lines = [line for line in run.stderr.splitlines() if not line.startswith("model| ")]
    evidence = run.failure["evidence"] if run.failure else {}
    if trace := evidence.get("traceback"):
        block = len(trace.splitlines())
    elif frames := evidence.get("crash_log"):
        block = 1 + len(frames.splitlines())
    else:
        assert "Traceback" not in "\n".join(lines)
        return lines
    end = len(lines) - 4  # Failed, To do, To see it again, Help
    assert lines[end].startswith("Failed: ")
    inside = lines[end - block : end]
    assert inside[0].startswith(("  Traceback (most recent call last):", "Where it was")) or block == 1
    assert all(line.startswith("  ") for line in inside[1:]), "a line of the model's that could be one of ours"
    return lines[: end - block] + lines[end:]


def assert_nothing_left(run: Run) -> None:
    """No process that belonged to the run lives, and its temporary directory is empty."""
    assert wait_until(lambda: not processes_of(run.temporary), 1), processes_of(run.temporary)
    assert os.listdir(run.temporary) == []
    if "hoards_shared_memory" in str(run.record):
        # Where models have no user of their own, a run cannot know for certain what in /dev/shm is the model's.
        for file in Path("/dev/shm").glob("numerai-predict-zoo-*"):
            file.unlink()


@pytest.mark.parametrize("name", CLOSED_SOCKETS)
def test_sockets_within_the_machine(
    name: str, pickled: Callable[[str], Path], start_predict: Callable[..., Command], short_folder: Path
) -> None:
    """What needs a socket within the machine gets it, or is told that it is closed and what to use instead."""
    run = start_predict(pickled(name), "--timeout", "10", folder=short_folder).finish()

    assert run.record is not None
    if "sockets within this machine" in run.record["isolation"]["layers"]["seccomp"]:
        assert run.failure is None, run.stderr
    else:
        assert run.failure["kind"] == CLOSED_SOCKETS[name], run.stderr
        assert "To do: Here sockets within this machine are closed to models" in run.stderr
    assert_nothing_left(run)


def test_nothing_is_closed(pickled: Callable[[str], Path], run_predict: Callable[..., Run]) -> None:
    """Unconfined, no failure is put down to what is closed."""
    run = run_predict(pickled("wants_network"), "--isolation", "off")

    assert run.failure["kind"] == "predict_raised", run.stderr
    assert "To do: Call the function on the same data" in run.stderr


def test_every_kind_is_there() -> None:
    """Every kind of failure that is the model's fault stands in the table, but for what no run meets
    as its own: `wrong_python` is in test_inspect.py, `unsavable` in test_saving.py."""
    faults = {kind.name: kind.exit_code for kind in KINDS.values() if kind.fault is Fault.MODEL}
    assert {row.kind: row.exit_code for row in TABLE if row.kind} | {"wrong_python": 26, "unsavable": 27} == faults


def test_every_model_is_used() -> None:
    """Every file of the zoo stands in the table, except for those that the other scenarios use."""
    elsewhere = {path.stem for kind in ("shape", "attack") for path in ZOO.glob(f"{kind}_*.py")}
    elsewhere |= {"returns_later", "imports_by_name", *CLOSED_SOCKETS}
    assert {path.stem for path in ZOO.glob("*.py")} - elsewhere == {row.model for row in TABLE}
