"""One JSON object a line: for our own programs, for Airflow's loggers and for what libraries print.

Exceptions, which stay plain text: what the interpreter or the image's entrypoint says before our code runs, and what
a program writes past Python into the container's own streams.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from datetime import datetime, timezone

from pythonjsonlogger import jsonlogger

# CloudWatch Logs takes 262,144 bytes an event, 26 of them its own; a longer line would be cut and be no JSON any more.
LONGEST_BYTES = 262_144 - 26


class JsonFormatter(jsonlogger.JsonFormatter):
    """Formats a record as {time, level, logger, message}, `exception` and `stack` where there is one, then what
    came as `extra` and the fields given here; none of these replaces the first four.

    `time` is ISO 8601 in UTC with milliseconds. A line never holds a raw line break: JSON escapes it.
    """

    def __init__(self, **static_fields: object) -> None:
        super().__init__(json_default=str, json_ensure_ascii=False, static_fields=static_fields)

    def add_fields(self, log_record: dict, record: logging.LogRecord, message_dict: dict) -> None:
        is_object = isinstance(record.msg, dict)
        log_record["time"] = iso_time(record.created)
        log_record["level"] = record.levelname
        log_record["logger"] = record.name
        log_record["message"] = json.dumps(record.msg, default=str) if is_object else record.message
        if message_dict.get("exc_info"):
            log_record["exception"] = message_dict["exc_info"]
        if message_dict.get("stack_info"):
            log_record["stack"] = message_dict["stack_info"]
        extra = jsonlogger.merge_record_extra(record, {}, reserved=self._skip_fields)
        for name, value in {**extra, **self.static_fields}.items():
            log_record.setdefault(name, value)

    def format(self, record: logging.LogRecord) -> str:
        settle(record)
        return super().format(record)

    def jsonify_log_record(self, log_record: dict) -> str:
        """The line; texts that make it too long for CloudWatch Logs are cut, and `cut` says how long they were."""
        # Half a surrogate pair cannot be written to any stream.
        line = super().jsonify_log_record(log_record).encode(errors="replace")
        longest = LONGEST_BYTES
        while len(line) > LONGEST_BYTES and longest > 1:
            longest //= 2
            texts = {name: text for name, value in log_record.items() if len(text := str(value)) > longest}
            short = {**log_record, **{name: text[:longest] for name, text in texts.items()}}
            short["cut"] = {name: len(text) for name, text in texts.items()}
            line = super().jsonify_log_record(short).encode(errors="replace")
        return line.decode()


def settle(record: logging.LogRecord) -> None:
    """A record with arguments that do not fit its text must not lose the line, nor end the program."""
    try:
        record.getMessage()
    except (TypeError, ValueError, KeyError):
        record.msg, record.args = f"{record.msg} {record.args!r}", None


class JsonLines:
    """A text stream that lets JSON lines pass and makes objects of all others: banners, warnings, plain prints.

    It stands in for `sys.stdout` or `sys.stderr`; what it does not define is the stream's own.
    """

    def __init__(self, stream, logger: str, level: str) -> None:
        self._stream = stream
        self._logger = logger
        self._level = level
        self._rest = ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            if line.strip():
                self._stream.write(self._as_json(line) + "\n")
        if lines:
            self._stream.flush()
        return len(text)

    def writelines(self, lines) -> None:
        for line in lines:
            self.write(line)

    def _as_json(self, line: str) -> str:
        if line.startswith("{") and line.endswith("}"):
            return line
        now = iso_time(datetime.now(timezone.utc).timestamp())
        entry = {"time": now, "level": self._level, "logger": self._logger, "message": line.rstrip()}
        return json.dumps(entry, ensure_ascii=False)

    def __getattr__(self, name: str):
        return getattr(self._stream, name)


def iso_time(epoch: float) -> str:
    """`epoch` (seconds) as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(epoch, timezone.utc).isoformat(timespec="milliseconds")


def wrap_standard_streams() -> None:
    """From here on everything that this process and its forks print is JSON, an uncaught exception too."""
    if isinstance(sys.stdout, JsonLines):
        return
    sys.stdout = JsonLines(sys.stdout, "stdout", "INFO")
    sys.stderr = JsonLines(sys.stderr, "stderr", "WARNING")
    report_uncaught()


def report_uncaught() -> None:
    """An exception that ends the process or a thread becomes one JSON line instead of a traceback."""
    log = logging.getLogger("uncaught")

    def in_process(kind, error, trace) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        log.critical("%s: %s", kind.__name__, error, exc_info=(kind, error, trace))

    sys.excepthook = in_process
    threading.excepthook = lambda args: in_process(args.exc_type, args.exc_value, args.exc_traceback)


def configure(program: str) -> logging.Logger:
    """Sets the root logger of one of our programs to JSON on stdout; returns the program's logger."""
    handler = logging.StreamHandler(sys.__stdout__)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)
    logging.getLogger("botocore").setLevel(logging.WARNING)
    report_uncaught()
    return logging.getLogger(program)
