"""The py3.XX directories: every one whole, locked as it says, and the same as the others where it should be."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, scrubbed_environment
from packaging.requirements import Requirement

from numerai_predict.environments import directories, interpreters
from numerai_predict.environments.export import PLATFORMS, requirements_file, without_wheel

VERSIONS = directories.versions()
EACH = pytest.mark.parametrize("version", VERSIONS)


def poetry() -> str:
    """Poetry, which `make test` installs apart from everything else."""
    path = os.environ.get("POETRY", str(ROOT / ".venv/poetry/bin/poetry"))
    if not Path(path).exists():
        if "CI" in os.environ:
            pytest.fail("`make test` installs Poetry there")
        pytest.skip(f"Poetry is not at {path}; `make test` installs it there")
    return path


def make(*arguments: str) -> str:
    command = ["make", "--no-print-directory", "-C", str(ROOT), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


# --- directories


@EACH
def test_a_directory_is_whole(version):
    """Each directory has its four files, is named after its Python, and takes exactly that one."""
    folder = directories.directory(version)
    project = directories.read_toml(folder / "pyproject.toml")["project"]
    minor = int(version.removeprefix("3."))

    assert {path.name for path in folder.iterdir()} == {
        "Dockerfile",
        "poetry.lock",
        "pyproject.toml",
        "requirements.txt",
    }
    assert project["name"] == f"py3-{minor}"
    assert project["readme"] == "../README.md"
    assert project["requires-python"] == f">=3.{minor},<3.{minor + 1}"


@EACH
def test_the_lock_is_that_of_the_pyproject(version):
    """Poetry finds that the lock fits the pyproject.toml, and exports from it the requirements.txt that is there."""
    folder = directories.directory(version)
    export = ["export", "--format", "requirements.txt", "--without-hashes"]
    options = {
        "cwd": folder,
        "capture_output": True,
        "text": True,
        "env": os.environ | {"POETRY_VIRTUALENVS_CREATE": "false"},
    }

    subprocess.run([poetry(), "check", "--lock"], check=True, **options)
    exported = subprocess.run([poetry(), *export], check=True, **options).stdout
    assert exported == (folder / "requirements.txt").read_text()


@EACH
def test_locks_name_no_registry(version):
    """Neither a lock nor an export names a place where packages come from."""
    folder = directories.directory(version)

    assert "://" not in (folder / "requirements.txt").read_text()
    assert not re.search(r"^(url|index) =|^\[package\.source\]", (folder / "poetry.lock").read_text(), re.MULTILINE)
    assert list(ROOT.rglob("uv.lock")) == []


@EACH
def test_what_models_import_is_exact(version):
    """Every direct dependency is pinned to one version, but for the plumbing and what old pickles only import."""
    text = (directories.directory(version) / "pyproject.toml").read_text()
    exact = re.findall(r'"([\w-]+) \(==', text)
    ranges = re.findall(r'"([\w-]+) \((?!==)', text)

    assert {"numpy", "pandas", "scikit-learn", "lightgbm", "torch", "cloudpickle"} <= set(exact)
    assert {"requests", "numerapi", "urllib3", "platformdirs"} <= set(ranges)
    assert len(exact) > 25


def test_dockerfiles_are_generated():
    """Every Dockerfile is what the template makes of its directory."""
    environment = scrubbed_environment() | {"PYTHONPATH": str(ROOT / "src")}
    check = [sys.executable, str(ROOT / "tools/dockerfiles.py"), "--check"]

    subprocess.run(check, check=True, env=environment)


WITHOUT_WHEEL = {
    ("3.10", "macOS arm64"): ["lightgbm"],  # 4.0.0 has to be built from source there
    ("3.10", "Windows x86-64"): ["tensorflow-io-gcs-filesystem"],  # which TensorFlow asks for and has none of
    ("3.11", "Windows x86-64"): ["tensorflow-io-gcs-filesystem"],
    # Apple's older processors, which new releases leave behind.
    ("3.10", "macOS x86-64"): ["cryptography", "jaxlib", "tensorflow", "ydf"],
    ("3.11", "macOS x86-64"): ["cryptography", "jaxlib", "tensorflow", "torch", "ydf"],
    ("3.12", "macOS x86-64"): ["cryptography", "jaxlib", "tensorflow", "torch", "ydf"],
    ("3.13", "macOS x86-64"): ["cryptography", "jaxlib", "tensorflow", "torch", "ydf"],
    ("3.14", "macOS x86-64"): ["cryptography", "jaxlib", "llvmlite", "numba", "torch"],
}
"""What has to be built, or cannot be had; everything else installs everywhere from wheels."""


@EACH
@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.name)
def test_every_package_has_a_wheel(version, platform):
    """Every package that a lock needs on a platform has a wheel for it, but for the few that are known."""
    requirements = directories.read_lock(version).requirements.values()
    missing = [requirement.name for requirement in without_wheel(version, platform, requirements)]
    print(f"Python {version} on {platform.name}: {', '.join(missing) or 'every package has a wheel'}")

    assert missing == WITHOUT_WHEEL.get((version, platform.name), [])


# --- exports


def exported(folder: Path, *arguments: str) -> Path:
    """The file that `numerai-predict env export` prints."""
    command = [sys.executable, "-m", "numerai_predict", "env", "export", *arguments]
    environment = scrubbed_environment() | {"PYTHONPATH": str(ROOT / "src")}
    path = folder / "requirements.txt"
    path.write_text(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout)
    return path


@pytest.mark.timeout(600)  # the first time, it has to fetch their packages
def test_pip_installs_an_export(tmp_path):
    """pip makes of an export exactly the versions of the lock, and finds nothing that another package misses."""
    version = f"3.{sys.version_info.minor}"
    path = exported(tmp_path, version, "joblib")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    pip = [tmp_path / "venv/bin/python", "-m", "pip", "--disable-pip-version-check"]

    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--only-binary", ":all:", "-r", path], check=True)
    subprocess.run([*pip, "check"], check=True)

    frozen = subprocess.run([*pip, "freeze"], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    slice = directories.read_lock(version).slice([*directories.WORKER, "joblib"])
    assert {line.lower().replace("_", "-") for line in frozen} == {line.partition(" ;")[0] for line in slice}


UV_PLATFORMS = {
    "Linux x86-64": "x86_64-manylinux_2_36",
    "Linux arm64": "aarch64-manylinux_2_36",
    "macOS arm64": "aarch64-apple-darwin",
    "macOS x86-64": "x86_64-apple-darwin",
    "Windows x86-64": "x86_64-pc-windows-msvc",
}
"""What uv calls the platforms of an export."""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.name)
@pytest.mark.parametrize(
    ("version", "packages", "absent"),
    [
        ("3.10", ("lightgbm",), {"macOS arm64": {"lightgbm"}}),
        (
            "3.12",
            ("jaxlib", "ydf"),
            {name: {"ydf"} for name in ("Linux arm64", "macOS arm64", "Windows x86-64")}
            | {"macOS x86-64": {"jaxlib", "ydf"}},
        ),
    ],
    ids=["3.10", "3.12"],
)
def test_an_export_for_another_platform(version, packages, absent, platform, tmp_path):
    """On each platform, uv finds a wheel of everything in an export but of what the file says is left out there."""
    path = exported(tmp_path, version, *packages)
    command = [str(Path(sys.executable).with_name("uv")), "pip", "compile", "--quiet", "--no-deps", "--no-annotate"]
    command += ["--only-binary", ":all:", "--python-version", version, str(path)]

    command += ["--python-platform", UV_PLATFORMS[platform.name]]
    found = subprocess.run(command, env=os.environ | {"UV_SYSTEM_CERTS": "true"}, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    said = re.findall(rf"^# Not on {platform.name}: (.*)$", path.read_text(), re.MULTILINE)
    names, everything = (set(re.findall(r"^[\w.-]+", text, re.MULTILINE)) for text in (found.stdout, path.read_text()))
    assert everything - names == {name for line in said for name in line.split(", ")}
    assert everything - names == absent.get(platform.name, set())


def test_an_export_of_what_several_platforms_lack():
    """A package that has wheels for one system only is left out on each of the others, whatever its own marker says."""
    (line,) = (line for line in directories.read_lock("3.12").requirements.values() if line.startswith("triton=="))
    pin = line.partition(" ;")[0]

    *comments, exported = requirements_file(
        "3.12", [f'{pin}; python_version == "3.12" or os_name == "nt"']
    ).splitlines()

    marker = Requirement(exported).marker
    environments = {one: {"sys_platform": one.sys_platform, "platform_machine": one.machine} for one in PLATFORMS}
    has = {one.name for one, machine in environments.items() if marker.evaluate(machine | {"python_version": "3.12"})}
    said = {one.name for one in PLATFORMS if f"# Not on {one.name}: triton" in comments}
    assert "Linux x86-64" in has
    assert said == {one.name for one in PLATFORMS} - has
    assert {"macOS arm64", "macOS x86-64", "Windows x86-64"} <= said


# --- slices


@EACH
def test_a_slice(version):
    """The slice of an import holds its package, what this needs, and what it imports if it is there: little else."""
    lock = directories.read_lock(version)
    lines = lock.slice(["lightgbm", "pandas"])
    names = {line.partition("==")[0] for line in lines}

    assert {"lightgbm", "numpy", "scipy", "pandas", "python-dateutil", "scikit-learn"} <= names
    assert "torch" not in names
    assert len(names) < len(lock.requirements) / 4
    assert set(lines) <= set((directories.directory(version) / "requirements.txt").read_text().splitlines())


def test_imports_that_are_named_otherwise():
    """What is imported under another name than its package is found; of a dotted import, the first part counts."""
    lines = directories.read_lock("3.12").slice(["sklearn.linear_model", "PIL", "pytorch_lightning"])
    names = {line.partition("==")[0] for line in lines}

    assert {"scikit-learn", "pillow", "pytorch-lightning"} <= names


def test_an_import_that_no_package_has():
    """An import that the lock has no package for is named."""
    with pytest.raises(LookupError, match="no-such-thing"):
        directories.read_lock("3.12").slice(["no_such_thing"])


def test_a_python_without_a_directory():
    """A Python that there is no environment for is named, and so are those that there are."""
    with pytest.raises(LookupError, match=r"3\.9.*3\.10, 3\.11"):
        directories.directory("3.9")


# --- pickles


@EACH
def test_pickles(version):
    """Each Python has its two pickles, small enough to be kept here, without a path of the machine that made them."""
    for suffix in ("", "_legacy"):
        content = (ROOT / f"tests/models/model_{version.replace('.', '_')}{suffix}.pkl").read_bytes()
        assert len(content) < 300_000
        assert re.findall(rb"/(?:home|root|tmp|work|Users|usr|var)/[\x20-\x7e]*", content) == []


@EACH
@pytest.mark.timeout(600)  # the first time, it has to fetch their packages
def test_pickles_run_in_their_environment(version):
    """Both pickles give the same valid predictions in an environment made from that Python's lock."""
    if interpreters.interpreter(version) is None:
        pytest.skip(f"this machine has no Python {version}")
    environment = scrubbed_environment() | {"PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, str(ROOT / "tools/try_environment.py"), version]
    run = subprocess.run(command, capture_output=True, text=True, env=environment)

    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count("300 valid predictions") == 2


@pytest.mark.timeout(600)  # the first time; later the engine has everything but the program
def test_pickles_run_in_their_container():
    """Both pickles give valid predictions in an image of what they need: as root, and as a user who may do nothing.

    The image of one Python, that of these tests, on whatever engine answers; `make test_images` does it for all.
    """
    version = f"3.{sys.version_info.minor}"
    environment = scrubbed_environment() | {"PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, str(ROOT / "tools/try_environment.py"), version, "--core"]
    run = subprocess.run(command, capture_output=True, text=True, env=environment)

    if "NOT TRIED" in run.stdout:
        pytest.skip(run.stdout.strip())
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count("300 valid predictions") == 4


def test_what_was_found_is_written_into_the_table(tmp_path, monkeypatch):
    """A Python's new figures take the place of its old ones, a new Python gets a row, and the predecessor's stay."""
    monkeypatch.syspath_prepend(ROOT / "tools")
    from try_environment import write_row

    page = tmp_path / "page.md"
    page.write_text("| Python | GB | predecessor |\n|---|---|---|\n| 3.9 | 1 | 2 |\n| 3.10 | 3 | 4 |\n\nEnd\n")
    write_row(page, ["3.11", "5"])
    write_row(page, ["3.9", "6"])

    rows = "| 3.9 | 6 | 2 |\n| 3.10 | 3 | 4 |\n| 3.11 | 5 | - |\n"
    assert page.read_text() == "| Python | GB | predecessor |\n|---|---|---|\n" + rows + "\nEnd\n"


@EACH
def test_no_package_stands_twice(version):
    """An export names no package twice: for one system two versions of it cannot be installed, and images fail."""
    lines = (ROOT / f"py{version}" / "requirements.txt").read_text().splitlines()
    names = [re.split(r"[\[=]", line)[0] for line in lines]

    assert sorted(names) == sorted(set(names))


# --- what follows from the directories


def test_make_knows_the_versions():
    """The Makefile lists the directories, and a target of each kind for every one of them."""
    assert make("versions").split() == VERSIONS
    for target in ("build", "test", "push_latest", "push_stable", "lock", "env"):
        for version in VERSIONS:
            name = f"{target}_{version.replace('.', '_')}"
            dry = ["make", "-n", "-C", str(ROOT), name, "ACCOUNT_ID=1", "ENGINE=engine"]
            assert subprocess.run(dry, capture_output=True).returncode == 0, name


def test_matrix_of_the_workflows():
    """The matrix of the workflows has every version, in the forms that other tools rely on."""
    matrix = json.loads(make("versions.json"))

    assert [row["version"] for row in matrix] == VERSIONS
    assert {"version": "3.10", "target": "3_10", "image": "3{0}10"} in matrix


def test_workflows_pin_their_actions():
    """Every action of another repository is pinned by its commit, with the version beside it."""
    for path in (ROOT / ".github/workflows").iterdir():
        for action in re.findall(r"uses: (.*)", path.read_text()):
            assert action.startswith("$/") or re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", action), action


def test_a_new_python(tmp_path):
    """A new Python is one command: everything but lock and pickles is there, and nothing else needed a hand."""
    clone = tmp_path / "clone"
    nothing_made = shutil.ignore_patterns(".git", ".venv*", "sample", "__pycache__", ".*_cache", ".hypothesis")
    shutil.copytree(ROOT, clone, ignore=nothing_made)
    environment = scrubbed_environment() | {"PYTHONPATH": str(clone / "src")}
    command = [sys.executable, str(clone / "tools/add_python_version.py"), "3.99"]
    subprocess.run(command, check=True, env=environment, capture_output=True)

    project = directories.read_toml(clone / "py3.99/pyproject.toml")["project"]
    assert project["requires-python"] == ">=3.99,<3.100"
    assert project["name"] == "py3-99"
    dockerfile = (clone / "py3.99/Dockerfile").read_text()
    assert "python:3.99-slim" in dockerfile
    assert "py3.14" not in dockerfile
    for target in ("versions", "versions.json", "help"):
        listed = subprocess.run(["make", "-C", str(clone), target], capture_output=True, text=True).stdout
        assert "99" in listed
    assert subprocess.run(command, env=environment, capture_output=True).returncode == 1
