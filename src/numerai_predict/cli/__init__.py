"""The command `numerai-predict`: argument parsing and the terminal, one module for each subcommand."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Protocol, cast

from numerai_predict import __version__
from numerai_predict.cli.stdout import discard_the_rest

COMMANDS = {
    "predict": "run a pickled model, judge its predictions, and save or upload them",
    "upload": "send predictions that are on disk to a presigned POST",
    "inspect": "read a pickle without running it: its Python, its imports, its columns",
    "check": "say whether a pickle will pass, before it is uploaded",
    "env": "show what Numerai's boxes hold, and make environments with these versions",
    "doctor": "say what confines a model on this machine, and what stays open to it",
    "demo": "show an operator's run, against stand-ins on this machine",
}
"""The subcommands, and what each does; the module of the same name is imported only when it is asked for."""

UNREAD = 128 + 13
"""The exit code of what SIGPIPE ends; Python ignores that signal, so that a socket's end is an exception."""


class Command(Protocol):
    """What a module of this package has to have to be a subcommand."""

    DESCRIPTION: str
    EPILOG: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare its options."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Run it; return the exit code."""


def command(name: str) -> Command:
    """Return the module of a subcommand."""
    return cast(Command, import_module(f"numerai_predict.cli.{name}"))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with the given arguments, by default the process's; return its exit code."""
    argv = sys.argv[1:] if argv is None else argv
    _prepare_streams()
    parser = _parser(argv)
    arguments, unknown = parser.parse_known_args(argv)
    if unknown:
        # Their names only: what follows a mistyped --post_data is a secret.
        names = [word.partition("=")[0] for word in unknown if word.startswith("-")]
        parser.error(f"unrecognized arguments: {' '.join(names) or 'a value without a flag'}")
    try:
        _refuse_nowhere()
        code = command(arguments.command).run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        return _unread()
    except Exception as error:  # of ours, which nobody has foreseen; a run has told its own
        return _failed(error, argv)
    return code


def _refuse_nowhere() -> None:
    try:
        os.getcwd()
    except OSError:
        from numerai_predict.failures import Failure

        problem = "The folder that this was started in has been removed."
        raise Failure("usage", problem=problem, fix="Change to another folder, with cd.") from None


def _unread() -> int:
    """End as other programs do when nobody reads on, as of `numerai-predict inspect model.pkl | head -3`."""
    discard_the_rest()
    return UNREAD


def _failed(error: Exception, argv: Sequence[str]) -> int:
    """Say that this program is at fault; return the exit code."""
    from numerai_predict.cli.secrets import argument_secrets
    from numerai_predict.cli.terminal import Terminal
    from numerai_predict.failures import Failure, internal
    from numerai_predict.redaction import Redaction

    failure = error if isinstance(error, Failure) else internal(error)
    redact = Redaction([secret for word in argv for secret in argument_secrets(word)])
    Terminal(redact, quiet=False, debug=True).failed(failure)
    return failure.exit_code


def _prepare_streams() -> None:
    """Make stdout and stderr fit for whatever has to be said; a stream that was closed is one that nobody reads."""
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115  until the process ends
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    # A path may hold bytes that are no text, and has to come out as it is; what a model says has to come out somehow.
    sys.stdout.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]
    sys.stderr.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def _parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """The parser of the whole command, with the options of the one subcommand that is asked for."""
    parser = argparse.ArgumentParser(
        prog="numerai-predict", description="Run pickled models for the Numerai Tournament.", allow_abbrev=False
    )
    version = f"numerai-predict {__version__}"
    parser.add_argument("--version", action="version", version=version)
    # Without prog it formats a usage, for which it imports all that shutil packs files with.
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", prog=parser.prog)
    for name, summary in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=summary, allow_abbrev=False)
        if argv[:1] == [name]:
            module = command(name)
            subparser.description, subparser.epilog = module.DESCRIPTION, module.EPILOG
            subparser.formatter_class = argparse.RawDescriptionHelpFormatter
            subparser.add_argument("--version", action="version", version=version)
            module.add_arguments(subparser)
    return parser
