# Reads the supervisor's environment, where credentials are.
# Seen: refused: the supervisor is closed to other processes.
def attack(targets):
    with open(f"/proc/{targets.supervisor}/environ", "rb") as file:
        return file.read()
