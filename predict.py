"""The entrypoint of every container: `python predict.py --model MODEL ...`, from a bare clone as well."""

import os
import signal
import sys

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # Until the command listens itself, Ctrl-C ends it without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "src"))

from numerai_predict.cli import main

if __name__ == "__main__":
    sys.exit(main(["predict", *sys.argv[1:]]))
