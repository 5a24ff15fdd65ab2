"""Run a command as some machine would: as another user, under a container's or gVisor's seccomp filter, ...

Usage: outer.py JSON COMMAND..., where the JSON has some of

    uid        the user that it becomes
    filter     the seccomp filter that it gets, as hex
    resolver   the address of the resolver that /etc/resolv.conf names
    alone      true: it sees no process but its own
    own_network  true: it has a network of its own, in which no socket of the others is listed
"""

import ctypes
import json
import os
import sys
import tempfile

CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET = 0x00020000, 0x20000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38

libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Apply what is asked for, and become the command."""
    options, command = json.loads(sys.argv[1]), sys.argv[2:]
    own_mounts = not libc.unshare(CLONE_NEWNS) and not libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    if options.get("resolver") and own_mounts:
        use_resolver(options["resolver"])
    if options.get("alone"):
        be_alone()
    if options.get("own_network"):
        check(libc.unshare(CLONE_NEWNET), "unshare")
    if options.get("uid"):
        os.setgroups([])
        os.setresgid(*[options["uid"]] * 3)
        os.setresuid(*[options["uid"]] * 3)
    if options.get("filter"):
        filter_calls(bytes.fromhex(options["filter"]))
    os.execvp(command[0], command)


def check(result: int, what: str) -> None:
    """Fail if a call failed."""
    if result:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def use_resolver(address: str) -> None:
    """Have the C library ask this resolver, for this process and its children only."""
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(f"nameserver {address}\noptions timeout:1 attempts:1\n")
        file.flush()
        os.chmod(file.name, 0o644)
        check(libc.mount(file.name.encode(), b"/etc/resolv.conf", None, MS_BIND, None), "mount")


def be_alone() -> None:
    """Go on as the second process of a world of processes; the first one waits for it."""
    check(libc.unshare(CLONE_NEWPID), "unshare")
    if first := os.fork():
        sys.exit(abs(os.waitstatus_to_exitcode(os.waitpid(first, 0)[1])))
    check(libc.mount(b"proc", b"/proc", b"proc", 0, None), "mount")
    if second := os.fork():
        while (ended := os.wait())[0] != second:
            pass
        sys.exit(abs(os.waitstatus_to_exitcode(ended[1])))
    os.setsid()


def filter_calls(program: bytes) -> None:
    """Get a seccomp filter."""

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]

    filled = Program(len(program) // 8, program)
    check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    check(libc.prctl(PR_SET_SECCOMP, 2, ctypes.byref(filled), 0, 0), "seccomp")


if __name__ == "__main__":
    main()
