# Looks for secrets in its own process: arguments, environment, every object and string that there is.
# Seen: nothing: the worker was started anew, with an environment of its own.
import gc
import os
import sys


def attack(_):
    found = [repr(sys.argv), repr(sys.orig_argv), repr(dict(os.environ))]
    with open("/proc/self/environ") as file:
        found.append(file.read())
    for thing in gc.get_objects():
        if type(thing) is dict:
            found += [text for text in list(thing.values()) if type(text) is str and text.startswith("canary")]
    return "\n".join(found).encode()
