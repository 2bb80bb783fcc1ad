"""The containers' health checks: exit code 0 or 1, and one line that says why.

It runs every few seconds beside Airflow, so it imports neither Airflow nor SQLAlchemy.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import time

from airflow_deploy import metadata_database
from airflow_deploy.task_metadata import task_address

FRESH_SECONDS = 30.0
TIMEOUT_SECONDS = 8


class Unhealthy(Exception):
    pass


def webserver() -> str:
    """`GET /health` answers 200 always (Airflow 2.5.3): only its JSON tells."""
    host = os.environ.get("AIRFLOW__WEBSERVER__WEB_SERVER_HOST", "0.0.0.0")
    port = int(os.environ.get("AIRFLOW__WEBSERVER__WEB_SERVER_PORT", "8080"))
    connection = http.client.HTTPConnection("127.0.0.1" if host == "0.0.0.0" else host, port, timeout=TIMEOUT_SECONDS)
    connection.request("GET", "/health")
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise Unhealthy(f"/health answered {answer.status}")
    database = json.loads(body)["metadatabase"]["status"]
    if database != "healthy":
        raise Unhealthy(f"metadatabase is {database}")
    return "webserver answers, metadatabase is healthy"


def scheduler() -> str:
    """The newest scheduler job of this task's address is running and has a heartbeat younger than 30 s."""
    connection = metadata_database.connect(metadata_database.connection_url())
    try:
        job = metadata_database.scheduler_job(connection, task_address())
    finally:
        connection.close()
    if job is None:
        raise Unhealthy(f"no scheduler job of {task_address()} yet")
    age = time.time() - job.heartbeat
    if job.state != "running":
        raise Unhealthy(f"the scheduler's job is {job.state}, last heartbeat {age:.0f} s ago")
    if age > FRESH_SECONDS:
        raise Unhealthy(f"last heartbeat {age:.0f} s ago")
    return f"last heartbeat {age:.1f} s ago"


CHECKS = {"webserver": webserver, "scheduler": scheduler}


def main(argv: list[str]) -> int:
    if len(argv) != 1 or argv[0] not in CHECKS:
        print(f"usage: python -m airflow_deploy.health {'|'.join(CHECKS)}", file=sys.stderr)
        return 2
    try:
        print(f"healthy: {CHECKS[argv[0]]()}")
        return 0
    except Exception as error:
        print(f"unhealthy: {' '.join(str(error).split()) or type(error).__name__}")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
