"""What `executor_config` may ask of Fargate, and what is said of it when a DAG is parsed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from airflow.models import DagBag
from conftest import ENVIRONMENT, SOURCE

from airflow_deploy.import_errors import describe_import_error
from airflow_deploy.task_policy import ECS_EXECUTOR, check_task, line_of
from airflow_deploy.task_resources import BadExecutorConfig, Overrides, Size, overrides, worker_size

WORKER = Size(1024, 2048)


def test_nothing_asked_is_nothing_overridden():
    assert overrides(None, WORKER) == overrides({}, WORKER) == Overrides({}, {})


@pytest.mark.parametrize(
    ("config", "task"),
    [
        ({"cpu": "1024", "memory": "4096"}, {"cpu": "1024", "memory": "4096"}),
        ({"cpu": 256, "memory": 512}, {"cpu": "256", "memory": "512"}),
        ({"cpu": ".5 vCPU", "memory": "1GB"}, {"cpu": "512", "memory": "1024"}),
        ({"memory": "8192"}, {"memory": "8192"}),
        ({"cpu": "16384", "memory": "122880"}, {"cpu": "16384", "memory": "122880"}),
        ({"ephemeralStorage": {"sizeInGiB": 200}}, {"ephemeralStorage": {"sizeInGiB": 200}}),
    ],
)
def test_sizes_are_the_tasks_own(config, task):
    assert overrides(config, WORKER) == Overrides(task, {})


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"cpu": "256", "memory": "1536"}, "no memory 1536 with cpu 256: it has 512, 1024 or 2048 MiB"),
        ({"cpu": "1024", "memory": "1024"}, "no memory 1024 with cpu 1024: it has 2048 to 8192 in steps of 1024 MiB"),
        ({"cpu": "1024", "memory": "8193"}, "no memory 8193"),
        ({"cpu": "8192", "memory": "20000"}, "it has 16384 to 61440 in steps of 4096 MiB"),
        ({"cpu": "1000", "memory": "2048"}, "Fargate has no cpu 1000: it has 256, 512, 1024"),
        ({"memory": "16384"}, "no memory 16384 with cpu 1024"),
        ({"cpu": "4096"}, "no memory 2048 with cpu 4096"),
        ({"cpu": "many"}, "cpu is 'many': give a number"),
        ({"memory": True}, "memory is True"),
        ({"memory": "4 GiB"}, "memory is '4 GiB'"),
        ({"memory": "1.5"}, "memory is '1.5'"),
        ({"ephemeralStorage": 50}, "give {'sizeInGiB': N}, N from 21 to 200"),
        ({"ephemeralStorage": {"sizeInGiB": 20}}, "N from 21 to 200"),
        ({"ephemeralStorage": {"sizeInGiB": "50"}}, "N from 21 to 200"),
        ({"pod_override": 1, "image": "x"}, "has no image, pod_override: it takes cpu, memory, ephemeralStorage"),
        ({"command": ["rm"]}, "has no command"),
        ({"name": "other"}, "has no name"),
        (["cpu"], "executor_config is list, not a dictionary"),
    ],
)
def test_what_fargate_does_not_have_is_said(config, why):
    with pytest.raises(BadExecutorConfig) as refused:
        overrides(config, WORKER)
    assert why in str(refused.value)


def test_one_size_alone_is_checked_against_the_workers_where_that_is_known(monkeypatch):
    assert overrides({"memory": "16384"}, Size(None, None)).task == {"memory": "16384"}
    monkeypatch.setenv("AIRFLOW_DEPLOY_WORKER_CPU", "1024")
    monkeypatch.setenv("AIRFLOW_DEPLOY_WORKER_MEMORY", "2048")
    assert worker_size() == WORKER


def test_overrides_of_the_container_are_copies():
    config = {"environment": [{"name": "A", "value": "1"}]}
    overrides(config, WORKER).container["environment"].append({"name": "B", "value": "2"})
    assert config == {"environment": [{"name": "A", "value": "1"}]}


DAG_FILE = """\
from airflow import DAG
from airflow.operators.empty import EmptyOperator
import pendulum

with DAG("big", start_date=pendulum.datetime(2024, 1, 1)):
    EmptyOperator(task_id="fine", executor_config={"cpu": "1024"})
    EmptyOperator(
        task_id="wrong",
        executor_config={"cpu": "256", "memory": "8192"},
    )
