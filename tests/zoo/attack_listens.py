# Waits for a connection from outside and answers it.
# Seen: refused by seccomp; nobody can connect.
import socket


def attack(targets):
    listener = socket.socket()
    listener.settimeout(1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", targets.free_port))
    listener.listen()
    connection, _ = listener.accept()
    connection.sendall(targets.name)
    connection.close()
