"""`numerai-predict predict`: run a pickled model, judge its predictions, and save or upload them.

Stdout carries only the result: the path of the predictions, or the record with --json. Everything for people goes to
stderr.
"""

import argparse
import os
import sys
from collections.abc import Callable

from numerai_predict import interruption
from numerai_predict.cli.secrets import hide, parse_upload, shown_elsewhere
from numerai_predict.cli.stdout import discard_the_rest
from numerai_predict.cli.terminal import Terminal
from numerai_predict.datasets import BENCHMARK_MODELS, LIVE_FEATURES, is_local
from numerai_predict.delivery import check_place, write_atomically
from numerai_predict.failures import Failure
from numerai_predict.job import GIB, MIB, Job, Limits
from numerai_predict.record import Record
from numerai_predict.redaction import Redaction
from numerai_predict.run import run as run_job
from numerai_predict.sandbox.isolation import MODES
from numerai_predict.submission import Finding

DESCRIPTION = "Run a pickled model on a round's live data in Numerai's box, judge its predictions, save or upload them."

EPILOG = """\
examples:
  python predict.py --model model.pkl
  python predict.py --model model.pkl --dataset live.parquet
  python predict.py --model model.pkl --dataset live.parquet --benchmarks live_benchmark_models.parquet --output_dir .
  numerai-predict predict --model model.pkl --dataset live.parquet --output predictions.csv --record record.json
  numerai-predict predict --model model.pkl --dataset live.parquet --memory 8GB --timeout 30m --cpus 4
  numerai-predict predict --model "$PRESIGNED_GET" --post_url "$POST_URL" --post_data "$POST_FIELDS" --round 1334

exit codes:
  0 the predictions are where they were asked to go    2 the command line    10-39 the model's fault
  40-59 infrastructure    70 a fault of this program    130, 143 interrupted    (docs/failures.md has them all)
"""

_UNITS = {"": 1, "K": 1024, "M": MIB, "G": GIB}
LONGEST = 7 * 24 * 3600.0
"""Seconds of the longest time that can be given; operating systems cannot wait for ever."""

_DURATIONS = {"": 1, "S": 1, "M": 60, "H": 3600}


def size(text: str) -> int:
    """Parse a size such as 4GB, 512M or 4GiB; all units are powers of 1024, as the box's "4 GB" is."""
    number = text.upper().removesuffix("IB").removesuffix("B")
    return round(_measure(number, _UNITS))


def duration(text: str) -> float:
    """Parse a duration in seconds such as 600, 600s, 10m or 1h."""
    seconds = _measure(text.upper(), _DURATIONS)
    if seconds > LONGEST:
        raise ValueError
    return seconds


def _measure(text: str, units: dict[str, int]) -> float:
    number = text.rstrip("KMGSH")
    return float(number) * units[text[len(number) :]]


