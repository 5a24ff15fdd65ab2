# Puts a key into the kernel's store of keys, where it outlives the run.
# Seen: refused by seccomp.
KEYCTL_JOIN_SESSION_KEYRING, SESSION_KEYRING = 1, -3


def attack(targets):
    targets.call("keyctl", KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0)
    targets.call("add_key", b"user\0", b"attack\0", b"payload", 7, SESSION_KEYRING)
    return b"done"
