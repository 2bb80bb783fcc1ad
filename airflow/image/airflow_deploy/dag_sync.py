"""The sidecar of the scheduler: keeps the mounted bundle equal to the bucket's and reports what Airflow makes of it.

It never ends by itself. An outage of S3 or of the database is logged, waited out with growing pauses, and hides
neither the other's state nor the last good bundle.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

from airflow_deploy import json_logs, metadata_database
from airflow_deploy.bundle import touch
from airflow_deploy.metadata_database import DagRow, ImportErrorRow, SchedulerJob
from airflow_deploy.parsed import ParseWatch
from airflow_deploy.recurring import Recurring
from airflow_deploy.status import FORMAT, BundlePaths, differs, heartbeat_age, is_due
from airflow_deploy.storage import store_from_environment
from airflow_deploy.synced_bundle import SyncedBundle
from airflow_deploy.task_metadata import task_address, task_arn

SYNC_SECONDS = 2.0
WATCH_SECONDS = 0.5
REPORT_SECONDS = 10.0
SUMMARY_SECONDS = 60.0
# Airflow marks the DAGs of a deleted file inactive when it lists the folder again.
REMOVAL_SECONDS = 30.0

log = logging.getLogger("dag-sync")


@dataclass
class DagSync:
    """`listing` is Airflow's dag_dir_list_interval in seconds."""

    bundle: SyncedBundle
    database_url: str
    listing: float
    watch: ParseWatch | None = None
    parsed: str | None = None
    reported: dict | None = None
    job: SchedulerJob | None = None
    dags: list[DagRow] = field(default_factory=list)
    errors: list[ImportErrorRow] = field(default_factory=list)
    summary_due: float = 0.0
    connection: object = None

    def __post_init__(self) -> None:
        self.paths = BundlePaths(self.bundle.root)

    def steps(self) -> list[Recurring]:
        return [
            Recurring("bucket", self.sync, SYNC_SECONDS, log),
            Recurring("database", self.look, 0, log),
            Recurring("status", self.report, 0, log),
        ]

    @property
    def pause(self) -> float:
        """Seconds until the next turn: short while somebody waits for the bundle to be parsed."""
        return SYNC_SECONDS if self.parsed == self._applied() else WATCH_SECONDS

    def sync(self) -> None:
        before, watch = self.bundle.manifest, self.watch
        if not self.bundle.sync():
            return
        files = self.bundle.dag_files()
        hashes = self.bundle.manifest.hashes
        if watch and _of_dags(before.hashes) == _of_dags(hashes):
            return  # plugins and settings are read at the next start: there is nothing to parse
        same = {file for file in files if before and before.hashes.get(file) == hashes.get(file)}
        self.watch = ParseWatch(files, self.bundle.at, self.listing, same & watch.without if watch else set())

    def look(self) -> None:
        """Reads Airflow's rows and follows the parsing of the bundle."""
        try:
            self._read_rows()
        except Exception:
            self.connection = None
            raise
        if self.watch:
            again = self.watch.observe(self.paths.last_parses(self.dags, self.errors), self.job, time.time())
            touch([self.bundle.root / file for file in again])
            if self.watch.complete and not self._awaits_removal() and self.parsed != self._applied():
                self.parsed = self._applied()
                log.info("bundle %s parsed, %.1f s after its sync", self.parsed, time.time() - self.bundle.at)

    def report(self) -> None:
        status = self.status()
        changed = differs(status, self.reported)
        if changed or is_due(self.reported, REPORT_SECONDS):
            self.bundle.store.put_status(status)
            self.reported = status
        if changed or time.monotonic() >= self.summary_due:
            # Repeated: awslogs may drop a line, and a reader may have come late.
            self.summary_due = time.monotonic() + SUMMARY_SECONDS
            log.info("%d DAGs, %d import errors", status["dags"], len(status["importErrors"]), extra={"status": status})

    def status(self) -> dict:
        now = time.time()
        manifest = self.bundle.manifest
        ids = self.paths.dag_ids(self.dags)
        return {
            "format": FORMAT,
            "environment": self.bundle.store.environment,
            "bundle": {"applied": self._applied(), "parsed": self.parsed},
            "restart": manifest.restart if manifest else None,
            "dags": len(ids),
            "dagIds": ids,
            "importErrors": self.paths.errors(self.errors),
            "noDags": sorted(self.watch.without) if self.watch else [],
            "heartbeatAgeSeconds": heartbeat_age(self.job, now),
            "time": now,
            "task": task_arn(),
        }

    def _read_rows(self) -> None:
        if self.connection is None:
            self.connection = metadata_database.connect(self.database_url)
        self.job = metadata_database.scheduler_job(self.connection, task_address())
        self.dags = metadata_database.dag_rows(self.connection)
        self.errors = metadata_database.import_error_rows(self.connection)

    def _applied(self) -> str | None:
        return self.bundle.manifest.bundle if self.bundle.manifest else None

    def _awaits_removal(self) -> bool:
        gone = [row for row in self.dags if row.active and self.paths.is_gone(row.path)]
        return bool(gone) and time.time() - self.bundle.at < REMOVAL_SECONDS


def _of_dags(hashes: dict[str, str]) -> dict[str, str]:
    return {path: sha256 for path, sha256 in hashes.items() if path.startswith("dags/")}


def main() -> None:
    json_logs.configure("dag-sync")
    # Every write is a rename, so there is nothing to finish.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    root = Path(os.environ["AIRFLOW_DEPLOY_BUNDLE_DIR"])
    listing = float(os.environ.get("AIRFLOW__SCHEDULER__DAG_DIR_LIST_INTERVAL", "300"))
    sidecar = DagSync(SyncedBundle(store_from_environment(), root), metadata_database.connection_url(), listing)
    steps = sidecar.steps()
    log.info("watching s3://%s/%s", sidecar.bundle.store.bucket, sidecar.bundle.store.environment)
    while True:
        for step in steps:
            step.run()
        time.sleep(sidecar.pause)


if __name__ == "__main__":
    main()
