# Reads address 0, as compiled code of another version may.
# Seen: crashed by SIGSEGV, and where it was.
import ctypes


def predict(_live_features):
    ctypes.string_at(0)
