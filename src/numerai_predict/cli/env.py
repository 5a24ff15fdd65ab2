"""`numerai-predict env`: what the boxes hold, and virtual environments with the same versions on this machine."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from numerai_predict import choice
from numerai_predict.cli.stdout import print_result
from numerai_predict.cli.terminal import Terminal
from numerai_predict.environments import directories, store
from numerai_predict.failures import Failure
from numerai_predict.redaction import Redaction

DESCRIPTION = "Show what Numerai's boxes hold, and make environments with exactly these versions."

EPILOG = """\
examples:
  numerai-predict env show 3.12                          what the box of Python 3.12 holds
  numerai-predict env export 3.12 lightgbm > requirements.txt   for pip, on Linux, macOS and Windows
  numerai-predict env create 3.12 lightgbm scikit-learn  these, and what they need, at the box's versions
  numerai-predict env create 3.12 --full                 everything: some 10 GB
  numerai-predict env list                               what is there, and how much disk it uses
  numerai-predict env remove 3.12-0c5a9e31f2d8           or --all, or --unfinished

exit codes:
  0 done    2 the command line    53 no such environment could be made
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this command."""
    commands = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    show = commands.add_parser("show", help="print the packages of a box, with their versions")
    show.add_argument("version", choices=directories.versions())
    show.add_argument("packages", nargs="*", metavar="PACKAGE", help="only these, and what they need")
    export = commands.add_parser("export", help="print a requirements file with the box's versions, for any system")
    export.add_argument("version", choices=directories.versions())
    export.add_argument("packages", nargs="*", metavar="PACKAGE", help="only these, and what they need")
    create = commands.add_parser("create", help="make a virtual environment, and print its interpreter")
    create.add_argument("version", choices=directories.versions())
    create.add_argument(
        "packages", nargs="*", metavar="PACKAGE", help="what it has to hold, besides pandas and pyarrow"
    )
    create.add_argument("--full", action="store_true", help="the whole lock")
    create.add_argument("--folder", type=Path, help="make it there, anew, instead of where they are kept")
    commands.add_parser("list", help="print the environments that are there")
    remove = commands.add_parser("remove", help="remove environments")
    remove.add_argument("names", nargs="*", metavar="NAME")
    remove.add_argument("--all", action="store_true", help="all of them")
    remove.add_argument("--unfinished", action="store_true", help="what killed runs have left")


def run(arguments: argparse.Namespace) -> int:
    """Run the command; return its exit code."""
    try:
        actions = {"show": _show, "export": _export, "create": _create, "list": _list, "remove": _remove}
        for line in actions[arguments.action](arguments):
            print_result(line)
        return 0
    except Failure as error:
        failure = error
    except BrokenPipeError:
        raise
    except OSError as error:
        fix = f"See to whom {store.home()} belongs, or set XDG_CACHE_HOME to another folder."
        failure = Failure("usage", problem=f"{error.filename}: {error.strerror}.", fix=fix)
    Terminal(Redaction([]), quiet=False, debug=False).failed(failure)
    return failure.exit_code


# Each yields the lines to be printed.


def _show(arguments: argparse.Namespace) -> Iterator[str]:
    yield "\n".join(_wanted(arguments.version, arguments.packages, full=not arguments.packages))


def _export(arguments: argparse.Namespace) -> Iterator[str]:
    from numerai_predict.environments.export import requirements_file  # it alone needs `packaging`

    wanted = _wanted(arguments.version, arguments.packages, full=not arguments.packages)
    yield requirements_file(arguments.version, wanted).rstrip("\n")


def _create(arguments: argparse.Namespace) -> Iterator[str]:
    version = arguments.version
    wanted = _wanted(version, arguments.packages, arguments.full)
    _refuse_what_is_there(arguments.folder)
    try:
        if arguments.folder is not None:
            python = store.create(version, arguments.folder, wanted)
        else:
            python = store.provide(version, wanted, lambda sentence: print(f"  {sentence}", file=sys.stderr)).python
    except (LookupError, RuntimeError, OSError) as error:
        raise choice.not_made(version, error) from None
    yield str(python)


def _refuse_what_is_there(folder: Path | None) -> None:
    """Of what is there, only an environment is replaced."""
    if folder is None or not folder.exists() or (folder / "pyvenv.cfg").exists():
        return
    if not folder.is_dir() or any(folder.iterdir()):
        raise Failure("usage", problem=f"{folder} is there, and is no environment.", fix="Give another --folder.")


def _wanted(version: str, packages: list[str], full: bool) -> list[str]:
    lock = directories.read_lock(version)
    if full:
        return list(lock.requirements.values())
    try:
        return lock.slice([*directories.WORKER, *packages])
    except LookupError as error:
        fix = f"numerai-predict env show {version} lists what there is."
        raise Failure("usage", problem=f"Of Python {version}, {error}.", fix=fix) from None


def _list(_: argparse.Namespace) -> Iterator[str]:
    total = 0
    for one in store.stored():
        use = store.disk_use(one.folder)
        total += use
        names = [line.partition("==")[0] for line in one.requirements]
        yield f"{one.name}  {use / 1e6:8,.0f} MB  {len(names)} packages: {_some(names)}"
    for folder in store.unfinished():
        use = store.disk_use(folder)
        total += use
        yield f"{folder.name}  {use / 1e6:8,.0f} MB  unfinished: numerai-predict env remove --unfinished"
    print(f"{total / 1e6:,.0f} MB in {store.home()}", file=sys.stderr)


def _some(names: list[str], shown: int = 8) -> str:
    return ", ".join(names[:shown]) + (", ..." if names[shown:] else "")


def _remove(arguments: argparse.Namespace) -> Iterator[str]:
    there = {one.name: one.folder for one in store.stored()}
    left = {folder.name: folder for folder in store.unfinished()}
    if unknown := [name for name in arguments.names if name not in there | left]:
        problem = f"There is no environment {unknown[0]}."
        raise Failure("usage", problem=problem, fix="numerai-predict env list shows them.")
    if not (arguments.names or arguments.all or arguments.unfinished):
        raise Failure("usage", problem="It is not said what to remove.", fix="Give names, --unfinished or --all.")
    doomed = {name: (there | left)[name] for name in arguments.names}
    doomed |= there | left if arguments.all else left if arguments.unfinished else {}
    for folder in doomed.values():
        store.remove(folder)
    yield from doomed
