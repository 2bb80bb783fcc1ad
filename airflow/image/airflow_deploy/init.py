"""The one-off task before the services: schema, first bundle and admin user. Fails, with the reason, if one does."""

from __future__ import annotations

import logging
import logging.config
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from airflow_deploy import json_logs, metadata_database
from airflow_deploy.bundle import NotYetConsistent
from airflow_deploy.manifest import BadManifest
from airflow_deploy.storage import NothingUploaded, store_from_environment
from airflow_deploy.synced_bundle import SyncedBundle

DATABASE_WAIT_SECONDS = 300.0
BUNDLE_WAIT_SECONDS = 120.0
PAUSE_SECONDS = 1.0

log = logging.getLogger("init")


# Settings that name modules of the bundle's config/: the schema must not depend on the user's files.
FROM_BUNDLE = ("AIRFLOW__LOGGING__LOGGING_CONFIG_CLASS", "AIRFLOW__CORE__HOSTNAME_CALLABLE")


def main() -> int:
    json_logs.configure("init")
    json_logs.wrap_standard_streams()
    parts = {"bundle": sync_bundle, "database": prepare_database}
    # One after the other: Airflow's import holds the logging lock while it imports boto3, and boto3's import in
    # another thread wants that lock. Both then wait for ever, now and then.
    failed = [name for name, part in parts.items() if not timed(name, part)]
    if failed:
        log.error("init failed: %s", ", ".join(failed))
        return 1
    log.info("init done")
    return 0


def timed(name: str, part: Callable[[], str]) -> bool:
    """Runs one part; its failure is a log line and False, so that the other part is still done and reported."""
    began = time.monotonic()
    try:
        done = part()
    except (Exception, SystemExit) as error:
        log.error("%s failed: %s", name, error, exc_info=True)
        return False
    log.info("%s: %s", name, done, extra={"seconds": round(time.monotonic() - began, 2)})
    return True


def sync_bundle() -> str:
    """The first sync: the services find their settings when they start."""
    if not os.environ.get("AIRFLOW_DEPLOY_BUCKET"):
        return "no AIRFLOW_DEPLOY_BUCKET, nothing to sync"
    bundle = SyncedBundle(store_from_environment(), Path(os.environ["AIRFLOW_DEPLOY_BUNDLE_DIR"]))
    retry(bundle.sync, BUNDLE_WAIT_SECONDS, (NothingUploaded, NotYetConsistent, BadManifest))
    return f"{bundle.manifest.bundle} is in place"


def prepare_database() -> str:
    url = metadata_database.connection_url()
    retry(lambda: metadata_database.connect(url).close(), DATABASE_WAIT_SECONDS, (Exception,))
    began = time.monotonic()
    upgrade()
    log.info("schema is current", extra={"seconds": round(time.monotonic() - began, 2)})
    from airflow_deploy.security import ensure_admin, ensure_dag_actions

    ensure_dag_actions()
    name = os.environ.get("AIRFLOW_DEPLOY_ADMIN_USERNAME")
    if not name:
        return "schema is current, no AIRFLOW_DEPLOY_ADMIN_USERNAME"
    what = ensure_admin(name, os.environ["AIRFLOW_DEPLOY_ADMIN_PASSWORD"], os.environ["AIRFLOW_DEPLOY_ADMIN_EMAIL"])
    return f"schema is current, user {name} {what}"


def upgrade() -> None:
    """What `airflow db upgrade` does, in this interpreter. The scheduler serializes the DAGs anew by itself."""
    for name in FROM_BUNDLE:
        os.environ.pop(name, None)
    # Alembic's environment (migrations/env.py) would put a plain-text handler on the root logger.
    logging.config.fileConfig = lambda *_, **__: None
    from airflow.utils import db

    json_logs.configure("init")  # Airflow's import has set its own handlers
    db.upgradedb(reserialize_dags=False)


def retry(step: Callable[[], object], limit: float, passing: tuple[type[Exception], ...]) -> None:
    """Repeats `step` until it passes; after `limit` seconds its last error gets out."""
    deadline = time.monotonic() + limit
    told = ""
    while True:
        try:
            step()
            return
        except passing as error:
            if time.monotonic() >= deadline:
                raise
            if str(error) != told:
                told = str(error)
                log.info("waiting: %s", " ".join(told.split()))
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
