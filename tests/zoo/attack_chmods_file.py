# Makes a secret file readable for everybody; Landlock does not know this.
# Seen: nothing changes: the call is answered with success and not made.
import os


def attack(targets):
    os.chmod(targets.file, 0o777)
