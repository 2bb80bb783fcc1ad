"""Tasks that take as long as the run says, try by try, and one that is tried three times whatever it dies of."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.python import PythonOperator


def wait(ti, params):
    """Sleeps `seconds[try - 1]` seconds; tries beyond the list do not sleep."""
    seconds = dict(enumerate(params["seconds"], start=1)).get(ti.try_number, 0)
    print(f"try {ti.try_number} waits {seconds} s", flush=True)
    time.sleep(seconds)


COMMON = {
    "schedule": None,
    "start_date": datetime(2026, 1, 1),
    "is_paused_upon_creation": False,
    "params": {"seconds": []},
}

with DAG("waits", **COMMON, default_args={"retries": 1, "retry_delay": timedelta(seconds=1)}):
    PythonOperator(task_id="wait", python_callable=wait)

with DAG("dies", **COMMON, default_args={"retries": 2, "retry_delay": timedelta(seconds=1)}):
    PythonOperator(task_id="wait", python_callable=wait)
