# Ends another program of the same user.
# Seen: refused by Landlock, or because the model is another user; the program lives.
import os
import signal


def attack(targets):
    os.kill(targets.victim, signal.SIGKILL)
