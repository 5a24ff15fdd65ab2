# A file of no bytes, as a full disk leaves.
# Seen: not_a_pickle.


def make(path):
    path.write_bytes(b"")
