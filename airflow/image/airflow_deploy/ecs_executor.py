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
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from airflow.models.taskinstance import TaskInstance, TaskInstanceKey
from airflow.providers.amazon.aws.executors.ecs.boto_schema import BotoRunTaskSchema
from airflow.utils.state import State, TaskInstanceState

from airflow_deploy import workers
from airflow_deploy.database_host import address_for_workers
from airflow_deploy.ecs_following import PARALLEL_CALLS, FollowingExecutor
from airflow_deploy.run_task import Refusal, Start, refusal_of
from airflow_deploy.task_resources import overrides, worker_size

WORKER = ["python", "-m", "airflow_deploy.start", "worker"]
# The scheduler's own heartbeat waits for the executor.
START_SECONDS = 5.0


class EcsExecutor(FollowingExecutor):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._jobs: dict[TaskInstanceKey, int | None] = {}
        self._throttled = False
        self._pool = ThreadPoolExecutor(PARALLEL_CALLS, thread_name_prefix="run-task")

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
        before = (self._jobs.pop(key, None), self.unbegun[key])
        self.pending_tasks.append(Start(key, command, queue, executor_config or {}, 1, before))

    def attempt_task_runs(self) -> None:
        """Starts what is due, each once; what is refused comes back later, at the end of the queue."""
        self._drop_unwanted_starts()
        began = time.monotonic()
        due = [start for start in self.pending_tasks if start.due <= began]
        while due and time.monotonic() - began < START_SECONDS:
            # While ECS throttles, one call a loop asks whether it still does.
            size = 1 if self._throttled else PARALLEL_CALLS
            now, due = due[:size], due[size:]
            refusals = self._start(now)
            self._throttled = any(refusal.throttled for refusal in refusals)
            if self._throttled:
                return

    def _start(self, starts: Sequence[Start]) -> list[Refusal]:
        """One RunTask for each, at the same time; returns the refusals."""
        refusals = []
        for start, answer in zip(starts, self._pool.map(self._call, starts), strict=True):
            self.pending_tasks.remove(start)
            if isinstance(answer, Refusal):
                refusals.append(answer)
                self._refused(start, answer)
            else:
                self._started(start, answer)
        return refusals

    def _call(self, start: Start) -> dict | Refusal:
        try:
            command = [*WORKER, *start.command]
            request = self._run_task_kwargs(start.key, command, start.queue, start.executor_config)
            answer = self.ecs.run_task(**request, clientToken=start.client_token())
        except Exception as error:
            return refusal_of(error)
        if answer["tasks"]:
            return answer
        return Refusal(", ".join(failure.get("reason", "") for failure in answer["failures"]) or "no task, no failure")

    def _run_task_kwargs(self, task_id, cmd, queue, exec_config) -> dict:
        """RunTask's request, with the executor_config where ECS heeds it. Raises BadExecutorConfig."""
        asked = overrides(exec_config, worker_size())
        request = super()._run_task_kwargs(task_id, cmd, queue, asked.container)
        request["overrides"].update(asked.task)
        self.get_container(request["overrides"]["containerOverrides"])["environment"].extend(address_for_workers())
        return request

    def _started(self, start: Start, answer: dict) -> None:
        task = BotoRunTaskSchema().load(answer)["tasks"][0]
        self.begin_to_follow(task, start.key, start.queue, start.command, start.executor_config)
        self.event_buffer[start.key] = (State.QUEUED, task.task_arn)  # Airflow stores it as external_executor_id
        self.reports.started(start.key, task.task_arn)

    def _refused(self, start: Start, refusal: Refusal) -> None:
        if refusal.final or start.attempt_number >= int(self.MAX_RUN_TASK_ATTEMPTS):
            self.fail_unbegun(start.key, self.reports.given_up(start, refusal))
            return
        self.reports.refused(start, refusal)
        start.put_off(refusal, time.monotonic())
        self.pending_tasks.append(start)

    def _drop_unwanted_starts(self) -> None:
        refused = [start for start in self.pending_tasks if start.attempt_number > 1]
        seen = workers.look([start.key for start in refused])
        for start in refused:
            if start.key not in seen or seen[start.key].state != TaskInstanceState.QUEUED:
                self.pending_tasks.remove(start)
                self.running.discard(start.key)

    def end(self, heartbeat_interval=10) -> None:
        """The scheduler ends, its workers go on: the next scheduler takes them over."""
        workers.record({key: info for key, (state, info) in self.event_buffer.items() if state == State.QUEUED})
        self.log.info("%d ECS tasks go on", len(self.active_workers))
        self._pool.shutdown()
        self.reports.task_log.close()

    def terminate(self) -> None:
        self.end()
