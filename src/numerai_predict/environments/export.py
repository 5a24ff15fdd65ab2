"""A lock as a requirements file that pip and uv install on every system that people train on.

The boxes are Linux. Some packages have no wheel for another system, and pip would try to build them; they are left out
there, and the file says so.
"""

from collections.abc import Iterable
from typing import NamedTuple

from packaging import tags
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from numerai_predict.environments import directories

GLIBC = 36
"""Minor version of the C library of the boxes, Debian 12; Linux machines need one as new as a wheel asks for."""

MACOS = (14, 0)
"""What a Mac is taken to have; wheels for newer ones do not count."""

_OLD_NAMES = ("manylinux2014", "manylinux2010", "manylinux1")
"""Of glibc 2.17, 2.12 and 2.5, as they were called before PEP 600."""


class Platform(NamedTuple):
    """A kind of machine, as markers call it."""

    name: str
    sys_platform: str
    system: str
    machine: str


PLATFORMS = (
    Platform("Linux x86-64", "linux", "Linux", "x86_64"),
    Platform("Linux arm64", "linux", "Linux", "aarch64"),
    Platform("macOS arm64", "darwin", "Darwin", "arm64"),
    Platform("macOS x86-64", "darwin", "Darwin", "x86_64"),
    Platform("Windows x86-64", "win32", "Windows", "AMD64"),
)


def requirements_file(version: str, requirements: list[str]) -> str:
    """Return a requirements file, with markers for the platforms on which a package is left out.

    Args:
        version: the Python, as "3.12".
        requirements: lines as in a requirements.txt: a lock, or a slice of one.
    """
    missing = {platform: without_wheel(version, platform, requirements) for platform in PLATFORMS}
    lines = [
        f"# {len(requirements)} packages as the box of Python {version} has them, and all that they need.",
        f"# With Python {version}: pip install --no-deps -r FILE, or uv pip install --no-deps -r FILE",
        *_left_out(version, requirements, missing),
    ]
    for line in requirements:
        requirement = Requirement(line)
        for platform, without in missing.items():
            if Requirement(line) in without:
                elsewhere = f'sys_platform != "{platform.sys_platform}" or platform_machine != "{platform.machine}"'
                before = f"({requirement.marker}) and " if requirement.marker else ""
                requirement.marker = Marker(f"{before}({elsewhere})")
        lines.append(str(requirement))
    return "\n".join(lines) + "\n"


def _left_out(version: str, requirements: list[str], missing: dict[Platform, list[Requirement]]) -> list[str]:
    """Say what the box has and other platforms have not, for want of a wheel or by the lock's own markers."""
    in_the_box = [one for one in map(Requirement, requirements) if _applies(one, version, PLATFORMS[0])]
    lines = []
    for platform, without in missing.items():
        names = [one.name for one in in_the_box if one in without or not _applies(one, version, platform)]
        lines += [f"# Not on {platform.name}: {', '.join(names)}"] if names else []
    return lines


def without_wheel(version: str, platform: Platform, requirements: Iterable[str]) -> list[Requirement]:
    """Return those requirements that a platform has to meet, by their markers, and has no wheel for in the lock.

    Args:
        version: the Python, as "3.12".
        platform: one of `PLATFORMS`.
        requirements: lines as in a requirements.txt.
    """
    takes = _wheel_tags(version, platform)
    files = {
        (canonicalize_name(package["name"]), package["version"]): [file["file"] for file in package["files"]]
        for package in directories.read_toml(directories.directory(version) / "poetry.lock")["package"]
    }
    missing = []
    for requirement in map(Requirement, requirements):
        pin = str(requirement.specifier).removeprefix("==")
        wheels = [file for file in files[canonicalize_name(requirement.name), pin] if file.endswith(".whl")]
        fits = any(takes & parse_wheel_filename(wheel)[3] for wheel in wheels)
        if not fits and _applies(requirement, version, platform):
            missing.append(requirement)
    return missing


def _applies(requirement: Requirement, version: str, platform: Platform) -> bool:
    """Whether a requirement has to be met on a platform, by its marker."""
    machine = {
        "sys_platform": platform.sys_platform,
        "platform_system": platform.system,
        "platform_machine": platform.machine,
        "python_version": version,
        "python_full_version": f"{version}.0",
    }
    return requirement.marker is None or requirement.marker.evaluate(machine)


def _wheel_tags(version: str, platform: Platform) -> set[tags.Tag]:
    """Return the tags of all wheels that a Python on a platform can install."""
    machine = platform.machine
    if platform.sys_platform == "linux":
        names = [*(f"manylinux_2_{minor}" for minor in range(GLIBC, 4, -1)), *_OLD_NAMES, "linux"]
        platforms = [f"{name}_{machine}" for name in names]
    elif platform.sys_platform == "darwin":
        platforms = list(tags.mac_platforms(MACOS, machine))
    else:
        platforms = ["win_amd64"]
    python = (3, int(version.partition(".")[2]))
    return {*tags.cpython_tags(python, platforms=platforms), *tags.compatible_tags(python, platforms=platforms)}
