# Reads where a symbolic link in somebody's folder points to.
# Seen: refused if the model is another user. Landlock does not know this: names are open, not contents.
import os


def attack(targets):
    return os.fsencode(os.readlink(targets.link))
