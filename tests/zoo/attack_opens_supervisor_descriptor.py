# Opens one of the supervisor's descriptors by /proc.
# Seen: refused: the supervisor is closed to other processes.
import os


def attack(targets):
    return os.pread(os.open(f"/proc/{targets.supervisor}/fd/0", os.O_RDONLY), 4096, 0)
