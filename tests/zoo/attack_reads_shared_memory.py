# Reads another program's file in /dev/shm.
# Seen: refused if the model is another user. To the same user /dev/shm is open: process pools live there.
def attack(targets):
    with open(targets.shared_file, "rb") as file:
        return file.read()
