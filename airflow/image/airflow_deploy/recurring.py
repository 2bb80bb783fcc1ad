"""A step that is repeated for ever and may fail for a while."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

LONGEST_PAUSE_SECONDS = 30.0


@dataclass
class Recurring:
    """Runs `step` at most every `seconds`; after failures less often, up to every 30 s.

    No Exception gets out. Each failure is one log line that says when the next try is; the first success
    after failures is one too.
    """

    name: str
    step: Callable[[], None]
    seconds: float
    log: logging.Logger
    failures: int = 0
    due: float = 0.0

    def run(self) -> None:
        if time.monotonic() < self.due:
            return
        try:
            self.step()
        except Exception as error:
            self._failed(error)
        else:
            self._succeeded()

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        pause = min(LONGEST_PAUSE_SECONDS, max(self.seconds, 1.0) * 2 ** min(self.failures - 1, 5))
        self.due = time.monotonic() + pause
        reason = " ".join(str(error).split()) or type(error).__name__
        self.log.warning("%s: %s: next try in %.0f s", self.name, reason, pause)

    def _succeeded(self) -> None:
        if self.failures:
            self.log.info("%s: works again after %d failures", self.name, self.failures)
        self.failures = 0
        self.due = time.monotonic() + self.seconds
