# Connects to a server while it is unpickled, before anybody has called anything.
# Seen: refused by seccomp: the worker is confined before it has seen the file.
import socket

WHILE_LOADING = True


def attack(targets):
    with socket.create_connection(("127.0.0.1", targets.tcp_port), timeout=2) as connection:
        connection.sendall(targets.name)
