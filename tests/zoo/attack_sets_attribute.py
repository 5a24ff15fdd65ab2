# Gives a file an extended attribute; Landlock does not know this.
# Seen: nothing changes: the call is answered with success and not made.
import os


def attack(targets):
    os.setxattr(targets.file, "user.attack", b"set")
