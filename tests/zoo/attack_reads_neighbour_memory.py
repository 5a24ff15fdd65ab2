# Reads the memory of another program of the same user as a file.
# Seen: refused by Landlock, or because the model is another user.
def attack(targets):
    with open(f"/proc/{targets.neighbour}/mem", "rb", buffering=0) as memory:
        memory.seek(targets.neighbour_address)
        return memory.read(100)
