# Ends the supervisor by a descriptor of its process.
# Seen: refused by seccomp; the run goes on.
import os
import signal

ENDS_THE_RUN = True


def attack(targets):
    signal.pidfd_send_signal(os.pidfd_open(targets.supervisor), signal.SIGKILL)
