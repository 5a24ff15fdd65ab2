# Ends the supervisor by a signal to its thread, in the older and in the newer way.
# Seen: refused by seccomp; the run goes on.
import signal

ENDS_THE_RUN = True


def attack(targets):
    try:
        targets.call("tkill", targets.supervisor, int(signal.SIGKILL))
    except OSError:
        targets.call("tgkill", targets.supervisor, targets.supervisor, int(signal.SIGKILL))
