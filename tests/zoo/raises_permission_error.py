# Raises a PermissionError that has nothing to do with sockets, after one of the network that it could do without.
# Seen: the function raised; nothing is said of the network.
import socket


def predict(_live_features):
    try:
        socket.create_connection(("127.0.0.1", 80))
    except OSError:
        print("no network, no matter")
    raise PermissionError(13, "Permission denied", "weights.txt")
