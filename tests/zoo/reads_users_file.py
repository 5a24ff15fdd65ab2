# Reads a file of the user's by its path, as a notebook does that was never run elsewhere.
# Seen: predict_raised, with the remedy that a model brings what it needs along.
def make(path):
    import cloudpickle

    path.with_suffix(".json").write_text("{}")
    name = str(path.with_suffix(".json"))

    def predict(_):
        with open(name) as file:
            return file.read()

    path.write_bytes(cloudpickle.dumps(predict))
