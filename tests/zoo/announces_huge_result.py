# Announces a result of an exabyte on the channel.
# Seen: result_too_large, before anything of it has come.
import os
import struct
import time


def predict(_live_features):
    os.write(3, struct.pack(">IQ", 10, 2**60))
    time.sleep(60)
