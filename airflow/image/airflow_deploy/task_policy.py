"""What an `executor_config` says that Fargate cannot run, found when its DAG is parsed: an import error of its file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from airflow_deploy.task_resources import BadExecutorConfig, overrides, worker_size

ECS_EXECUTOR = "airflow_deploy.ecs_executor.EcsExecutor"


def check_task(task) -> None:
    """Airflow's `task_policy` (2.5.3, settings.py). Only the ECS executor reads `executor_config`.

    Raises AirflowClusterPolicyViolation, whose text Airflow stores as the import error: it is written like a
    traceback, so that file and line are found in it.
    """
    from airflow.configuration import conf
    from airflow.exceptions import AirflowClusterPolicyViolation

    if conf.get("core", "executor") != ECS_EXECUTOR:
        return
    try:
        overrides(task.executor_config, worker_size())
    except BadExecutorConfig as error:
        text = f"task {task.task_id} of DAG {task.dag_id}: {error}"
        raise AirflowClusterPolicyViolation(_placed(text, task.dag.fileloc, task.executor_config)) from error


def _placed(text: str, file: str, config: object) -> str:
    line = line_of(file, config)
    return f'  File "{file}", line {line}\n    executor_config\nAirflowClusterPolicyViolation: {text}' if line else text


def line_of(file: str, config: object) -> int | None:
    """The first line of `file` where `executor_config` is written out as `config`; None where it is nowhere."""
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None
    return min((value.lineno for value in _written(tree) if _literal(value) == config), default=None)


def _written(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "executor_config":
            yield node.value
        if isinstance(node, ast.Dict):
            yield from (
                value
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant) and key.value == "executor_config"
            )


def _literal(value: ast.expr) -> object:
    try:
        return ast.literal_eval(value)
    except ValueError:
        return None
