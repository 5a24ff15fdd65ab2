"""What an environment holds, read from its files: held against what its own interpreter says, and by hand."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from numerai_predict.environments.installed import read_installed
from numerai_predict.environments.interpreters import interpreter

PYTHONS = [version for version in ("3.10", "3.11", "3.12", "3.13", "3.14") if interpreter(version)]
HERE = f"3.{sys.version_info.minor}"

_MODULES = """
import json, os, pkgutil, sys
found = []
for folder in sys.path:
    for module in pkgutil.iter_modules([folder]):
        found.append(module.name)
        if module.ispkg:
            found += [f"{module.name}.{one.name}" for one in pkgutil.iter_modules([os.path.join(folder, module.name)])]
print(json.dumps([sys.version_info[:2], found]))
"""


def made(folder: Path, version: str = HERE) -> Path:
    """A virtual environment of a Python, made by that Python, with one package in it; return where packages lie."""
    python = interpreter(version)
    assert python
    subprocess.run([python, "-m", "venv", "--without-pip", "--symlinks", folder], check=True)
    (packages,) = folder.glob("lib/python3.*/site-packages")
    (packages / "Some_Package-1.2.3+cpu.dist-info").mkdir()
    (packages / "some_package/inner").mkdir(parents=True)
    (packages / "some_package/__init__.py").write_text("raise SystemExit('imported')")
    return packages


@pytest.mark.parametrize("version", PYTHONS)
def test_an_interpreters_own_modules_are_found(version):
    """What a Python finds of its installation, compiled modules included, is found from outside."""
    python = interpreter(version)
    said = subprocess.run([python, "-I", "-c", _MODULES], check=True, capture_output=True, text=True).stdout
    (major, minor), modules = json.loads(said)
    installed = read_installed(Path(python))

    assert installed.python == f"{major}.{minor}" == version
    assert len(modules) > 500
    assert [name for name in modules if not installed.has(name)] == []


@pytest.mark.parametrize("version", PYTHONS)
def test_a_virtual_environment(tmp_path, version):
    """Of a virtual environment, Python, packages and their versions are read, by its folder or by its interpreter."""
    made(tmp_path / "env", version)

    for path in (tmp_path / "env", tmp_path / "env/bin/python"):
        installed = read_installed(path)
        assert installed.python == version
        assert installed.versions.get("some-package") == "1.2.3+cpu"
        assert installed.versions.get("pandas") is None
        assert installed.has("some_package")
        assert installed.has("some_package.inner")  # a folder without __init__.py is a package, too
        assert installed.has("concurrent.futures")
        assert installed.has("os.path")
        assert installed.has("math")
        assert not installed.has("some_package.other")
        assert not installed.has("pandas")
    assert read_installed(tmp_path / "env").has("asyncore") == (version in ("3.10", "3.11"))  # gone from 3.12 on


def test_nothing_of_it_is_run(tmp_path):
    """Neither the interpreter, nor a module, nor the code in a .pth file is run; paths in .pth files are followed."""
    packages = made(tmp_path / "env")
    (tmp_path / "env/bin/python").unlink()
    (tmp_path / "env/bin/python").write_text("#!/bin/sh\ntouch " + str(tmp_path / "ran"))
    (tmp_path / "env/bin/python").chmod(0o755)
    (tmp_path / "own").mkdir()
    (tmp_path / "own/mine.py").write_text("")
    (packages / "own.pth").write_text(
        f"import pathlib; pathlib.Path({str(tmp_path / 'ran')!r}).touch()\n../../../../own\n"
    )
    installed = read_installed(tmp_path / "env/bin/python")

    assert installed.has("mine")
    assert installed.has("some_package")
    assert not (tmp_path / "ran").exists()


def test_packages_of_the_system(tmp_path):
    """Packages of the base count if pyvenv.cfg includes them, and do not otherwise."""
    base, env = tmp_path / "base", tmp_path / "env"
    (base / "lib/python3.12/site-packages/theirs-2.0.dist-info").mkdir(parents=True)
    (env / "lib/python3.12/site-packages").mkdir(parents=True)
    for include, version in (("true", "2.0"), ("false", None)):
        text = f"home = {base}/bin\nversion_info = 3.12.4.final.0\ninclude-system-site-packages = {include}\n"
        (env / "pyvenv.cfg").write_text(text)
        assert read_installed(env).versions.get("theirs") == version


def test_where_there_is_none(tmp_path):
    """A folder without a Python, a path that is not there, and an environment of a Python that has gone are told."""
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(LookupError, match="no Python environment"):
            read_installed(path)
    (tmp_path / "pyvenv.cfg").write_text(f"home = {tmp_path}/gone/bin\nversion = 3.12.1\n")
    with pytest.raises(LookupError, match=r"the Python 3\.12 of .* is gone"):
        read_installed(tmp_path)
