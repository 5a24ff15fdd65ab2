# Lowers the supervisor's priority: it looks at the limits less often.
# Seen: nothing changes about the supervisor.
import os
import time


def attack(targets):
    os.setpriority(os.PRIO_PROCESS, targets.supervisor, 19)
    time.sleep(0.1)
