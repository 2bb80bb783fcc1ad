"""Fifty short tasks at once: what the ECS executor costs on top of them."""

from __future__ import annotations

from datetime import datetime

from airflow import DAG
from airflow.operators.python import PythonOperator

with DAG("fifty", schedule=None, start_date=datetime(2026, 1, 1), is_paused_upon_creation=False):
    for number in range(50):
        PythonOperator(task_id=f"short_{number}", python_callable=lambda: None)
