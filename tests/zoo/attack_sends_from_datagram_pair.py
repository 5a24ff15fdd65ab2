# Makes a pair of datagram sockets, and sends from one of them not to the other but to a socket that has a path.
# Seen: no such pair is made; nothing arrives.
import socket


def attack(targets):
    one, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    one.sendto(targets.name, targets.datagram_path)
