# Reads a file that every user may read.
# Seen: refused by Landlock. Without Landlock it is read: every user may.
def attack(targets):
    with open(targets.public_file, "rb") as file:
        return file.read()
