# Text that is nothing we know.
# Seen: not_a_pickle, with how it begins.


def make(path):
    path.write_text("# weights\nw = 1\n")
