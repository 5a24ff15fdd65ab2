# Attaches to the supervisor as a debugger does.
# Seen: refused by seccomp; nobody traces the supervisor.
import os
import time

PTRACE_SEIZE = 0x4206


def attack(targets):
    pid = os.fork()
    if not pid:
        try:
            targets.call("ptrace", PTRACE_SEIZE, targets.supervisor, 0, 0)
            time.sleep(0.1)
        except OSError as error:
            os._exit(error.errno)
        os._exit(0)
    if status := os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
        raise OSError(status, os.strerror(status))
