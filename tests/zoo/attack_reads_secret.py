# Reads a file that only its user may read: a key, a token.
# Seen: refused by Landlock, or because the model is another user; the content is not seen.
def attack(targets):
    with open(targets.secret, "rb") as file:
        return file.read()
