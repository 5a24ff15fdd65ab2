# Has the kernel send the signal: makes the supervisor the owner of a descriptor that gets data.
# Seen: refused by seccomp; the run goes on.
import fcntl
import os
import signal
import socket

ENDS_THE_RUN = True


def attack(targets):
    one, other = socket.socketpair()
    fcntl.fcntl(one, fcntl.F_SETOWN, targets.supervisor)
    fcntl.fcntl(one, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(one, fcntl.F_SETFL, os.O_ASYNC)
    other.send(b"now")
