# Fills /dev/shm, file after file: memory that no process has mapped.
# Seen: out_of_memory. The files are gone if the model had an identity of its own; otherwise they are named.
def predict(_):
    number = 0
    while True:
        number += 1
        with open(f"/dev/shm/numerai-predict-zoo-{number}", "wb") as file:
            file.write(bytes(64 * 1024**2))
