# Sends a datagram over IPv6.
# Seen: refused by seccomp; nothing arrives.
import socket


def attack(targets):
    socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(targets.name, ("::1", targets.udp6_port))
