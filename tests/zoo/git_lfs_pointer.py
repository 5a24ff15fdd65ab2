# What a clone without Git LFS has in the place of the model.
# Seen: not_a_pickle, "a Git LFS pointer".


def make(path):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 123456\n"
    path.write_text(pointer)
