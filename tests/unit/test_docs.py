import importlib.util
import re
from pathlib import Path

from numerai_predict.cli import command

ROOT = Path(__file__).resolve().parents[2]


def test_failures_page_is_generated_from_the_code():
    """docs/failures.md is what `make docs` writes."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)

    assert generate.failures_page() == (ROOT / "docs/failures.md").read_text()


def test_files_named_in_the_guides_exist():
    """Every path of this repository that README and AGENTS.md name is there."""
    for guide in ("README.md", "AGENTS.md"):
        for path in re.findall(r"`((?:src|docs|tests|benchmarks|examples)/[\w./-]*)`", (ROOT / guide).read_text()):
            assert (ROOT / path).exists(), f"{guide} names {path}"


def test_make_targets_named_in_the_guides_exist():
    """Every `make` target that README and AGENTS.md name is one."""
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    for guide in ("README.md", "AGENTS.md"):
        named = set(re.findall(r"\bmake ([a-z]\w+)", (ROOT / guide).read_text()))

        assert named
        assert named <= targets, guide


def test_flags_named_in_agents_md():
    """AGENTS.md lists every flag of `predict`, and none that does not exist."""
    import argparse

    parser = argparse.ArgumentParser(add_help=False)
    command("predict").add_arguments(parser)
    flags = {flag for action in parser._actions for flag in action.option_strings}
    section = (ROOT / "AGENTS.md").read_text().partition("## Flags")[2].partition("\n## ")[0]

    assert set(re.findall(r"`(--[\w-]+)", section)) == flags | {"--version", "--help"}
