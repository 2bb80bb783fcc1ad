"""How often a login may be tried. FAB 4.1.4 limits nothing, and Airflow's constraints hold no library that does."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

MOST_KEYS = 10_000


class Attempts:
    """Counts attempts by key in a sliding window. In memory: each worker of the webserver counts by itself."""

    def __init__(self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.most, self.seconds, self.clock = most, seconds, clock
        self._times: dict[str, deque[float]] = {}

    def wait(self, key: str) -> float:
        """Seconds until `key` may try again; 0 where it may now."""
        times = self._recent(key)
        return times[0] + self.seconds - self.clock() if len(times) >= self.most else 0.0

    def count(self, key: str) -> None:
        times = self._recent(key)
        times.append(self.clock())
        # The newest key comes last, so that what is forgotten first was used longest ago.
        self._times.pop(key, None)
        self._times[key] = times
        while len(self._times) > MOST_KEYS:
            del self._times[next(iter(self._times))]

    def _recent(self, key: str) -> deque[float]:
        times = self._times.get(key, deque())
        while times and times[0] <= self.clock() - self.seconds:
            times.popleft()
        return times
