# Never returns, and ignores and blocks every signal that a process may.
# Seen: timed_out, not a second later than others.
import signal


def predict(_live_features):
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    while True:
        pass
