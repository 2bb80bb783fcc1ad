"""Workers that run: how they end, which of them nobody wants any more, and those of another scheduler.

The half of the ECS executor that looks at ECS; ecs_executor.py has the other, which starts workers.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence

from airflow.configuration import conf
from airflow.models.taskinstance import TaskInstance, TaskInstanceKey
from airflow.providers.amazon.aws.executors.ecs.ecs_executor import AwsEcsExecutor
from airflow.providers.amazon.aws.executors.ecs.utils import CONFIG_GROUP_NAME, AllEcsConfigKeys, EcsExecutorTask
from airflow.providers.amazon.aws.hooks.ecs import EcsHook
from airflow.utils.state import TaskInstanceState
from botocore.config import Config

from airflow_deploy import workers
from airflow_deploy.ecs_task import BEFORE_START, End, end_of, lost
from airflow_deploy.recurring import Recurring
from airflow_deploy.reports import Reports

DESCRIBE_SECONDS = 1.0
WATCH_SECONDS = 5.0
# ECS is eventually consistent: a task that it started is not always known to it at once.
MISSING_SECONDS = 120.0
UNWANTED = "airflow: the task was marked or cleared before it began"
WANTED = (TaskInstanceState.QUEUED, TaskInstanceState.RUNNING, TaskInstanceState.RESTARTING)
PARALLEL_CALLS = 8
# Each call is tried once: what failed has its turn again in a later loop.
CLIENT = Config(
    connect_timeout=5, read_timeout=15, max_pool_connections=PARALLEL_CALLS, retries={"total_max_attempts": 1}
)


class FollowingExecutor(AwsEcsExecutor):
    """`unbegun` counts a try's workers that ended before they began it."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        connection = conf.get(CONFIG_GROUP_NAME, AllEcsConfigKeys.AWS_CONN_ID)
        region = conf.get(CONFIG_GROUP_NAME, AllEcsConfigKeys.REGION_NAME)
        self.ecs = EcsHook(aws_conn_id=connection, region_name=region, config=CLIENT).conn
        self.reports = Reports(self.log)
        self.watch = workers.HeartbeatWatch(self.log)
        self.unbegun: Counter[TaskInstanceKey] = Counter()
        self._statuses: dict[str, str] = {}
        self._missing: dict[str, float] = {}
        self._stopping: set[str] = set()
        self._uncounted: set[TaskInstanceKey] = set()
        self._steps = [
            Recurring("DescribeTasks", self._follow, DESCRIBE_SECONDS, self.log),
            Recurring("unwanted workers", self._stop_unwanted, DESCRIBE_SECONDS, self.log),
            Recurring("tries that did not begin", self._count_tries, DESCRIBE_SECONDS, self.log),
            Recurring("workers that ECS does not know", self.watch.check, WATCH_SECONDS, self.log),
        ]

    def sync_running_tasks(self) -> None:
        for step in self._steps:
            step.run()

    def begin_to_follow(
        self, task: EcsExecutorTask, key: TaskInstanceKey, queue: str, command: list, config: dict
    ) -> None:
        self.active_workers.add_task(task, key, queue, command, config, 1)
        self._statuses[task.task_arn] = task.last_status

    def fail_unbegun(self, key: TaskInstanceKey, reason: str) -> None:
        """Reports a try as failed of which nothing has run."""
        self.fail(key, reason)
        self._uncounted.add(key)
        self.unbegun[key] += 1

    def try_adopt_task_instances(self, tis: Sequence[TaskInstance]) -> Sequence[TaskInstance]:
        """Takes over what workers of another scheduler run; returns what nothing runs, to be queued again.

        What ended meanwhile is taken over too: the next look at it reports how. Where ECS knows no worker of what
        should run, as after the local executor, heartbeats tell: Airflow would run it again, whatever its retries are.
        """
        known = self._known([ti.external_executor_id for ti in tis if ti.external_executor_id])
        orphans = []
        for ti in tis:
            arn = ti.external_executor_id
            if arn and (known is None or arn in known):
                self._take_over(ti, arn)
            elif ti.state == TaskInstanceState.RUNNING and ti.job_id:
                self.watch.add(ti.key)
            else:
                orphans.append(ti)
        return orphans

    # How workers end.

    def _follow(self) -> None:
        for batch in _batches(self.active_workers.get_all_arns(), self.DESCRIBE_TASKS_BATCH_SIZE):
            tasks = {task["taskArn"]: task for task in self._describe(batch)}
            for arn in batch:
                end = self._end_of_known(tasks[arn]) if arn in tasks else self._end_of_missing(arn)
                if end:
                    self._end(arn, end)

    def _describe(self, arns: Sequence[str]) -> list[dict]:
        return self.ecs.describe_tasks(cluster=self.cluster, tasks=arns)["tasks"]

    def _end_of_known(self, task: dict) -> End | None:
        self._missing.pop(task["taskArn"], None)
        self._statuses[task["taskArn"]] = task["lastStatus"]
        return end_of(task)

    def _end_of_missing(self, arn: str) -> End | None:
        seconds = time.monotonic() - self._missing.setdefault(arn, time.monotonic())
        return lost(seconds) if seconds > MISSING_SECONDS else None

    def _end(self, arn: str, end: End) -> None:
        key = self.active_workers.arn_to_key[arn]
        asked = arn in self._stopping
        if end.details["stopped_reason"] == UNWANTED and not asked and self._start_again(key, arn):
            return
        workers.bury(key, arn)  # first: it may fail, and is then repeated
        self._drop_if_done(key)
        self._forget(key, arn)
        message = self.reports.ended(key, arn, end, asked=asked)
        if asked:
            self.running.discard(key)
            self.unbegun[key] += 1
        elif end.succeeded:
            self.success(key, arn)
        elif end.started:
            self.fail(key, message)
        else:
            self.fail_unbegun(key, message)

    def _start_again(self, key: TaskInstanceKey, arn: str) -> bool:
        """An earlier scheduler started and stopped this worker; its client token brought it back."""
        info = self.active_workers.info_by_key(key)
        if info.cmd:
            self._forget(key, arn)
            self.unbegun[key] += 1
            self.execute_async(key, info.cmd, info.queue, info.config)
        return bool(info.cmd)

    def _forget(self, key: TaskInstanceKey, arn: str) -> None:
        self.active_workers.pop_by_key(key)
        self._statuses.pop(arn, None)
        self._missing.pop(arn, None)
        self._stopping.discard(arn)

    def _drop_if_done(self, key: TaskInstanceKey) -> None:
        """What came again while its worker lived may have been done by that very worker."""
        if key in self.queued_tasks:
            seen = workers.look([key]).get(key)
            if seen is None or seen.state != TaskInstanceState.QUEUED:
                del self.queued_tasks[key]

    def _count_tries(self) -> None:
        self._uncounted = {key for key in self._uncounted if not workers.count_try(key)}

    # What nobody wants any more.

    def _stop_unwanted(self) -> None:
        """Stops workers that have not begun, for task instances that were marked or cleared.

        Those that have begun look for themselves, with every heartbeat.
        """
        waiting = {key: arn for key, arn in self.active_workers.key_to_arn.items() if self._has_not_begun(arn)}
        seen = workers.look(waiting)
        for key, arn in waiting.items():
            if key not in seen or seen[key].state not in WANTED or key in self.queued_tasks:
                self.ecs.stop_task(cluster=self.cluster, task=arn, reason=UNWANTED)
                self._stopping.add(arn)
                self.reports.unwanted(key, arn)

    def _has_not_begun(self, arn: str) -> bool:
        return self._statuses.get(arn) in BEFORE_START and arn not in self._stopping

    # What another scheduler started.

    def _known(self, arns: Sequence[str]) -> set[str] | None:
        """Those that ECS knows; None where it does not say."""
        try:
            batches = _batches(arns, self.DESCRIBE_TASKS_BATCH_SIZE)
            return {task["taskArn"] for batch in batches for task in self._describe(batch)}
        except Exception as error:
            self.log.warning("DescribeTasks: %s: taking over all %d ECS tasks", error, len(arns))
            return None

    def _take_over(self, ti: TaskInstance, arn: str) -> None:
        task = EcsExecutorTask(arn, "UNKNOWN", "RUNNING", [])
        self.begin_to_follow(task, ti.key, ti.queue, [], ti.executor_config or {})
        self.running.add(ti.key)
        self.reports.taken_over(ti.key, arn)


def _batches(arns: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(arns), size):
        yield arns[start : start + size]
