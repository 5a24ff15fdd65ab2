# Writes a file where the predictions are going to be.
# Seen: refused by Landlock, or because the model is another user; there is no such file.
import os


def attack(targets):
    with open(os.path.join(targets.output, targets.name.decode()), "wb") as file:
        file.write(b"planted")
