# Ends the supervisor by a signal with data.
# Seen: refused by seccomp; the run goes on.
import signal
import struct

ENDS_THE_RUN = True
SI_QUEUE = -1


def attack(targets):
    information = struct.pack("=iii116x", signal.SIGKILL, 0, SI_QUEUE)
    targets.call("rt_sigqueueinfo", targets.supervisor, int(signal.SIGKILL), information)
