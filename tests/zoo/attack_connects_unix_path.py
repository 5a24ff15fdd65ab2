# Connects to another program's socket that has a path: a container engine's, an SSH agent's.
# Seen: refused by seccomp; nothing arrives.
import socket


def attack(targets):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(targets.unix_path)
    connection.sendall(targets.name)
