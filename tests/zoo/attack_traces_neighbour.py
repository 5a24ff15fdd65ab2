# Attaches to another program of the same user as a debugger does, to have it end with itself.
# Seen: refused by seccomp; the program lives.
import os

PTRACE_SEIZE, PTRACE_O_EXITKILL = 0x4206, 0x100000


def attack(targets):
    pid = os.fork()
    if not pid:
        try:
            targets.call("ptrace", PTRACE_SEIZE, targets.victim, 0, PTRACE_O_EXITKILL)
        except OSError as error:
            os._exit(error.errno)
        os._exit(0)
    if status := os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
        raise OSError(status, os.strerror(status))
