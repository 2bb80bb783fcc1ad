"""Databases in the scheduler's own ECS task: `localhost` to the scheduler, but not to its workers."""

from __future__ import annotations

import ipaddress
import os
from urllib.parse import urlsplit

from airflow_deploy.task_metadata import task_address

HOST = "AIRFLOW_DEPLOY_DATABASE_HOST"
URLS = ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW_CONN_")


def address_for_workers() -> list[dict[str, str]]:
    """What a worker's container gets as `environment`, where the databases are beside the scheduler."""
    beside = os.environ.get("AIRFLOW_DEPLOY_DATABASE_BESIDE_SCHEDULER") == "True"
    return [{"name": HOST, "value": task_address()}] if beside else []


def take_address() -> None:
    """In a worker: makes the URLs of databases at `localhost` point to where the scheduler said that they are."""
    host = os.environ.get(HOST)
    for name in [name for name in os.environ if host and name.startswith(URLS)]:
        os.environ[name] = at_host(os.environ[name], host)


def at_host(url: str, host: str) -> str:
    """`url` with `host` in place of this very task; any other URL as it is. User, password and port stay."""
    parts = urlsplit(url)
    if not parts.hostname or not _is_here(parts.hostname):
        return url
    before, at, place = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{before}{at}{host}{place.removeprefix(parts.hostname)}").geturl()


def _is_here(host: str) -> bool:
    """Where tasks share a machine, `localhost` comes as the loopback address that is the task's own."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
