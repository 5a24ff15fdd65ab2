"""Make the directory of a new Python from the newest one: `make add_python_version VERSION=3.15`.

Makes pyproject.toml and Dockerfile. What follows by itself, because it reads the directories: `make versions`, the
targets of the Makefile, the matrix of the workflows. What has to be done next, because it needs the new interpreter:
the lock and the test pickles.
"""

import re
import sys

import dockerfiles

from numerai_predict.environments.directories import ROOT, versions


def main() -> None:
    """Make the directory, unless it is there or the version makes no sense."""
    version = sys.argv[1] if len(sys.argv) == 2 else ""
    if not re.fullmatch(r"3\.\d\d", version):
        sys.exit(f"{version!r} is not a version such as 3.15")
    folder = ROOT / f"py{version}"
    if folder.exists():
        sys.exit(f"py{version} is there already")
    newest = versions()[-1]
    folder.mkdir()
    text = (ROOT / f"py{newest}" / "pyproject.toml").read_text()
    (folder / "pyproject.toml").write_text(for_version(text, newest, version))
    (folder / "Dockerfile").write_text(dockerfiles.render(version))
    print(f"py{version} has the packages of py{newest}; edit py{version}/pyproject.toml if some have no wheel for it")


def for_version(text: str, old: str, new: str) -> str:
    """Return a pyproject.toml with one Python's name and bounds replaced by another's."""
    text = text.replace(f'"py{old.replace(".", "-")}"', f'"py{new.replace(".", "-")}"')
    text = text.replace(f"Python {old} environment", f"Python {new} environment")
    return text.replace(f">={old},<{following(old)}", f">={new},<{following(new)}")


def following(version: str) -> str:
    """The minor version after another: "3.15" after "3.14"."""
    major, minor = version.split(".")
    return f"{major}.{int(minor) + 1}"


if __name__ == "__main__":
    main()
