# Reads a secret file by the supervisor's view of the file system: /proc/PID/root.
# Seen: refused: the supervisor is closed to other processes, and Landlock shows no other process.
def attack(targets):
    with open(f"/proc/{targets.supervisor}/root{targets.secret}", "rb") as file:
        return file.read()
