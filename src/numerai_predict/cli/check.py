"""`numerai-predict check`: will a pickle pass? One verdict, before it is uploaded."""

import argparse
import json

from numerai_predict import failures, interruption
from numerai_predict.checking import check
from numerai_predict.cli.predict import duration, positive, size
from numerai_predict.cli.secrets import hide
from numerai_predict.cli.stdout import PRINT_ELSEWHERE, print_or_tell, print_result
from numerai_predict.cli.terminal import Terminal
from numerai_predict.datasets import BENCHMARK_MODELS, LIVE_FEATURES
from numerai_predict.failures import Failure
from numerai_predict.job import Job, Limits
from numerai_predict.record import Phase, failure_content, redacted
from numerai_predict.redaction import Redaction
from numerai_predict.report import Check
from numerai_predict.sandbox.isolation import MODES
from numerai_predict.sandbox.output import escape_text

DESCRIPTION = "Run a pickled model twice as Numerai runs it, and say whether it will pass."

EPILOG = """\
examples:
  numerai-predict check model.pkl                          on the round's live data
  numerai-predict check model.pkl --dataset live.parquet --benchmarks live_benchmark_models.parquet
  numerai-predict check model.pkl --quick                  read only, not run; with --env, for that environment
  numerai-predict check model.pkl --env image:3.12         in the container

exit codes:
  0 it will pass    1 it may fail    2 the command line    10-39 it will fail, for this reason
  40-59 it could not be checked    70 a fault of this program    130, 143 interrupted    (docs/failures.md)
"""


class _Steps(Terminal):
    """What the two runs look like; that their predictions are written for a moment concerns nobody."""

    def phase_ended(self, phase: Phase) -> None:
        if phase.name != "deliver":
            super().phase_ended(phase)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this command."""
    box = Limits()
    add = parser.add_argument
    add("model", metavar="MODEL", help="the pickled function, a file or an http(s) URL")
    dataset = "live features, a parquet file or a name of Numerai's (default: %(default)s)"
    add("--dataset", default=LIVE_FEATURES, metavar="FILE", help=dataset)
    benchmarks = "live benchmark models, for functions of two arguments (default: %(default)s)"
    add("--benchmarks", default=BENCHMARK_MODELS, metavar="FILE", help=benchmarks)
    env = "where it runs: auto, current, 3.XX, the path of an environment, image:3.XX (default: %(default)s)"
    add("--env", default="auto", metavar="ENV", help=env)
    add("--memory", type=positive(size), default=box.memory, metavar="SIZE", help="the box's memory (default: 4GB)")
    add("--timeout", type=positive(duration), default=box.timeout, metavar="TIME", help="its time (default: 600s)")
    add("--cpus", type=positive(int), default=box.cpus, metavar="N", help="its CPUs (default: %(default)s)")
    isolation = "what a model may not reach, as in predict (default: %(default)s)"
    add("--isolation", choices=MODES, default=Job.isolation, help=isolation)
    add("--quick", action="store_true", help="stop after reading the pickle: do not run it")
    add("--json", action="store_true", help="print the verdict and all that it rests on as JSON")
    add("--quiet", action="store_true", help="print the verdict only")
    add("--debug", action="store_true", help="say more: versions, limits, the program's own tracebacks")


def run(arguments: argparse.Namespace) -> int:
    """Run the command; return its exit code."""
    redact = Redaction([])
    terminal = Terminal(redact, quiet=arguments.quiet, debug=arguments.debug)
    interruption.listen()
    try:
        redact = hide([arguments.model, arguments.dataset, arguments.benchmarks], None)
        terminal = _Steps(redact, quiet=arguments.quiet, debug=arguments.debug)
        job = Job(
            model=arguments.model,
            dataset=arguments.dataset,
            benchmarks=arguments.benchmarks,
            isolation=arguments.isolation,
            env=arguments.env,
            limits=Limits(memory=arguments.memory, timeout=arguments.timeout, cpus=arguments.cpus),
        )
        if not arguments.quick:
            terminal.started(job)
        found = check(job, terminal, redact, arguments.quick)
    except Failure as failure:
        return _not_checked(failure, arguments, terminal, redact)
    except interruption.Interrupted as interrupted:
        return _not_checked(failures.interruption(str(interrupted), "check"), arguments, terminal, redact)
    except Exception as error:
        return _not_checked(failures.internal(error), arguments, terminal, redact)
    return _tell(found, arguments, terminal, redact)


def _tell(found: Check, arguments: argparse.Namespace, terminal: Terminal, redact: Redaction) -> int:
    """Print the verdict; return the exit code."""
    if arguments.json:
        text = json.dumps(redacted(found.as_json(), redact), indent=1)
    else:
        text = redact("\n".join(map(escape_text, [*_details(found.traceback), *found.lines()])))
    problem = print_or_tell(text)
    if not problem:
        return found.exit_code
    evidence = {"path": "standard output", "problem": problem, "predictions": f"It {found.verdict}."}
    unsaid = Failure("record_not_written", remedy=PRINT_ELSEWHERE, **evidence)
    terminal.failed(unsaid)
    return unsaid.exit_code


def _not_checked(failure: Failure, arguments: argparse.Namespace, terminal: Terminal, redact: Redaction) -> int:
    """Say why there is no verdict; return the exit code."""
    terminal.failed(failure)
    if arguments.json:
        content = {"verdict": None, "failure": failure_content(failure)}
        try:
            print_result(json.dumps(redacted(content, redact), indent=1))
        except Failure as unsaid:
            terminal.failed(unsaid)
    return failure.exit_code


def _details(traceback: str) -> list[str]:
    return [f"  {line}" for line in traceback.splitlines()]
