# Ends every process that it may end.
# Seen: refused by seccomp; the run goes on. Runs only where the processes around are its own world.
import os
import signal

ENDS_THE_RUN = True


def attack(targets):
    if targets.alone:
        os.kill(-1, signal.SIGKILL)
