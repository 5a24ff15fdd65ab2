# Replaces the model file that the next round will use.
# Seen: refused by Landlock, or because the model is another user; the file is as it was.
import os


def attack(targets):
    with open(f"{targets.other_model}.new", "wb") as file:
        file.write(b"another model")
    os.replace(f"{targets.other_model}.new", targets.other_model)