def positive(parse: Callable[[str], float]) -> Callable[[str], float]:
    """Wrap a parser so that argparse reports what it cannot parse, and what is not above zero."""

    def checked(text: str) -> float:
        try:
            value = parse(text)
        except (ValueError, KeyError, OverflowError):
            value = 0
        if not 0 < value < float("inf"):
            raise argparse.ArgumentTypeError(f"{text!r} is not above zero, too much, or not understood")
        return value

    return checked


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this command."""
    box = Limits()
    add = parser.add_argument
    add("--model", required=True, metavar="FILE", help="the pickled function, a file or an http(s) URL")
    dataset = "live features, a parquet file or a name of Numerai's (default: %(default)s)"
    add("--dataset", default=LIVE_FEATURES, metavar="FILE", help=dataset)
    benchmarks = "live benchmark models, for functions of two arguments (default: %(default)s)"
    add("--benchmarks", default=BENCHMARK_MODELS, metavar="FILE", help=benchmarks)
    add("--round", type=positive(int), metavar="N", help="the data of this round or nothing (default: the open one)")
    output_dir = "where a new file live_predictions-<12 hex>.csv appears; must exist (default: %(default)s)"
    add("--output_dir", "--output-dir", default="/tmp", metavar="DIR", help=output_dir)
    add("--output", metavar="FILE", help="an exact file for the predictions, instead of --output_dir")
    add("--post_url", "--post-url", metavar="URL", help="upload the predictions there: the URL of a presigned POST")
    add("--post_data", "--post-data", metavar="FIELDS", help="the fields of the presigned POST, urlencoded")
    transfers = "for all downloads, and again for the upload (default: 600s)"
    add(
        "--transfer_timeout",
        "--transfer-timeout",
        type=positive(duration),
        default=600.0,
        metavar="TIME",
        help=transfers,
    )
    memory = "for the model's whole process tree (default: 4GB, which is 4 GiB)"
    add("--memory", type=positive(size), default=box.memory, metavar="SIZE", help=memory)
    timeout = "for loading the model and calling it (default: 600s)"
    add("--timeout", type=positive(duration), default=box.timeout, metavar="TIME", help=timeout)
    cpus = "how many threads its libraries may use (default: %(default)s)"
    add("--cpus", type=positive(int), default=box.cpus, metavar="N", help=cpus)
    isolation = (
        "what a model may not reach: all closed or no run; as far as this machine goes; nothing (default: %(default)s)"
    )
    add("--isolation", choices=MODES, default="best-effort", help=isolation)
    env = "where it runs: current, auto, 3.XX, the path of an environment, image:3.XX (default: %(default)s)"
    add("--env", default=Job.env, metavar="ENV", help=env)
    add("--record", metavar="FILE", help="write a machine-readable account of the run, whatever happens")
    add("--json", action="store_true", help="print that account to stdout instead of the path")
    add("--quiet", action="store_true", help="say nothing unless something is wrong")
    add("--debug", action="store_true", help="say more: versions, limits, the program's own tracebacks")


def run(arguments: argparse.Namespace) -> int:
    """Run the command; return its exit code."""
    terminal = Terminal(Redaction([]), quiet=arguments.quiet, debug=arguments.debug)
    interruption.listen()
    try:
        locations = [arguments.model, arguments.dataset, arguments.benchmarks, arguments.post_url]
        redact = hide(locations, arguments.post_data)
        terminal = Terminal(redact, quiet=arguments.quiet, debug=arguments.debug)
        record = Record(_job(arguments), terminal, redact)
        terminal.started(record.job)
        run_job(record)
        record.warnings += _shown_secrets(record)
        terminal.ended(record)
        _write_record(record, arguments, terminal)
        _print_result(record, arguments, terminal)
    except Failure as failure:
        terminal.failed(failure)
        return failure.exit_code
    except interruption.Interrupted as interrupted:
        return 128 + interrupted.number
    return record.failure.exit_code if record.failure else 0


def _job(arguments: argparse.Namespace) -> Job:
    """Turn the command line into a job.

    Raises:
        Failure: `usage`, for what argparse cannot see.
    """
    if arguments.round is not None and is_local(arguments.dataset):
        problem = f"--round {arguments.round} cannot be checked on the local file {arguments.dataset}."
        raise Failure("usage", problem=problem, fix="Leave --round away, or take the data from Numerai.")
    job = Job(
        model=arguments.model,
        dataset=arguments.dataset,
        benchmarks=arguments.benchmarks,
        output_dir=arguments.output_dir,
        output=arguments.output,
        round=arguments.round,
        isolation=arguments.isolation,
        env=arguments.env,
        upload=parse_upload(arguments.post_url, arguments.post_data),
        transfer_timeout=arguments.transfer_timeout,
        limits=Limits(memory=arguments.memory, timeout=arguments.timeout, cpus=arguments.cpus),
    )
    if arguments.record is not None:
        check_place(arguments.record, "--record")
        others = [job.model, job.dataset, job.benchmarks, job.output or ""]
        if os.path.realpath(arguments.record) in map(os.path.realpath, filter(None, others)):
            problem = f"{arguments.record} cannot be the record and another file of this run as well."
            raise Failure("usage", problem=problem, fix="Give another --record.")
    return job


def _shown_secrets(record: Record) -> list[Finding]:
    """A warning if a model could read this run's secrets on another process's command line, which Landlock hides."""
    pids = [] if record.isolation and record.isolation.landlock else shown_elsewhere(record.redact)
    if not pids:
        return []
    sentence = (
        f"The command line of process {pids[0]} shows secrets of this run, and a model can read it here: "
        "start this program without a shell or an init around it (the exec form of ENTRYPOINT)."
    )
    return [Finding("secrets_shown", len(pids), tuple(map(str, pids[:3])), sentence)]


def _write_record(record: Record, arguments: argparse.Namespace, terminal: Terminal) -> None:
    if arguments.record is None:
        return
    try:
        write_atomically(arguments.record, (record.as_json() + "\n").encode())
    except OSError as error:
        _not_written(record, arguments.record, error, terminal)


def _print_result(record: Record, arguments: argparse.Namespace, terminal: Terminal) -> None:
    """Print the one thing that stdout carries."""
    text = record.as_json() + "\n" if arguments.json else ""
    if record.delivery and not record.failure and not arguments.json:
        text = record.delivery.path + "\n"
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        discard_the_rest()
        _not_written(record, "standard output", error, terminal)


def _not_written(record: Record, path: str, error: OSError, terminal: Terminal) -> None:
    """Tell that a result could not be told; it fails the run, unless that has failed before."""
    where = f"The predictions are at {record.delivery.path}." if record.delivery else "There are no predictions."
    failure = Failure("record_not_written", path=path, problem=error.strerror, predictions=where)
    if record.failure is None:
        raise failure from None
    terminal.failed(failure)
