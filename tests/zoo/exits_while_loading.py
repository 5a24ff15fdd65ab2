# Calls sys.exit() while it is unpickled.
# Seen: exited_early, while it was loading.
import sys


class Model:
    def __reduce__(self):
        return sys.exit, ("all done",)


predict = Model()
