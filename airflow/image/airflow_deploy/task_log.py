"""A line of the scheduler's in a task's own log: the CloudWatch stream that Airflow's page and `logs --task` show."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime

from airflow.models.taskinstance import TaskInstance, TaskInstanceKey
from airflow.utils.session import create_session

from airflow_deploy.json_logs import JsonFormatter

log = logging.getLogger(__name__)


class TaskLog:
    """Writes in the background: CloudWatch must not delay the scheduler."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None

    def write(self, key: TaskInstanceKey, message: str, at: datetime | None = None) -> None:
        """Adds `message` as an error to the log of this try; without remote logging there is nowhere to write it.

        `at` is when it happened, now where it is None. A failure is one line of the scheduler's own log.
        """
        handler = _cloudwatch_handler()
        stream = _stream(handler, key) if handler else None
        if stream:
            line = _line(key, message, at)
            self._pool = self._pool or ThreadPoolExecutor(1, thread_name_prefix="task-log")
            self._pool.submit(_put, handler, stream, line)

    def close(self) -> None:
        """Waits for the line that is being written."""
        if self._pool:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


def key_fields(key: TaskInstanceKey) -> dict:
    """The fields by which JSON lines name one try of a task."""
    fields = {name: getattr(key, name) for name in ("dag_id", "task_id", "run_id", "try_number")}
    return {**fields, "map_index": key.map_index} if key.map_index >= 0 else fields


def _line(key: TaskInstanceKey, message: str, at: datetime | None) -> dict:
    record = logging.LogRecord("airflow_deploy.ecs_executor", logging.ERROR, __file__, 0, message, None, None)
    record.created = at.timestamp() if at else record.created
    formatter = JsonFormatter(**key_fields(key))
    return {"timestamp": int(record.created * 1000), "message": formatter.format(record)}


def _cloudwatch_handler():
    """Airflow's own handler of task logs, where it writes to CloudWatch: it knows group, stream and credentials."""
    handlers = logging.getLogger("airflow.task").handlers
    return next((handler for handler in handlers if hasattr(handler, "log_group")), None)


def _stream(handler, key: TaskInstanceKey) -> str | None:
    with create_session() as session:
        ti = session.query(TaskInstance).filter(TaskInstance.filter_for_tis([key])).one_or_none()
        return handler._render_filename(ti, key.try_number) if ti else None


def _put(handler, stream: str, event: dict) -> None:
    try:
        logs = handler.hook.get_conn()
        where = {"logGroupName": handler.log_group, "logStreamName": stream}
        with suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_stream(**where)
        logs.put_log_events(**where, logEvents=[event])
    except Exception as error:
        log.error("could not write to the task's log %s: %s", stream, error)
