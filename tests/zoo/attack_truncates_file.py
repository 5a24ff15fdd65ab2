# Cuts a file off by its name, without opening it.
# Seen: refused by Landlock, or because the model is another user; the file is as it was.
import os


def attack(targets):
    os.truncate(targets.file, 0)
