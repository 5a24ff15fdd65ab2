# Puts a link to somebody's folder in the place of its private directory, for whoever tidies up to follow.
# Seen: refused by Landlock, or because the folder around is another user's; the folder is as it was in any case.
import os

LAST = True


def attack(targets):
    private = os.environ["TMPDIR"]
    os.rename(private, f"{private}-renamed")
    os.symlink(os.path.dirname(targets.file), private)
