"""Each task of a DAG as an ECS task of its own: the amazon provider's AwsEcsExecutor (8.12.0), made to survive.

Set by AIRFLOW__CORE__EXECUTOR=airflow_deploy.ecs_executor.EcsExecutor in every container of Airflow; without it
AIRFLOW__CORE__EXECUTOR=airflow_deploy.local_executor.LocalExecutor, which leaves alone what ECS workers of the time
before still run. The scheduler also needs every key, as environment variables AIRFLOW__AWS_ECS_EXECUTOR__*:

    CONN_ID=                       empty: boto3's own chain, so the task role
    REGION_NAME=eu-central-1
    CLUSTER=airflow                name or ARN
    CONTAINER_NAME=worker
    TASK_DEFINITION=arn:aws:ecs:…:task-definition/airflow-main-worker:7
                                   with its revision: a scheduler that ECS rolls back starts the workers it came with
    LAUNCH_TYPE=FARGATE
    PLATFORM_VERSION=LATEST
    SUBNETS=subnet-1,subnet-2      comma, no spaces
    SECURITY_GROUPS=sg-1           the same
    ASSIGN_PUBLIC_IP=True          True or False, spelled so
    MAX_RUN_TASK_ATTEMPTS=12       about six minutes
    RUN_TASK_KWARGS={}             JSON
    CHECK_HEALTH_ON_STARTUP=False

and AIRFLOW_DEPLOY_WORKER_CPU=1024, AIRFLOW_DEPLOY_WORKER_MEMORY=2048: the worker task definition's own size, against
which an executor_config that names only one of both is checked. AIRFLOW_DEPLOY_DATABASE_BESIDE_SCHEDULER=True says
that databases at `localhost` are in the scheduler's own task (a branch): workers are told its address.

The worker's container has the image's entrypoint, the scheduler's settings (fromBundle and
AIRFLOW_DEPLOY_RESTART_HASH among them), secrets and read-only mount, stopTimeout 120, and no health check. Its
command is ours: `python -m airflow_deploy.start worker airflow tasks run …`. That waits for the release, links
`config/` as the scheduler's does, tells Airflow the task's ARN and becomes `airflow tasks run`. A revision that is
replaced may be deregistered and deleted while workers run from it, but those must not be stopped: they are adopted.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from airflow.configuration import conf
from airflow.models.taskinstance import TaskInstance, TaskInstanceKey
from airflow.providers.amazon.aws.executors.ecs.boto_schema import BotoRunTaskSchema
from airflow.providers.amazon.aws.executors.ecs.ecs_executor import AwsEcsExecutor
from airflow.providers.amazon.aws.executors.ecs.utils import CONFIG_GROUP_NAME, AllEcsConfigKeys, EcsExecutorTask
from airflow.providers.amazon.aws.hooks.ecs import EcsHook
from airflow.utils.state import State, TaskInstanceState
from botocore.config import Config

from airflow_deploy import workers
from airflow_deploy.database_host import address_for_workers
from airflow_deploy.ecs_task import BEFORE_START, End, end_of, lost
from airflow_deploy.recurring import Recurring
from airflow_deploy.run_task import Refusal, Start, refusal_of
from airflow_deploy.task_log import TaskLog, key_fields
from airflow_deploy.task_resources import overrides, worker_size

WORKER = ["python", "-m", "airflow_deploy.start", "worker"]
DESCRIBE_SECONDS = 1.0
WATCH_SECONDS = 5.0
# ECS is eventually consistent: a task that it started is not always known to it at once.
MISSING_SECONDS = 120.0
# The scheduler's own heartbeat waits for the executor.
START_SECONDS = 5.0
UNWANTED = "airflow: the task was marked or cleared before it began"
WANTED = (TaskInstanceState.QUEUED, TaskInstanceState.RUNNING, TaskInstanceState.RESTARTING)
# Each call is tried once: what failed has its turn again in a later loop.
CLIENT = Config(connect_timeout=5, read_timeout=15, retries={"total_max_attempts": 1})


class EcsExecutor(AwsEcsExecutor):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        connection = conf.get(CONFIG_GROUP_NAME, AllEcsConfigKeys.AWS_CONN_ID)
        region = conf.get(CONFIG_GROUP_NAME, AllEcsConfigKeys.REGION_NAME)
        self.ecs = EcsHook(aws_conn_id=connection, region_name=region, config=CLIENT).conn
        self.watch = workers.HeartbeatWatch(self.log)
        self.task_log = TaskLog()
        self._jobs: dict[TaskInstanceKey, int | None] = {}
        self._statuses: dict[str, str] = {}
        self._missing: dict[str, float] = {}
        self._stopping: set[str] = set()
        self._uncounted: set[TaskInstanceKey] = set()
        self._restarts: dict[TaskInstanceKey, int] = {}
        self._steps = [
            Recurring("DescribeTasks", self._follow, DESCRIBE_SECONDS, self.log),
            Recurring("unwanted workers", self._stop_unwanted, DESCRIBE_SECONDS, self.log),
            Recurring("tries that did not begin", self._count_tries, DESCRIBE_SECONDS, self.log),
            Recurring("workers that ECS does not know", self.watch.check, WATCH_SECONDS, self.log),
        ]

    # What the scheduler hands over.

    def queue_command(self, task_instance: TaskInstance, *args, **kwargs) -> None:
        super().queue_command(task_instance, *args, **kwargs)
        self._jobs[task_instance.key] = task_instance.job_id

    def trigger_tasks(self, open_slots: int) -> None:
        """Holds back what comes again while its former worker lives: cleared, deferred or rescheduled.

        Airflow would try five loops long, then forget the task and leave it queued for ever.
        """
        waiting = {start.key for start in self.pending_tasks}
        again = {key: self.queued_tasks.pop(key) for key in list(self.queued_tasks) if key in self.running}
        super().trigger_tasks(open_slots)
        self.queued_tasks.update({key: queued for key, queued in again.items() if key not in waiting})

    def execute_async(self, key: TaskInstanceKey, command, queue=None, executor_config=None) -> None:
        before = (self._jobs.pop(key, None), self._restarts.get(key, 0))
        self.pending_tasks.append(Start(key, command, queue, executor_config or {}, 1, before))

    # What runs.

    def sync_running_tasks(self) -> None:
        for step in self._steps:
            step.run()

    def _follow(self) -> None:
        for batch in _batches(self.active_workers.get_all_arns(), self.DESCRIBE_TASKS_BATCH_SIZE):
            tasks = {task["taskArn"]: task for task in self._describe(batch)}
            for arn in batch:
                end = end_of(tasks[arn]) if arn in tasks else self._end_of_missing(arn)
                if arn in tasks:
                    self._missing.pop(arn, None)
                    self._statuses[arn] = tasks[arn]["lastStatus"]
                if end:
                    self._end(arn, end)

    def _describe(self, arns: Sequence[str]) -> list[dict]:
        return self.ecs.describe_tasks(cluster=self.cluster, tasks=arns)["tasks"]

    def _end_of_missing(self, arn: str) -> End | None:
        seconds = time.monotonic() - self._missing.setdefault(arn, time.monotonic())
        return lost(seconds) if seconds > MISSING_SECONDS else None

    def _end(self, arn: str, end: End) -> None:
        key = self.active_workers.arn_to_key[arn]
        if end.details["stopped_reason"] == UNWANTED and arn not in self._stopping and self._start_again(key, arn):
            return
        workers.bury(key, arn)  # first: it may fail, and is then repeated
        self._drop_if_done(key)
        self._forget(key, arn)
        asked = arn in self._stopping
        level = "info" if end.succeeded or asked else "error"
        message = f"ECS task {arn} of {_name(key)} ended: {end.reason}"
        getattr(self.log, level)(message, extra={**key_fields(key), "task_arn": arn, **end.details})
        if end.notable:
            self.task_log.write(key, message, end.at)
        if asked:
            self._stopping.discard(arn)
            self.running.discard(key)
            self._restarts[key] = self._restarts.get(key, 0) + 1
        elif end.succeeded:
            self.success(key, arn)
        else:
            self._fail(key, message, began=end.started)

    def _fail(self, key: TaskInstanceKey, reason: str, *, began: bool) -> None:
        self.fail(key, reason)
        if not began:
            self._uncounted.add(key)
            self._restarts[key] = self._restarts.get(key, 0) + 1

    def _forget(self, key: TaskInstanceKey, arn: str) -> None:
        self.active_workers.pop_by_key(key)
        self._statuses.pop(arn, None)
        self._missing.pop(arn, None)

    # What nobody wants any more.

    def _stop_unwanted(self) -> None:
        """Stops workers that have not begun, for task instances that were marked or cleared.

        Those that have begun look for themselves, with every heartbeat.
        """
        waiting = {
            key: arn
            for key, arn in self.active_workers.key_to_arn.items()
            if self._statuses.get(arn) in BEFORE_START and arn not in self._stopping
        }
        seen = workers.look(waiting)
        for key, arn in waiting.items():
            if key in seen and seen[key].state in WANTED and key not in self.queued_tasks:
                continue
            self.ecs.stop_task(cluster=self.cluster, task=arn, reason=UNWANTED)
            self._stopping.add(arn)
            self.log.info("ECS task %s of %s is not wanted any more", arn, _name(key), extra=key_fields(key))

    def _drop_if_done(self, key: TaskInstanceKey) -> None:
        """What came again while its worker lived may have been done by that very worker."""
        if key in self.queued_tasks:
            seen = workers.look([key]).get(key)
            if seen is None or seen.state != TaskInstanceState.QUEUED:
                del self.queued_tasks[key]

    def _count_tries(self) -> None:
        self._uncounted = {key for key in self._uncounted if not workers.count_try(key)}

    # What is to be started.

    def attempt_task_runs(self) -> None:
        """Starts what is due, each once; what is refused comes back later, at the end of the queue."""
        self._drop_unwanted_starts()
        began = time.monotonic()
        for _ in range(len(self.pending_tasks)):
            start = self.pending_tasks.popleft()
            if start.due > began or time.monotonic() - began > START_SECONDS:
                self.pending_tasks.append(start)
                continue
            refusal = self._start(start)
            if refusal and self._is_hopeless(start, refusal):
                self._give_up(start, refusal)
            elif refusal:
                start.put_off(refusal, time.monotonic())
                self.pending_tasks.append(start)
            if refusal and refusal.throttled:
                return

    def _is_hopeless(self, start: Start, refusal: Refusal) -> bool:
        return refusal.final or start.attempt_number >= int(self.MAX_RUN_TASK_ATTEMPTS)

    def _start(self, start: Start) -> Refusal | None:
        key = start.key
        try:
            request = self._run_task_kwargs(key, [*WORKER, *start.command], start.queue, start.executor_config)
            answer = self.ecs.run_task(**request, clientToken=start.client_token())
        except Exception as error:
            refusal = refusal_of(error)
        else:
            if answer["tasks"]:
                self._started(start, answer)
                return None
            refusal = Refusal(", ".join(failure.get("reason", "") for failure in answer["failures"]) or "no task")
        self.log.warning(
            "RunTask for %s, attempt %d: %s", _name(key), start.attempt_number, refusal.reason, extra=key_fields(key)
        )
        return refusal

    def _run_task_kwargs(self, task_id, cmd, queue, exec_config) -> dict:
        """RunTask's request, with the executor_config where ECS heeds it. Raises BadExecutorConfig."""
        asked = overrides(exec_config, worker_size())
        request = super()._run_task_kwargs(task_id, cmd, queue, asked.container)
        request["overrides"].update(asked.task)
        self.get_container(request["overrides"]["containerOverrides"])["environment"].extend(address_for_workers())
        return request

    def _started(self, start: Start, answer: dict) -> None:
        task = BotoRunTaskSchema().load(answer)["tasks"][0]
        key, arn = start.key, task.task_arn
        self.active_workers.add_task(task, key, start.queue, start.command, start.executor_config, start.attempt_number)
        self._statuses[arn] = task.last_status
        self.event_buffer[key] = (State.QUEUED, arn)  # Airflow stores the ARN as external_executor_id
        fields = {**key_fields(key), "task_arn": arn}
        self.log.info("ECS task %s runs %s", arn, _name(key), extra=fields)

    def _start_again(self, key: TaskInstanceKey, arn: str) -> bool:
        """An earlier scheduler started and stopped this worker; its client token brought it back."""
        info = self.active_workers.info_by_key(key)
        if info.cmd:
            self._forget(key, arn)
            self._restarts[key] = self._restarts.get(key, 0) + 1
            self.execute_async(key, info.cmd, info.queue, info.config)
        return bool(info.cmd)

    def _give_up(self, start: Start, refusal: Refusal) -> None:
        message = f"no ECS task for {_name(start.key)} after {start.attempt_number} attempts: {refusal.reason}"
        self.log.error(message, extra={**key_fields(start.key), "reason": refusal.reason})
        self.task_log.write(start.key, message)
        self._fail(start.key, message, began=False)

    def _drop_unwanted_starts(self) -> None:
        refused = [start for start in self.pending_tasks if start.attempt_number > 1]
        seen = workers.look([start.key for start in refused])
        for start in refused:
            if start.key not in seen or seen[start.key].state != TaskInstanceState.QUEUED:
                self.pending_tasks.remove(start)
                self.running.discard(start.key)

    # Across schedulers.

    def try_adopt_task_instances(self, tis: Sequence[TaskInstance]) -> Sequence[TaskInstance]:
        """Takes over what workers of another scheduler run; returns what has no worker, to be queued again.

        What ended meanwhile is taken over too: the next look at it reports how.
        """
        known = self._known([ti.external_executor_id for ti in tis if ti.external_executor_id])
        orphans = []
        for ti in tis:
            arn = ti.external_executor_id
            if arn and (known is None or arn in known):
                self._adopt(ti, arn)
            elif arn and ti.state == TaskInstanceState.RUNNING:
                self.watch.add(ti.key)
            else:
                orphans.append(ti)
        return orphans

    def _known(self, arns: Sequence[str]) -> set[str] | None:
        """Those that ECS knows; None where it does not say."""
        try:
            batches = _batches(arns, self.DESCRIBE_TASKS_BATCH_SIZE)
            return {task["taskArn"] for batch in batches for task in self._describe(batch)}
        except Exception as error:
            self.log.warning("DescribeTasks: %s: taking over all %d ECS tasks", error, len(arns))
            return None

    def _adopt(self, ti: TaskInstance, arn: str) -> None:
        task = EcsExecutorTask(arn, "UNKNOWN", "RUNNING", [])
        self.active_workers.add_task(task, ti.key, ti.queue, [], ti.executor_config or {}, 1)
        self.running.add(ti.key)
        self.log.info("ECS task %s of %s taken over", arn, _name(ti.key), extra={**key_fields(ti.key), "task_arn": arn})

    def end(self, heartbeat_interval=10) -> None:
        """The scheduler ends, its workers go on: the next scheduler takes them over."""
        workers.record({key: info for key, (state, info) in self.event_buffer.items() if state == State.QUEUED})
        self.log.info("%d ECS tasks go on", len(self.active_workers))
        self.task_log.close()

    def terminate(self) -> None:
        self.end()


def _name(key: TaskInstanceKey) -> str:
    return f"{key.dag_id}.{key.task_id} {key.run_id} try {key.try_number}"


def _batches(arns: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(arns), size):
        yield arns[start : start + size]
