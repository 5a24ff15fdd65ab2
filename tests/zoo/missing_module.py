# A function of the author's own module, which pickle stores by name only.
# Seen: missing_module, with its name.


def make(path):
    path.write_bytes(b"cmodule_that_is_not_here\npredict\n.")
