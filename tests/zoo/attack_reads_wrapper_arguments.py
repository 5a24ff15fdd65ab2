# Reads every command line that the system shows: a shell around the run has the arguments too.
# Seen: hidden by Landlock. Without Landlock they are read: the system shows command lines to every user.
import os


def attack(targets):
    pids = range(max(1, targets.supervisor - 200), targets.supervisor + 1)
    try:
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        pass  # not even that may be listed
    found = b""
    for pid in pids:
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                found += file.read()
        except OSError as error:
            refused = error
    if not found:
        raise refused
    return found
