# Writes a UDP datagram with all its headers itself.
# Seen: refused by seccomp, and for want of a capability; nothing arrives.
import socket
import struct


def attack(targets):
    length = 8 + len(targets.name)
    home = socket.inet_aton("127.0.0.1")
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + length, 1, 0, 64, socket.IPPROTO_UDP, 0, home, home)
    udp = struct.pack(">HHHH", 9, targets.udp_port, length, 0)
    link = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    link.sendto(ip + udp + targets.name, ("127.0.0.1", 0))