"""


@pytest.fixture
def with_ecs(monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", ECS_EXECUTOR)
    monkeypatch.setattr("airflow.settings.task_policy", check_task)


def parse(path) -> dict[str, str]:
    return DagBag(str(path), include_examples=False, read_dags_from_db=False).import_errors


def test_a_wrong_pair_is_an_import_error_with_its_line(tmp_path, with_ecs):
    (file := tmp_path / "big.py").write_text(DAG_FILE)
    ((path, trace),) = parse(file).items()
    line, message = describe_import_error(trace, path)
    assert line == 9
    assert message == (
        "AirflowClusterPolicyViolation: task wrong of DAG big: Fargate has no memory 8192 with cpu 256: "
        "it has 512, 1024 or 2048 MiB"
    )


def test_a_config_that_is_computed_is_named_by_dag_and_task(tmp_path, with_ecs):
    computed = DAG_FILE.replace('{"cpu": "256", "memory": "8192"}', "dict(cpu=256, memory=8 * 1024)")
    (file := tmp_path / "big.py").write_text(computed)
    ((path, trace),) = parse(file).items()
    line, message = describe_import_error(trace, path)
    assert line is None
    assert message.startswith("task wrong of DAG big: Fargate has no memory 8192")


def test_in_default_args_too(tmp_path, with_ecs):
    (file := tmp_path / "big.py").write_text('args = {\n"executor_config": {"cpu": "7"}}\n')
    assert line_of(str(file), {"cpu": "7"}) == 2
    assert line_of(str(tmp_path / "none.py"), {}) is None


def test_mapped_tasks_too(tmp_path, with_ecs):
    mapped = DAG_FILE.replace("    EmptyOperator(\n", "    BashOperator.partial(\n")
    mapped = mapped.replace("    )\n", "    ).expand(bash_command=['date'])\n")
    mapped = mapped.replace("import pendulum", "from airflow.operators.bash import BashOperator\nimport pendulum")
    (file := tmp_path / "big.py").write_text(mapped)
    assert "task wrong of DAG big" in next(iter(parse(file).values()))


def test_other_executors_do_not_heed_it(tmp_path, monkeypatch):
    monkeypatch.setattr("airflow.settings.task_policy", check_task)
    (file := tmp_path / "big.py").write_text(DAG_FILE)
    assert parse(file) == {}


def test_the_samples_are_fine(with_ecs):
    assert parse(SOURCE / "dags") == {}


OWN = """\
from airflow.exceptions import AirflowClusterPolicyViolation

def task_policy(task):
    if task.task_id == "forbidden":
        raise AirflowClusterPolicyViolation("not here")

def dag_policy(dag):
    dag.tags = ["seen"]
"""
ASK = """\
import json
from types import SimpleNamespace
from airflow import settings
from airflow.configuration import conf
conf.set("core", "executor", "EXECUTOR")
said = []
for name, config in (("forbidden", {}), ("fine", {}), ("wrong", {"cpu": "7"})):
    try:
        dag = SimpleNamespace(fileloc="", tags=[])
        settings.dag_policy(dag)
        task = SimpleNamespace(task_id=name, dag_id="d", dag=dag, executor_config=config)
        said.append([settings.task_policy(task), dag.tags])
    except Exception as error:
        said.append(str(error))
print(json.dumps(said))
"""


@pytest.mark.parametrize("own", [None, OWN, OWN.replace("def task_policy", "def policy")])
def test_the_users_own_policies_keep_their_effect(tmp_path, own):
    (tmp_path / "config").mkdir()
    if own:
        (tmp_path / "config" / "airflow_local_settings.py").write_text(own)
    done = subprocess.run(
        [sys.executable, "-c", ASK.replace("EXECUTOR", ECS_EXECUTOR)],
        env={**ENVIRONMENT, "AIRFLOW_HOME": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    forbidden, fine, wrong = json.loads(done.stdout.splitlines()[-1])
    tags = ["seen"] if own else []
    assert forbidden == ("not here" if own else [None, tags])
    assert fine == [None, tags]
    assert wrong == "task wrong of DAG d: Fargate has no cpu 7: it has 256, 512, 1024, 2048, 4096, 8192, 16384"
