# Writes file after file, takes each one's name away and holds it open: no listing of a folder shows them.
# Seen: ended for the sum of them.
import os


def predict(_):
    files = []
    while True:
        file = open("part", "wb")  # noqa: SIM115
        os.unlink("part")
        file.write(bytes(64 * 1024**2))
        files.append(file)
