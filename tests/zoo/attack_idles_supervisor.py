# Lets the supervisor run only when nothing else wants to.
# Seen: nothing changes about the supervisor.
import os
import time


def attack(targets):
    os.sched_setscheduler(targets.supervisor, os.SCHED_BATCH, os.sched_param(0))
    time.sleep(0.1)
