"""What the ECS executor says: one JSON line an event in the scheduler's log, failures in the task's own log too.

Every line names the try (dag_id, task_id, run_id, try_number, map_index where mapped) and, where there is one, the
worker: task_arn. An end also has stop_code, stopped_reason and containers: [{name, exit_code, reason}].
"""

from __future__ import annotations

import logging

from airflow.models.taskinstance import TaskInstanceKey

from airflow_deploy.ecs_task import End
from airflow_deploy.run_task import Refusal, Start
from airflow_deploy.task_log import TaskLog, key_fields


class Reports:
    def __init__(self, log: logging.Logger) -> None:
        self.log = log
        self.task_log = TaskLog()

    def started(self, key: TaskInstanceKey, arn: str) -> None:
        self.log.info("ECS task %s runs %s", arn, name(key), extra=fields(key, arn))

    def taken_over(self, key: TaskInstanceKey, arn: str) -> None:
        self.log.info("ECS task %s of %s taken over", arn, name(key), extra=fields(key, arn))

    def unwanted(self, key: TaskInstanceKey, arn: str) -> None:
        self.log.info("ECS task %s of %s is not wanted any more", arn, name(key), extra=fields(key, arn))

    def ended(self, key: TaskInstanceKey, arn: str, end: End, *, asked: bool) -> str:
        """`asked`: this scheduler stopped it. Returns the message."""
        message = f"ECS task {arn} of {name(key)} ended: {end.reason}"
        level = logging.INFO if end.succeeded or asked else logging.ERROR
        self.log.log(level, message, extra={**fields(key, arn), **end.details})
        if end.notable:
            self.task_log.write(key, message, end.at)
        return message

    def refused(self, start: Start, refusal: Refusal) -> None:
        text = "RunTask for %s, attempt %d: %s"
        self.log.warning(text, name(start.key), start.attempt_number, refusal.reason, extra=fields(start.key))

    def given_up(self, start: Start, refusal: Refusal) -> str:
        """Returns the message."""
        attempts = "1 attempt" if start.attempt_number == 1 else f"{start.attempt_number} attempts"
        message = f"no ECS task for {name(start.key)} after {attempts}: {refusal.reason}"
        self.log.error(message, extra={**fields(start.key), "reason": refusal.reason})
        self.task_log.write(start.key, message)
        return message


def name(key: TaskInstanceKey) -> str:
    mapped = f"[{key.map_index}]" if key.map_index >= 0 else ""
    return f"{key.dag_id}.{key.task_id}{mapped} {key.run_id} try {key.try_number}"


def fields(key: TaskInstanceKey, arn: str | None = None) -> dict:
    return {**key_fields(key), "task_arn": arn} if arn else key_fields(key)
