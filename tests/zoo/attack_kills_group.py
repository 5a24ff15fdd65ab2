# Ends the supervisor's process group: the supervisor and the shell around it.
# Seen: refused by seccomp; the run goes on.
import os
import signal

ENDS_THE_RUN = True


def attack(targets):
    os.killpg(os.getpgid(targets.supervisor), signal.SIGKILL)
