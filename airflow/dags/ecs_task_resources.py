"""### Resources of a task

With the ECS executor (`AIRFLOW_DEPLOY_EXECUTOR=ecs`) each task is a Fargate task of its own, and `executor_config`
gives it a size of its own: [the pairs that Fargate has](
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html). The local executor does not
heed it: there the tasks share the scheduler's container.
"""

from __future__ import annotations

import json
import os
import urllib.request

import pendulum
from airflow.decorators import dag, task

LARGE = {"cpu": "1024", "memory": "4096"}
ROOMY = {**LARGE, "ephemeralStorage": {"sizeInGiB": 30}}


def print_limits() -> None:
    """What the ECS task around this container may use; elsewhere only the number of processors."""
    uri = os.environ.get("ECS_CONTAINER_METADATA_URI_V4")
    if not uri:
        print(f"not in ECS, {os.cpu_count()} processors")
        return
    with urllib.request.urlopen(f"{uri}/task", timeout=10) as answer:
        limits = json.load(answer)["Limits"]
    print(f"{limits['CPU']} vCPU, {limits['Memory']} MiB of memory")


@dag(
    doc_md=__doc__,
    schedule=None,
    start_date=pendulum.datetime(2021, 1, 1, tz="UTC"),
    catchup=False,
    tags=["example"],
)
def ecs_task_resources():
    @task()
    def usual() -> None:
        """As large as the worker's task definition."""
        print_limits()

    @task(executor_config=LARGE)
    def large() -> None:
        """1 vCPU and 4 GiB."""
        print_limits()

    @task(executor_config=ROOMY)
    def roomy() -> None:
        """The same with 30 GiB of storage instead of 20."""
        print_limits()

    usual() >> [large(), roomy()]


ecs_task_resources()
