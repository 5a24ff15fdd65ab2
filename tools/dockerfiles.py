"""Write each directory's Dockerfile from the one template; `--check` only compares."""

import sys

from numerai_predict.environments.directories import ROOT, read_toml, versions

TEMPLATE = ROOT / "tools" / "Dockerfile.in"


def render(version: str) -> str:
    """Return the Dockerfile of a Python.

    What differs between Pythons stands in the table `tool.numerai-predict` of their pyproject.toml: `leave-out`, the
    packages that nothing loads without a GPU, and `env`, variables of the image.
    """
    own = read_toml(ROOT / f"py{version}" / "pyproject.toml").get("tool", {}).get("numerai-predict", {})
    variables = "".join(f" {name}={value}" for name, value in own.get("env", {}).items())
    text = TEMPLATE.read_text().replace("@VERSION@", version)
    return text.replace("@LEAVE_OUT@", " ".join(own.get("leave-out", []))).replace("@ENV@", variables)


def main() -> None:
    """Write or compare all of them."""
    differing = []
    for version in versions():
        path = ROOT / f"py{version}" / "Dockerfile"
        if not path.exists() or path.read_text() != render(version):
            differing.append(f"py{version}/Dockerfile")
            if "--check" not in sys.argv:
                path.write_text(render(version))
    if differing and "--check" in sys.argv:
        sys.exit(f"Not what `make dockerfiles` writes: {', '.join(differing)}")


if __name__ == "__main__":
    main()
