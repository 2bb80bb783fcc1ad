"""Why somebody is not logged in: a word for scripts and logs, a sentence for the person, and the page's status."""

from __future__ import annotations


class Refused(Exception):
    """`code` is stable; the message completes "You are not logged in: …"."""

    def __init__(self, code: str, reason: str, status: int = 403) -> None:
        super().__init__(reason)
        self.code = code
        self.status = status
