"""The command `numerai-predict`: argument parsing and the terminal, one module for each subcommand."""

import argparse
import sys
from collections.abc import Sequence
from typing import Protocol

from numerai_predict import __version__
from numerai_predict.cli import predict, upload


class Command(Protocol):
    """What a module of this package has to have to be a subcommand."""

    DESCRIPTION: str
    EPILOG: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare its options."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Run it; return the exit code."""


COMMANDS: dict[str, Command] = {"predict": predict, "upload": upload}
"""The subcommands by name; the first line of a module's docstring says what it does."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with the given arguments, by default the process's; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="numerai-predict", description="Run pickled models for the Numerai Tournament.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"numerai-predict {__version__}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        summary, _, _ = str(module.__doc__).partition("\n")
        subparser = subparsers.add_parser(
            name,
            help=summary,
            description=module.DESCRIPTION,
            epilog=module.EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        subparser.add_argument("--version", action="version", version=f"numerai-predict {__version__}")
        module.add_arguments(subparser)
    for stream in (sys.stdout, sys.stderr):
        # What a model says may hold characters that the terminal's encoding lacks.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    arguments = parser.parse_args(argv)
    return COMMANDS[arguments.command].run(arguments)
