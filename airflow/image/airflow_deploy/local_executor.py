"""Airflow's LocalExecutor (2.5.3), which leaves alone what ECS workers of the time before still run.

Set by AIRFLOW__CORE__EXECUTOR=airflow_deploy.local_executor.LocalExecutor. Airflow's own would reset and run again
everything that another scheduler's executor was running, while the ECS workers go on with it.
"""

from __future__ import annotations

from collections.abc import Sequence

from airflow.executors import local_executor
from airflow.models.taskinstance import TaskInstance
from airflow.utils.state import TaskInstanceState

from airflow_deploy.recurring import Recurring
from airflow_deploy.workers import HeartbeatWatch

WATCH_SECONDS = 5.0


class LocalExecutor(local_executor.LocalExecutor):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.watch = HeartbeatWatch(self.log)
        self._watching = Recurring("workers in ECS", self.watch.check, WATCH_SECONDS, self.log)

    def try_adopt_task_instances(self, tis: Sequence[TaskInstance]) -> Sequence[TaskInstance]:
        """Leaves to their worker those that one runs; returns all others, to be queued again."""
        for ti in tis:
            if ti.state == TaskInstanceState.RUNNING and ti.external_executor_id:
                self.watch.add(ti.key)
        return [ti for ti in tis if ti.key not in self.watch]

    def sync(self) -> None:
        super().sync()
        self._watching.run()
