import importlib.util
import re
from pathlib import Path

from numerai_predict.cli import command
from numerai_predict.environments.directories import versions

ROOT = Path(__file__).resolve().parents[2]


def test_pages_are_generated_from_the_code():
    """Pages that are generated, and parts of docs/security.md and docs/inspect.md, are what `make docs` writes."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)

    assert generate.failures_page() == (ROOT / "docs/failures.md").read_text()
    assert generate.security_page() == (ROOT / "docs/security.md").read_text()
    assert generate.inspect_page() == (ROOT / "docs/inspect.md").read_text()


def test_the_readmes_check_is_that_of_its_page():
    """What README shows of a check stands on docs/check.md, which the other tests hold against what is said."""
    shown = re.findall(
        r"```console\n(?:.*\n)?(\$ numerai-predict check .*?)```", (ROOT / "README.md").read_text(), re.DOTALL
    )

    assert shown
    assert all(example in (ROOT / "docs/check.md").read_text() for example in shown)


def test_files_named_in_the_guides_exist():
    """Every path of this repository that README and AGENTS.md name is there."""
    for guide in ("README.md", "AGENTS.md"):
        for path in re.findall(
            r"`((?:src|docs|tests|benchmarks|examples|tools|shell)/[\w./-]*)`", (ROOT / guide).read_text()
        ):
            assert (ROOT / path).exists(), f"{guide} names {path}"


def test_make_targets_named_in_the_guides_exist():
    """Every `make` target that README and AGENTS.md name is one."""
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    for version in versions():
        targets |= {f"{name}_{version.replace('.', '_')}" for name in ("build", "test", "lock", "env", "push_stable")}
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


def test_versions_in_the_guides_are_those_of_the_directories():
    """README and AGENTS.md list the Pythons that have a directory, and their examples name one of them."""
    for guide in ("README.md", "AGENTS.md"):
        text = (ROOT / guide).read_text()
        listed = re.search(r"3\.10,[\d., and\n]*", text)[0]

        assert re.findall(r"3\.\d+", listed) == versions(), guide
        named = {f"3.{minor}" for minor in re.findall(r"(?:predict_py|build|test|lock|env|stable)_3_(\d+)", text)}
        assert named
        assert named <= set(versions()), guide
