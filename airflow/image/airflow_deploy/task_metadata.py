"""What the ECS task metadata endpoint (version 4) says about the task that this container is in.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-fargate.html
"""

from __future__ import annotations

import json
import os
import socket
import time
import urllib.request
from functools import lru_cache

ATTEMPTS = 5
PAUSE_SECONDS = 0.5


@lru_cache(maxsize=1)
def task_address() -> str:
    """The task's IPv4 address; outside ECS that of the host name, as Airflow itself would take it.

    Raises OSError when the container is in ECS and the endpoint does not answer: a guessed address
    would make this scheduler's heartbeat look like another's.
    """
    uri = os.environ.get("ECS_CONTAINER_METADATA_URI_V4")
    if not uri:
        return _host_address()
    return _read(uri)["Networks"][0]["IPv4Addresses"][0]


@lru_cache(maxsize=1)
def task_arn() -> str | None:
    """The task's ARN; None outside ECS. Raises OSError as `task_address` does."""
    uri = os.environ.get("ECS_CONTAINER_METADATA_URI_V4")
    return _read(f"{uri}/task")["TaskARN"] if uri else None


def _read(url: str) -> dict:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                return json.load(answer)
        except (OSError, ValueError) as error:
            if attempt == ATTEMPTS:
                raise OSError(f"no task metadata from {url}: {error}") from error
            time.sleep(PAUSE_SECONDS)
    raise AssertionError


def _host_address() -> str:
    try:
        return socket.gethostbyname(socket.gethostname())
    except OSError:
        return "127.0.0.1"
