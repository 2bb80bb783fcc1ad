"""Tasks that wait as long as the test that started them says, try by try, and one that is tried three times."""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.python import PythonOperator


def wait(ti, params):
    """Waits while the file `held[try - 1]` is there; tries beyond the list, and those with an empty name, do not."""
    path = dict(enumerate(params["held"], start=1)).get(ti.try_number, "")
    print(f"try {ti.try_number} waits", flush=True)
    while os.path.exists(path):
        time.sleep(0.2)


COMMON = {
    "schedule": None,
    "start_date": datetime(2026, 1, 1),
    "is_paused_upon_creation": False,
    "params": {"held": []},
}

with DAG("waits", **COMMON, default_args={"retries": 1, "retry_delay": timedelta(seconds=1)}):
    PythonOperator(task_id="wait", python_callable=wait)

with DAG("dies", **COMMON, default_args={"retries": 2, "retry_delay": timedelta(seconds=1)}):
    PythonOperator(task_id="wait", python_callable=wait)
