"""The seccomp filter: its numbers, its program against its rules, and against another maker of such programs."""

import ctypes
import importlib.util
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerai_predict.sandbox import seccomp
from numerai_predict.sandbox.syscalls import HIGHEST, NUMBERS

SUPERVISOR, GROUP = 4321, 4300
POLICIES = {unix: seccomp.policy(unix, SUPERVISOR, GROUP) for unix in (False, True)}


def answer(program: bytes, machine_code: int, number: int, arguments: list[int]) -> int:
    """Run a filter as the kernel does; return its verdict."""
    data = struct.pack("=IIQ6Q", number, machine_code, 0, *arguments)
    instructions = [struct.unpack_from("=HBBI", program, at) for at in range(0, len(program), 8)]
    accumulator, at = 0, 0
    while True:
        operation, if_true, if_false, constant = instructions[at]
        at += 1
        if operation == 0x06:  # BPF_RET | BPF_K
            return constant
        if operation == 0x20:  # BPF_LD | BPF_W | BPF_ABS
            accumulator = struct.unpack_from("=I", data, constant)[0]
        elif operation == 0x54:  # BPF_ALU | BPF_AND | BPF_K
            accumulator &= constant
        else:
            holds = {0x15: accumulator == constant, 0x25: accumulator > constant, 0x35: accumulator >= constant}
            at += if_true if holds[operation] else if_false


def verdict(rules: tuple[seccomp.Rule, ...], machine: str, number: int, arguments: list[int]) -> int:
    """What the rules themselves say: the first that fits."""
    if number > HIGHEST:
        return seccomp.ERROR | seccomp.ENOSYS
    for rule in rules:
        numbers = [NUMBERS[machine].get(name) for name in rule.calls.split()]
        fits = all(((arguments[t.argument] & t.mask) == t.value) is t.equal for t in rule.tests)
        if number in numbers and fits:
            return seccomp.ERROR | rule.error
    return seccomp.ALLOW


INTERESTING = [0, 1, 2, 3, 10, 15, SUPERVISOR, 0x5412, 0x8901, 0x10000000, 0x00020000, 0x40086602]
ARGUMENT = st.sampled_from(INTERESTING + [-SUPERVISOR % 2**32, -GROUP % 2**32, 2**32 - 1]) | st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("machine", sorted(NUMBERS))
@pytest.mark.parametrize("unix_sockets", [False, True], ids=["no-sockets", "unix-sockets"])
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_the_program_says_what_the_rules_say(machine, unix_sockets, data):
    """For any call with any arguments, the program's answer is that of the first rule that fits."""
    rules = POLICIES[unix_sockets]
    number = data.draw(st.sampled_from(sorted(NUMBERS[machine].values())) | st.integers(0, 2**30 - 1))
    arguments = data.draw(st.lists(ARGUMENT, min_size=6, max_size=6))
    program = seccomp.program(rules, machine)

    got = answer(program, seccomp.AUDIT_ARCH[machine], number, arguments)
    assert got == verdict(rules, machine, number, arguments)


@pytest.mark.parametrize("unix_sockets", [False, True], ids=["no-sockets", "unix-sockets"])
def test_another_abi_is_death(unix_sockets):
    """A call of the 32-bit ABI, or of x32, whose numbers mean something else, ends the process."""
    program = seccomp.program(POLICIES[unix_sockets], "x86_64")

    assert answer(program, 0x40000003, 102, [0] * 6) == seccomp.KILL
    assert answer(program, seccomp.AUDIT_ARCH["x86_64"], 0x40000000 | 41, [0] * 6) == seccomp.KILL


@pytest.mark.parametrize("machine", sorted(NUMBERS))
def test_numbers_are_those_of_libseccomp(machine):
    """Every number is the one that libseccomp knows, as far as it knows the call."""
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        pytest.skip("libseccomp is not here")
    resolve = library.seccomp_syscall_resolve_name_arch
    known = {name: resolve(ctypes.c_uint32(seccomp.AUDIT_ARCH[machine]), name.encode()) for name in NUMBERS[machine]}
    known = {name: number for name, number in known.items() if number >= 0}

    assert len(known) > 80
    assert known == {name: NUMBERS[machine][name] for name in known}


def test_numbers_are_those_of_the_headers():
    """The module of numbers holds every call that the rules name, as tools/syscall_numbers.py finds it."""
    path = Path(__file__).parents[2] / "tools/syscall_numbers.py"
    spec = importlib.util.spec_from_file_location("syscall_numbers", path)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    for machine, header in tool.HEADERS.items():
        if not header.exists():
            pytest.skip(f"{header} is not here")
        table = tool.numbers(header.read_text())

        assert NUMBERS[machine] == {name: table[name] for name in tool.called() if name in table}


def test_every_name_is_a_call_somewhere():
    """A rule that names a call which no machine has would protect from nothing: a typing error."""
    names = {name for rules in POLICIES.values() for rule in rules for name in rule.calls.split()}

    assert names - NUMBERS["x86_64"].keys() == set()


def test_every_rule_has_a_reason():
    """Who reads the policy learns why each rule is there."""
    assert all(rule.why for rules in POLICIES.values() for rule in rules)
