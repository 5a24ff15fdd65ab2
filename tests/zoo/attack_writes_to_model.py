# Opens the descriptor from which the model is read a second time, for writing.
# Seen: refused by Landlock, or because the model is another user; the file is as it was.
import os

WHILE_LOADING = True


def attack(targets):
    for name in os.listdir("/proc/self/fd"):
        if os.path.basename(os.readlink(f"/proc/self/fd/{name}")) == targets.model_name:
            os.write(os.open(f"/proc/self/fd/{name}", os.O_WRONLY | os.O_APPEND), b"appended")
            return
    raise OSError("no descriptor of it")
