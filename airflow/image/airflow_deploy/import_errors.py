"""An import error as Airflow stores it, told as file, line and message."""

from __future__ import annotations

import re

FRAME = re.compile(r'^\s*File "(?P<file>.+?)", line (?P<line>\d+)', re.MULTILINE)


def describe_import_error(trace: str, path: str) -> tuple[int | None, str]:
    """The line in `path` that failed and what the error says; the line is None where the trace names none.

    `trace` is a Python traceback (models/dagbag.py stores the last frames), or plain text such as a
    time-out. The last frame in the file itself counts: deeper ones are libraries. A syntax error names its
    place the same way, as the last `File` line before the message.
    """
    lines = [int(frame["line"]) for frame in FRAME.finditer(trace) if frame["file"] == path]
    return (lines[-1] if lines else None), _message(trace)


def _message(trace: str) -> str:
    """What stands below the last frame and its source: the first line there that is not indented, and all after."""
    frames = list(FRAME.finditer(trace))
    below = trace[frames[-1].end() :].splitlines()[1:] if frames else trace.strip().splitlines()
    start = next((index for index, line in enumerate(below) if line and not line[0].isspace()), 0)
    return "\n".join(below[start:]).strip() or "no message"
