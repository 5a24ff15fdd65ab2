# Writes a file in a folder where every user may, as /tmp is.
# Seen: refused by Landlock. Without Landlock it is written: every user may.
import os


def attack(targets):
    with open(os.path.join(targets.public_folder, targets.name.decode()), "wb") as file:
        file.write(b"planted")
