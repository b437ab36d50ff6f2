"""One line on the terminal: what is measured, and how long the rest will take."""

from __future__ import annotations

import sys
import time


def duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


class Progress:
    def __init__(self, total: int):
        self.total, self.stream = total, sys.stderr
        self.done = 0
        self.start = time.monotonic()
        self.width = 0

    def left(self) -> str:
        if self.done == 0:
            return ""
        each = (time.monotonic() - self.start) / self.done
        return f", {duration(each * (self.total - self.done))} left"

    def shows(self, case: str, contestant: str) -> None:
        if not self.stream.isatty():
            return
        text = f"[{self.done}/{self.total}{self.left()}] {case} {contestant}"
        self.stream.write("\r" + text.ljust(self.width))
        self.width = len(text)
        self.stream.flush()

    def steps(self) -> None:
        self.done += 1
        if not self.stream.isatty():
            self.stream.write(f"[{self.done}/{self.total}{self.left()}]\n")
            self.stream.flush()
        elif self.done == self.total:
            self.stream.write("\r" + " " * self.width + "\r")
