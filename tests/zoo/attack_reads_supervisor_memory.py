# Reads the supervisor's memory as a file.
# Seen: refused: the supervisor is closed to other processes.
def attack(targets):
    with open(f"/proc/{targets.supervisor}/maps") as file:
        stack = next(line for line in file if "[stack]" in line)
    start, end = (int(part, 16) for part in stack.split()[0].split("-"))
    with open(f"/proc/{targets.supervisor}/mem", "rb", buffering=0) as memory:
        memory.seek(start)
        return memory.read(end - start)
