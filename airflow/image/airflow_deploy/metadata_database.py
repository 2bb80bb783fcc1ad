"""The few rows of Airflow's metadata database that health and dag_sync read, without importing Airflow.

Tables as of Airflow 2.5.3: `job`, `dag`, `import_error` (airflow/jobs/base_job.py, models/dag.py, models/errors.py).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timezone

CONNECT_TIMEOUT_SECONDS = 5


@dataclass(frozen=True)
class SchedulerJob:
    """The newest scheduler job of one host; times in epoch seconds."""

    state: str
    started: float
    heartbeat: float


@dataclass(frozen=True)
class DagRow:
    dag_id: str
    path: str
    parsed: float
    active: bool


@dataclass(frozen=True)
class ImportErrorRow:
    path: str
    time: float
    trace: str


def connection_url() -> str:
    """Airflow's connection string from its environment variable; KeyError where it is not set."""
    return os.path.expandvars(os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])


def connect(url: str):
    """A DB-API connection for an SQLAlchemy URL, in at most 5 seconds; the driver's error where there is none.

    PostgreSQL goes to psycopg2 straight (libpq reads the URL itself, percent-encoding included):
    SQLAlchemy would cost 0.25 s and 15 MB in a program that runs every few seconds.
    """
    scheme, rest = url.split("://", 1)
    if scheme.split("+")[0] in ("postgresql", "postgres"):
        import psycopg2

        connection = psycopg2.connect(
            f"postgresql://{rest}",
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            options="-c statement_timeout=5000",
            keepalives_idle=10,
            tcp_user_timeout=10_000,
        )
        connection.autocommit = True
        return connection
    from sqlalchemy import create_engine

    return create_engine(url).raw_connection()


def scheduler_job(connection, host: str) -> SchedulerJob | None:
    """The scheduler job on `host` with the newest heartbeat."""
    jobs = _rows(
        connection, "SELECT hostname, state, start_date, latest_heartbeat FROM job WHERE job_type = 'SchedulerJob'"
    )
    mine = [SchedulerJob(state, _epoch(start), _epoch(beat)) for name, state, start, beat in jobs if name == host]
    return max(mine, key=lambda job: job.heartbeat, default=None)


def dag_rows(connection) -> list[DagRow]:
    rows = _rows(connection, "SELECT dag_id, fileloc, last_parsed_time, is_active FROM dag WHERE fileloc IS NOT NULL")
    return [DagRow(dag_id, path, _epoch(parsed), bool(active)) for dag_id, path, parsed, active in rows]


def import_error_rows(connection) -> list[ImportErrorRow]:
    rows = _rows(connection, "SELECT filename, timestamp, stacktrace FROM import_error")
    return [ImportErrorRow(path, _epoch(time), trace or "") for path, time, trace in rows]


def _rows(connection, statement: str) -> list[tuple]:
    cursor = connection.cursor()
    try:
        cursor.execute(statement)
        return cursor.fetchall()
    finally:
        cursor.close()


def _epoch(value: datetime | str | None) -> float:
    """SQLite gives text, PostgreSQL aware times; Airflow writes UTC in both."""
    if value is None:
        return 0.0
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
