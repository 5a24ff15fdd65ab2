"""`python -m numerai_predict`, the same as the command `numerai-predict`."""

import signal
import sys

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # Until the command listens itself, Ctrl-C ends it without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from numerai_predict.cli import main

sys.exit(main())
