# Leaves a link to somebody's folder in the private directory, for whoever tidies up to follow.
# Seen: the link is removed, and the folder is as it was.
import os


def attack(targets):
    os.symlink(os.path.dirname(targets.file), "link")
