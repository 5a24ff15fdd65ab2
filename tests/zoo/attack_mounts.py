# Mounts a file system.
# Seen: refused by seccomp, and for want of a capability.
def attack(targets):
    targets.call("fsopen", b"tmpfs\0", 0)
    return b"done"
