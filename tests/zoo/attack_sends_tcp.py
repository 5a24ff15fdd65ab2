# Connects to a server over TCP and sends what it likes.
# Seen: refused by seccomp; nothing arrives.
import socket


def attack(targets):
    with socket.create_connection(("127.0.0.1", targets.tcp_port), timeout=2) as connection:
        connection.sendall(targets.name)
