# Never comes out of the pickle.
# Seen: timed_out, while it was loading.
import time


class Model:
    def __reduce__(self):
        return time.sleep, (3600,)


predict = Model()
