# Opens a counter of what another process does.
# Seen: refused by seccomp.
import ctypes
import struct

SOFTWARE, CPU_CLOCK = 1, 0


def attack(targets):
    attributes = struct.pack("=IIQ", SOFTWARE, 128, CPU_CLOCK).ljust(128, b"\0")
    targets.call("perf_event_open", ctypes.create_string_buffer(attributes), targets.neighbour, -1, -1, 0)
    return b"done"
