# Removes a file of the user who runs it.
# Seen: refused by Landlock, or because the model is another user; the file is there.
import os


def attack(targets):
    os.unlink(targets.file)
