"""The worker's container: one task of a DAG, begun as the ECS executor begins it."""

from __future__ import annotations

import os
import shutil

import pendulum
import pytest
from airflow.models import DagBag, TaskInstance
from airflow.utils.session import create_session
from airflow.utils.state import State
from conftest import HOME, SOURCE, run_program
from test_start_and_health import fresh_metadata, serve  # noqa: F401

from airflow_deploy.database_host import address_for_workers, take_address

ARN = "arn:aws:ecs:eu-central-1:000000000000:task/airflow/1"


@pytest.fixture
def run_id(database):
    (HOME / "dags").mkdir(exist_ok=True)
    shutil.copy(SOURCE / "dags" / "tutorial.py", HOME / "dags")
    dag = DagBag(str(HOME / "dags"), include_examples=False, read_dags_from_db=False).dags["tutorial"]
    now = pendulum.now("UTC")
    with create_session() as session:
        dag.sync_to_db(session=session)
        dag.create_dagrun(
            state=State.RUNNING, run_id="w", execution_date=now, data_interval=(now, now), session=session
        )
    return "w"


def test_the_task_runs_under_the_tasks_arn(run_id, serve):  # noqa: F811
    url = serve({"/v4/1": {"Networks": [{"IPv4Addresses": ["10.0.1.7"]}]}, "/v4/1/task": {"TaskARN": ARN}})
    command = (
        "airflow",
        "tasks",
        "run",
        "tutorial",
        "print_date",
        run_id,
        "--local",
        "--subdir",
        "DAGS_FOLDER/tutorial.py",
    )
    lines = run_program(
        "start",
        "worker",
        *command,
        ECS_CONTAINER_METADATA_URI_V4=f"{url}/v4/1",
        AIRFLOW__CORE__HOSTNAME_CALLABLE="task_hostname.task_address",
        AIRFLOW__LOGGING__LOGGING_CONFIG_CLASS="log_config.LOG_CONFIG",
    )
    assert any("on host 10.0.1.7" in line["message"] for line in lines)
    with create_session() as session:
        ti = session.query(TaskInstance).filter_by(dag_id="tutorial", task_id="print_date", run_id=run_id).one()
        assert (ti.state, ti.external_executor_id, ti.hostname) == (State.SUCCESS, ARN, "10.0.1.7")


def test_a_worker_needs_a_command_and_the_others_take_none():
    for arguments in (["worker"], ["scheduler", "now"], []):
        (line,) = run_program("start", *arguments, exit_code=2)
        assert line["message"].startswith("usage: python -m airflow_deploy.start")


def test_databases_beside_the_scheduler_are_at_its_address(monkeypatch):
    assert address_for_workers() == []
    monkeypatch.setenv("AIRFLOW_DEPLOY_DATABASE_BESIDE_SCHEDULER", "True")
    monkeypatch.setattr("airflow_deploy.database_host.task_address", lambda: "10.0.1.7")
    (told,) = address_for_workers()
    monkeypatch.setenv(told["name"], told["value"])
    monkeypatch.setenv(
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql+psycopg2://airflow:p%40s@localhost:5432/a?b=c"
    )
    monkeypatch.setenv("AIRFLOW_CONN_MYSQL_BRANCH", "mysql://airflow:x@localhost:3306/airflow?client=c")
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", "http://user@elsewhere:80/localhost")
    monkeypatch.setenv("AIRFLOW_CONN_LOCAL", "mysql://airflow:x@127.3.2.1:3306/airflow")
    take_address()
    assert (
        os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == "postgresql+psycopg2://airflow:p%40s@10.0.1.7:5432/a?b=c"
    )
    assert os.environ["AIRFLOW_CONN_MYSQL_BRANCH"] == "mysql://airflow:x@10.0.1.7:3306/airflow?client=c"
    assert os.environ["AIRFLOW_CONN_LOCAL"] == "mysql://airflow:x@10.0.1.7:3306/airflow"
    assert os.environ["AIRFLOW_CONN_OTHER"] == "http://user@elsewhere:80/localhost"
