# Connects to a server over TCP and IPv6.
# Seen: refused by seccomp; nothing arrives.
import socket


def attack(targets):
    with socket.create_connection(("::1", targets.tcp6_port), timeout=2) as connection:
        connection.sendall(targets.name)
