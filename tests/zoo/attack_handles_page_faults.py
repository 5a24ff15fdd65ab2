# Gets to decide when the kernel may go on, which kernel exploits want.
# Seen: refused by seccomp.
USER_MODE_ONLY = 1


def attack(targets):
    targets.call("userfaultfd", USER_MODE_ONLY)
    return b"done"
