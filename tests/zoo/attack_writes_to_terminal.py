# Writes to the user's terminal past the program that shows what it prints.
# Seen: refused by Landlock, or because the model is another user; nothing appears.
import os


def attack(targets):
    os.write(os.open(targets.terminal, os.O_WRONLY | os.O_NOCTTY), targets.name)
