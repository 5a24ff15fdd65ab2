# Raises an exception while it is unpickled, as objects of another library version do.
# Seen: load_raised.


def fail():
    raise AttributeError("an attribute of another version")


class Model:
    def __reduce__(self):
        return fail, ()


predict = Model()
