# Overwrites a file of the user who runs it.
# Seen: refused by Landlock, or because the model is another user; the file is as it was.
def attack(targets):
    with open(targets.file, "r+b") as file:
        file.write(b"overwritten")
