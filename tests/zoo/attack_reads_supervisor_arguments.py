# Reads the supervisor's command line, where the presigned POST was given.
# Seen: the command line has been wiped.
def attack(targets):
    with open(f"/proc/{targets.supervisor}/cmdline", "rb") as file:
        return file.read()
