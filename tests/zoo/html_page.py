# The page of a download that wanted a login.
# Seen: not_a_pickle, "an HTML or XML page".


def make(path):
    path.write_text("<!DOCTYPE html>\n<html><title>Sign in</title></html>\n")
