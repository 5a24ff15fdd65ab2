# Looks up the name of a host, and hides what came of it behind two exceptions of its own.
# Seen: the function raised, and the box has no network.
import socket


def predict(_live_features):
    try:
        try:
            socket.getaddrinfo("weights.example", 443)
        except OSError as error:
            raise KeyError("weights") from error
    except KeyError:
        raise RuntimeError("no weights") from None
