# Makes the model file writable for everybody by the descriptor from which it is read.
# Seen: nothing changes: the call is answered with success and not made.
import os

WHILE_LOADING = True


def attack(targets):
    for name in os.listdir("/proc/self/fd"):
        if os.path.basename(os.readlink(f"/proc/self/fd/{name}")) == targets.model_name:
            os.fchmod(int(name), 0o646)
            return
    raise OSError("no descriptor of it")
