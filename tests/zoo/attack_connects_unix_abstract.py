# Connects to another program's socket that has a name without a path, which no right of a file guards.
# Seen: refused by seccomp and by Landlock; nothing arrives.
import socket


def attack(targets):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(targets.unix_abstract)
    connection.sendall(targets.name)
