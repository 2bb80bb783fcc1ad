"""### MySQL beside Airflow

A branch environment with `--mysql` has a MySQL server in its task, and Airflow knows it as the connection
`mysql_branch`. This DAG writes to it and reads it back. Elsewhere there is no such connection, and its tasks are
skipped. The connection's extra `client` makes `MySqlHook` use mysql-connector-python, which needs no system library.
"""

from __future__ import annotations

import pendulum
from airflow.decorators import dag, task
from airflow.exceptions import AirflowNotFoundException, AirflowSkipException

CONNECTION = "mysql_branch"


def mysql():
    """The branch's MySQL; skips the task where there is none."""
    from airflow.providers.mysql.hooks.mysql import MySqlHook

    try:
        MySqlHook.get_connection(CONNECTION)
    except AirflowNotFoundException as error:
        raise AirflowSkipException(
            f"no connection {CONNECTION}: this environment has no MySQL (branch create --mysql)"
        ) from error
    return MySqlHook(CONNECTION)


@dag(
    doc_md=__doc__,
    schedule=None,
    start_date=pendulum.datetime(2021, 1, 1, tz="UTC"),
    catchup=False,
    tags=["example"],
)
def mysql_branch():
    @task()
    def write(run_id: str | None = None) -> str:
        """Adds a row to a table that it makes where it is missing."""
        server = mysql()
        server.run("CREATE TABLE IF NOT EXISTS visits (run VARCHAR(250) PRIMARY KEY, at TIMESTAMP DEFAULT NOW())")
        server.run("REPLACE INTO visits (run) VALUES (%s)", parameters=(run_id,))
        return run_id

    @task()
    def read(run: str) -> int:
        """Finds the row again, in a connection of its own."""
        server = mysql()
        (found,) = server.get_first("SELECT COUNT(*) FROM visits WHERE run = %s", parameters=(run,))
        if found != 1:
            raise ValueError(f"{found} rows of {run}")
        (visits,) = server.get_first("SELECT COUNT(*) FROM visits")
        print(f"{visits} visits, the last by {run}")
        return visits

    read(write())


mysql_branch()
