"""Task logs in CloudWatch as JSON, and the way back to plain lines when the web page reads them.

Airflow's handler ignores the task formatter and sends once a minute (provider 8.12.0, watchtower 3.4).
"""

from __future__ import annotations

import json

import watchtower
from airflow.providers.amazon.aws.log.cloudwatch_task_handler import CloudwatchTaskHandler
from airflow.utils.log.file_task_handler import FileTaskHandler

from airflow_deploy.json_logs import JsonFormatter, settle

SEND_SECONDS = 5
FIELDS = ("time", "level", "message")


class TaskJsonFormatter(JsonFormatter):
    """Lines of one try of a task: each carries dag_id, task_id, run_id and try_number (map_index where mapped)."""

    def of(self, task_instance) -> TaskJsonFormatter:
        """The formatter for this task instance."""
        fields = {name: getattr(task_instance, name) for name in ("dag_id", "task_id", "run_id", "try_number")}
        if task_instance.map_index >= 0:
            fields["map_index"] = task_instance.map_index
        return TaskJsonFormatter(**fields)


class FileJsonTaskHandler(FileTaskHandler):
    """The same in local files, where no remote logging is set."""

    def set_context(self, ti) -> None:
        super().set_context(ti)
        self.handler.setFormatter(self.formatter.of(ti))

    def _read(self, ti, try_number, metadata=None):
        log, metadata = super()._read(ti, try_number, metadata)
        return "\n".join(render_line(line) or line for line in log.split("\n")), metadata


class CloudwatchJsonTaskHandler(CloudwatchTaskHandler):
    """Writes JSON events every 5 s, reads them back as Airflow's own log lines."""

    def set_context(self, ti) -> None:
        """Opens the stream of this try. The group is not made here: after a teardown it must not come back."""
        FileTaskHandler.set_context(self, ti)  # the local file, empty: what Airflow's handler does too
        self.handler = watchtower.CloudWatchLogHandler(
            log_group_name=self.log_group,
            log_stream_name=self._render_filename(ti, ti.try_number),
            use_queues=not getattr(ti, "is_trigger_log_context", False),
            send_interval=SEND_SECONDS,
            boto3_client=self.hook.get_conn(),
            create_log_group=False,
        )
        self.handler.setFormatter(self.formatter.of(ti))

    def emit(self, record) -> None:
        settle(record)  # watchtower looks at the message before it formats it, and would fail the task
        super().emit(record)

    def _event_to_str(self, event: dict) -> str:
        return render_line(event["message"]) or super()._event_to_str(event)


def render_line(text: str) -> str | None:
    """`[time] {logger} LEVEL - message`, the shape that the web page finds levels and times in; None for other text."""
    try:
        entry = json.loads(text)
        time, level, message = (entry[name] for name in FIELDS)
    except (ValueError, KeyError, TypeError):
        return None
    details = [str(entry[name]) for name in ("exception", "stack") if entry.get(name)]
    return "\n".join([f"[{time}] {{{entry.get('logger', '')}}} {level} - {message}", *details])
