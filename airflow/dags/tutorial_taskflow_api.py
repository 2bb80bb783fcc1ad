"""### TaskFlow API tutorial

Extract, transform and load as Python functions, after Airflow's tutorial:
https://airflow.apache.org/docs/apache-airflow/2.5.3/tutorial/taskflow.html
"""

from __future__ import annotations

import json

import pendulum
from airflow.decorators import dag, task


@dag(
    doc_md=__doc__,
    schedule=None,
    start_date=pendulum.datetime(2021, 1, 1, tz="UTC"),
    catchup=False,
    tags=["example"],
)
def tutorial_taskflow_api():
    @task()
    def extract() -> dict[str, float]:
        """Gets the orders: here from a text, elsewhere from a file or a service."""
        return json.loads('{"1001": 301.27, "1002": 433.21, "1003": 502.22}')

    @task(multiple_outputs=True)
    def transform(orders: dict[str, float]) -> dict[str, float]:
        """Sums the orders' values."""
        return {"total_order_value": sum(orders.values())}

    @task()
    def load(total_order_value: float) -> None:
        """Prints the sum: it ends in the task's log."""
        print(f"Total order value is: {total_order_value:.2f}")

    load(transform(extract())["total_order_value"])


tutorial_taskflow_api()
