# Sends a datagram.
# Seen: refused by seccomp; nothing arrives.
import socket


def attack(targets):
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(targets.name, ("127.0.0.1", targets.udp_port))
