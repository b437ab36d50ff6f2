"""How many cores the process may use."""

import os


def cores() -> int:
    return len(os.sched_getaffinity(0))
