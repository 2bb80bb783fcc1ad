"""What Airflow's database says of the task instances that ECS workers run, and what is made true in it.

A worker that is killed cannot write its task's state. Airflow finds that out after five minutes without a heartbeat
(scheduler_zombie_task_threshold). Whoever knows earlier marks the worker's LocalTaskJob as failed: Airflow's own
search for zombies (every 10 s) then fails the try by the DAG's own rules, callbacks included (2.5.3,
scheduler_job.py, _find_zombies).

No function here may be called while the scheduler's own session holds rows: sessions of one thread are one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from airflow.jobs.local_task_job import LocalTaskJob
from airflow.models.taskinstance import TaskInstance, TaskInstanceKey
from airflow.utils import timezone
from airflow.utils.session import create_session
from airflow.utils.state import State, TaskInstanceState

# Six of a LocalTaskJob's heartbeats (job_heartbeat_sec).
SILENT_SECONDS = 30.0


@dataclass(frozen=True)
class Seen:
    """A task instance as it is in the database. `tries` counts those that have begun."""

    state: str | None
    tries: int
    arn: str | None


def look(keys: Iterable[TaskInstanceKey]) -> dict[TaskInstanceKey, Seen]:
    """Those of `keys` that still exist, whatever their try number is now."""
    keys = list(keys)
    if not keys:
        return {}
    columns = (
        *(TaskInstance.dag_id, TaskInstance.task_id, TaskInstance.run_id, TaskInstance.map_index),
        *(TaskInstance.state, TaskInstance._try_number, TaskInstance.external_executor_id),
    )
    with create_session() as session:
        rows = session.query(*columns).filter(TaskInstance.filter_for_tis(keys)).all()
    found = {tuple(row[:4]): Seen(*row[4:]) for row in rows}
    return {key: found[_identity(key)] for key in keys if _identity(key) in found}


def bury(key: TaskInstanceKey, arn: str) -> None:
    """The worker `arn` runs no more: what it left as running is failed, what was cleared meanwhile is retried."""
    with create_session() as session:
        ti = _row(session, key)
        if ti is None or ti.external_executor_id != arn:
            return
        if ti.state == TaskInstanceState.RUNNING:
            _fail_job(session, ti.job_id)
        elif ti.state == TaskInstanceState.RESTARTING:  # Airflow leaves that to the worker
            ti.state, ti.end_date = TaskInstanceState.UP_FOR_RETRY, timezone.utcnow()


def count_try(key: TaskInstanceKey) -> bool:
    """Counts a try that failed before it began, once Airflow has noted the failure; False until then.

    Without it the web page would offer no log of this try (2.5.3, www/views.py: as many as there were tries).
    """
    with create_session() as session:
        ti = _row(session, key)
        if ti is not None and ti.state == TaskInstanceState.QUEUED:
            return False
        if ti is not None and ti.state == TaskInstanceState.FAILED and ti._try_number == key.try_number - 1:
            ti._try_number = key.try_number
    return True


def record(arns: dict[TaskInstanceKey, str]) -> None:
    """Notes the workers' ARNs with those task instances that still wait for them."""
    with create_session() as session:
        for key, arn in arns.items():
            ti = _row(session, key)
            if ti is not None and ti.state == TaskInstanceState.QUEUED:
                ti.external_executor_id = arn


@dataclass
class HeartbeatWatch:
    """Task instances that run where this scheduler cannot look: only their heartbeats tell whether they still do.

    One that is silent for 30 s is over. Without a look at them they would be reset, and run twice at once.
    """

    log: logging.Logger
    _beats: dict[TaskInstanceKey, tuple[datetime | None, float]] = field(default_factory=dict)

    def add(self, key: TaskInstanceKey) -> None:
        self._beats[key] = (None, time.monotonic())

    def __contains__(self, key: TaskInstanceKey) -> bool:
        return key in self._beats

    def check(self) -> None:
        if not self._beats:
            return
        now = time.monotonic()
        with create_session() as session:
            running = _running_jobs(session, self._beats)
            self._beats = {key: beat for key, beat in self._beats.items() if key in running}
            for key, (beat, since) in list(self._beats.items()):
                job = running[key]
                if job.latest_heartbeat != beat:
                    self._beats[key] = (job.latest_heartbeat, now)
                elif now - since > SILENT_SECONDS:
                    self.log.warning("the worker of %s has been silent for %.0f s: it is over", key, now - since)
                    _fail_job(session, job.id)
                    del self._beats[key]


def _running_jobs(session, keys: Iterable[TaskInstanceKey]) -> dict[TaskInstanceKey, LocalTaskJob]:
    rows = (
        session.query(TaskInstance, LocalTaskJob)
        .join(LocalTaskJob, TaskInstance.job_id == LocalTaskJob.id)
        .filter(TaskInstance.filter_for_tis(list(keys)), TaskInstance.state == TaskInstanceState.RUNNING)
        .filter(LocalTaskJob.state == State.RUNNING)
    )
    return {ti.key: job for ti, job in rows}


def _fail_job(session, job_id: int | None) -> None:
    session.query(LocalTaskJob).filter(LocalTaskJob.id == job_id, LocalTaskJob.state == State.RUNNING).update(
        {"state": State.FAILED}, synchronize_session=False
    )


def _row(session, key: TaskInstanceKey) -> TaskInstance | None:
    return session.query(TaskInstance).filter(TaskInstance.filter_for_tis([key])).one_or_none()


def _identity(key: TaskInstanceKey) -> tuple[str, str, str, int]:
    return key.dag_id, key.task_id, key.run_id, key.map_index
