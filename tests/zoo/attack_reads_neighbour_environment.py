# Reads the environment of another program of the same user.
# Seen: refused by Landlock, or because the model is another user.
def attack(targets):
    with open(f"/proc/{targets.neighbour}/environ", "rb") as file:
        return file.read()
