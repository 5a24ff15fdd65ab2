# Makes the calls of the x32 ABI, which have a bit of their own in their number.
# Seen: killed by seccomp; nothing arrives.
import os
import platform
import socket
import struct

X32 = 0x40000000
SOCKET, CONNECT, WRITE = X32 + 41, X32 + 42, X32 + 1


def attack(targets):
    if platform.machine() != "x86_64":
        raise OSError("no such calls on this kind of machine")
    pid = os.fork()
    if not pid:
        try:
            where = struct.pack("=H", socket.AF_INET)
            where += struct.pack(">H4s8x", targets.tcp_port, socket.inet_aton("127.0.0.1"))
            connection = targets.call(SOCKET, socket.AF_INET, socket.SOCK_STREAM, 0)
            targets.call(CONNECT, connection, where, len(where))
            targets.call(WRITE, connection, targets.name, len(targets.name))
        except OSError as error:
            os._exit(error.errno)
        os._exit(0)
    if status := os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
        raise OSError(status, os.strerror(status) if status > 0 else f"ended by signal {-status}")
