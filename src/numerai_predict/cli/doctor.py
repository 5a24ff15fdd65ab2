"""`numerai-predict doctor`: what confines a model on this machine, what stays open, and whether models would be run."""

import argparse
import os
import sys

from numerai_predict import interruption
from numerai_predict.cli.terminal import Terminal
from numerai_predict.failures import Failure
from numerai_predict.job import MIB, Limits
from numerai_predict.redaction import Redaction
from numerai_predict.sandbox.isolation import MODES, detect
from numerai_predict.sandbox.launch import available_cpus, temporary_directory
from numerai_predict.sandbox.processes import container_memory
from numerai_predict.sandbox.supervisor import Worker

DESCRIPTION = "Say what confines a model on this machine, what stays open to it, and whether models would be run here."

EPILOG = """\
A worker is started, confines itself, and proves it; no model is run.

exit codes:
  0 models would be run    45 not on this operating system    52 not with this --isolation, or not confined
"""

THINGS = {
    "network": "the network",
    "files": "files that are not the model's",
    "processes": "other programs of this user",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this command."""
    isolation = "tell whether models would be run with it (default: %(default)s)"
    parser.add_argument("--isolation", choices=MODES, default="best-effort", help=isolation)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; return its exit code."""
    interruption.listen()
    try:
        _examine(arguments.isolation)
    except Failure as failure:
        Terminal(Redaction([]), quiet=False, debug=False).failed(failure)
        return failure.exit_code
    except interruption.Interrupted as interrupted:
        return 128 + interrupted.number
    print(f"\nModels are run here with --isolation {arguments.isolation}.")
    return 0


def _examine(mode: str) -> None:
    if os.name == "nt":
        raise Failure("unsupported_platform", platform="Windows")
    found = detect(mode, sys.executable, temporary_directory())
    print("What confines a model:")
    for name, state in found.layers.items() or {"none": f"isolation is {mode} on {sys.platform}"}.items():
        print(f"  {name:<10} {state}")
    open_things = {gap.what: gap.sentence for gap in found.gaps}
    print("\nWhat that means for a model:")
    for what, words in THINGS.items():
        print(f"  {words:<32} {'OPEN: ' + open_things[what] if what in open_things else 'closed'}")
    memory = container_memory()
    limit = f"{memory / MIB:,.0f} MiB, by the container" if memory else "by this program, which looks every 50 ms"
    print(f"\nMemory is limited {limit}; processors to be used: {available_cpus()}.", flush=True)
    with Worker(Limits(), mode, lambda _: None, lambda *_: None) as worker:
        ready = worker.ready()
    versions = ", ".join(f"{name} {version}" for name, version in {"Python": ready.python, **ready.libraries}.items())
    print(f"A worker was started{', confined itself and proved it' if found.layers else ''}: {versions}.")
