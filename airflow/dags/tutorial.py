"""### Tutorial

Three Bash tasks, one of them templated, after Airflow's tutorial:
https://airflow.apache.org/docs/apache-airflow/2.5.3/tutorial/fundamentals.html
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG(
    "tutorial",
    description="A simple tutorial DAG",
    doc_md=__doc__,
    schedule=timedelta(days=1),
    start_date=pendulum.datetime(2021, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 1, "retry_delay": timedelta(seconds=30)},
    tags=["example"],
) as dag:
    print_date = BashOperator(task_id="print_date", bash_command="date")
    print_date.doc_md = "Prints the time on the machine that runs the task."

    sleep = BashOperator(task_id="sleep", depends_on_past=False, bash_command="sleep 1")

    templated = BashOperator(
        task_id="templated",
        bash_command="""
{% for i in range(5) %}
    echo "{{ ds }}"
    echo "{{ macros.ds_add(ds, 7) }}"
{% endfor %}
""",
    )

    print_date >> [sleep, templated]
