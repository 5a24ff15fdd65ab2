# Makes a file look old, so that whatever tidies up removes it; Landlock does not know this.
# Seen: nothing changes: the call is answered with success and not made.
import os


def attack(targets):
    os.utime(targets.file, (1, 1))
