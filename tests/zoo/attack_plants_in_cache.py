# Plants a file among the downloads, for later runs to find.
# Seen: refused by Landlock, or because the model is another user; there is no such file.
import os


def attack(targets):
    with open(os.path.join(targets.cache, targets.name.decode()), "wb") as file:
        file.write(b"planted")
