"""A DAG that says what it should not: secrets that Airflow knows, in every way in which a task can speak."""

from __future__ import annotations

import logging
import sys
import warnings
from datetime import datetime

from airflow import DAG
from airflow.decorators import task
from airflow.hooks.base import BaseHook
from airflow.models import Variable
from airflow.operators.bash import BashOperator

log = logging.getLogger(__name__)

print("printed while the DAG processor parses")
warnings.warn("warned while it parses", stacklevel=1)

with DAG("loud", start_date=datetime(2024, 1, 1), schedule=None, catchup=False):

    @task
    def secrets() -> None:
        password = BaseHook.get_connection("vault").password
        token = Variable.get("api_token")
        log.info("logged %s and %s", password, token)
        log.info({"object": password})
        log.info("extra", extra={"token": token})
        print(f"printed {password}")
        print("first line\nsecond line", token)
        print("not ended ", end="")
        sys.stderr.write(f"to stderr {password}\n")
        warnings.warn(f"warned of {token}", stacklevel=1)
        log.warning("unicode ☃ and \x1b[31mcolour\x1b[0m and \x00 and \u2028")
        log.error("arguments %s %d", "too few")
        print("x" * 300_000)
        try:
            raise ValueError(f"caught {password}")
        except ValueError:
            log.exception("inside")

    @task
    def fails() -> None:
        password = BaseHook.get_connection("vault").password
        raise RuntimeError(f"died with {password}")

    @task
    def mapped(number: int) -> int:
        print(f"mapped {number}")
        return number

    shell = BashOperator(
        task_id="shell", bash_command="echo 'from the shell {{ var.value.api_token }}'; echo to stderr >&2"
    )

    secrets() >> shell
    fails()
    mapped.expand(number=[1, 2])
