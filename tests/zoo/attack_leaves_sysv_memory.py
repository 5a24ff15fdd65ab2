# Leaves a segment of System V shared memory, which no process has to hold and no end of a process removes.
# Seen: refused by seccomp; there is no such segment after the run.
IPC_CREAT = 0o1000


def attack(targets):
    targets.call("shmget", targets.key, 4096, IPC_CREAT | 0o600)
