"""A try that was killed fails once.

Airflow (2.5.3) asks its DAG processor every 10 s to fail a task instance whose worker is gone, until that is done, and
the DAG processor does not look whether it is: asked twice, it fails what waits for its next try for good.
"""

from __future__ import annotations

from functools import wraps

from airflow.callbacks.callback_requests import TaskCallbackRequest
from airflow.dag_processing.processor import DagFileProcessor
from airflow.models.taskinstance import TaskInstance
from airflow.utils.state import TaskInstanceState

UNFINISHED = (TaskInstanceState.QUEUED, TaskInstanceState.RUNNING)


def install() -> None:
    """For this process and its forks, the DAG processor among them."""
    original = DagFileProcessor._execute_task_callbacks

    @wraps(original)
    def execute(self, dagbag, request: TaskCallbackRequest, session) -> None:
        if is_unfinished(request, session):
            original(self, dagbag, request, session)

    DagFileProcessor._execute_task_callbacks = execute


def is_unfinished(request: TaskCallbackRequest, session) -> bool:
    """Whether the try that the request speaks of is still the current one, and has not ended."""
    key = request.simple_task_instance.key
    ti = session.query(TaskInstance).filter(TaskInstance.filter_for_tis([key])).one_or_none()
    return ti is not None and ti.state in UNFINISHED and ti.try_number == key.try_number
