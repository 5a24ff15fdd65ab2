# Connects while it is unpickled.
# Seen: unpickling raised, and the box has no network.
import socket


class Connected:
    def __reduce__(self):
        return socket.create_connection, (("127.0.0.1", 80),)


predict = Connected()
