# Writes to the home folder, which is not the one that HOME names in the worker: a start-up file of the shell, say.
# Seen: refused by Landlock, or because the model is another user; there is no such file.
import os


def attack(targets):
    with open(os.path.join(targets.home, targets.name.decode()), "wb") as file:
        file.write(b"planted")
