import logging
import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest
from conftest import S3Error

from airflow_deploy.dag_sync import DagSync
from airflow_deploy.recurring import Recurring
from airflow_deploy.storage import BundleStore
from airflow_deploy.synced_bundle import SyncedBundle
from airflow_deploy.task_metadata import task_address

DAG = "from airflow import DAG\n"
HERE = Path(__file__).parent


class Airflow:
    """Writes the rows that Airflow writes."""

    def __init__(self, url: str) -> None:
        self.connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        for table in ("job", "dag", "import_error"):
            self.connection.execute(f"DELETE FROM {table}")  # noqa: S608

    def scheduler(self, started: float, heartbeat: float | None = None, host: str | None = None) -> None:
        self.connection.execute("DELETE FROM job")
        self.connection.execute(
            "INSERT INTO job (job_type, state, hostname, start_date, latest_heartbeat) VALUES (?, ?, ?, ?, ?)",
            ("SchedulerJob", "running", host or task_address(), iso(started), iso(heartbeat or time.time())),
        )

    def parses(self, dag_id: str, path: Path, when: float | None = None) -> None:
        self.connection.execute(
            "INSERT OR REPLACE INTO dag (dag_id, fileloc, last_parsed_time, is_active, max_active_tasks, "
            "has_task_concurrency_limits) VALUES (?, ?, ?, 1, 16, 0)",
            (dag_id, str(path), iso(when or time.time())),
        )

    def fails_on(self, path: Path, trace: str) -> None:
        self.connection.execute(
            "INSERT INTO import_error (filename, timestamp, stacktrace) VALUES (?, ?, ?)",
            (str(path), iso(time.time()), trace),
        )

    def deactivates(self, dag_id: str) -> None:
        self.connection.execute("UPDATE dag SET is_active = 0 WHERE dag_id = ?", (dag_id,))


def iso(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, timezone.utc).replace(tzinfo=None).isoformat(sep=" ")


@pytest.fixture
def airflow(database):
    rows = Airflow(database)
    yield rows
    rows.connection.close()


@pytest.fixture
def sidecar(bucket, root, database) -> DagSync:
    return DagSync(SyncedBundle(BundleStore(bucket, "b", "main"), root), database, listing=10)


def turn(sidecar: DagSync) -> None:
    for step in (sidecar.sync, sidecar.look, sidecar.report):
        step()


def test_a_changed_plugin_needs_no_parsing(bucket, root, sidecar, airflow):
    bucket.upload({"dags/a.py": DAG, "plugins/p.py": "1"})
    turn(sidecar)
    airflow.scheduler(time.time())
    airflow.parses("a", root / "dags/a.py", time.time() + 1)
    turn(sidecar)
    name = bucket.upload({"dags/a.py": DAG, "plugins/p.py": "2"}, restart="r2")
    turn(sidecar)
    assert sidecar.status()["bundle"] == {"applied": name, "parsed": name}


def test_the_error_of_a_deleted_file_is_none(bucket, root, sidecar, airflow):
    bucket.upload({"dags/a.py": DAG, "dags/broken.py": "from airflow import DAG("})
    turn(sidecar)
    airflow.fails_on(root / "dags/broken.py", "SyntaxError: '(' was never closed")
    turn(sidecar)
    assert [error["file"] for error in sidecar.status()["importErrors"]] == ["dags/broken.py"]
    bucket.upload({"dags/a.py": DAG})
    turn(sidecar)
    assert sidecar.status()["importErrors"] == []


def test_a_bundle_is_reported_as_applied_and_then_as_parsed(bucket, root, sidecar, airflow):
    name = bucket.upload({"dags/a.py": DAG, "dags/helper.py": "x"}, restart="r9")
    turn(sidecar)
    status = bucket.status()
    assert status["bundle"] == {"applied": name, "parsed": None}
    assert (status["format"], status["environment"], status["restart"], status["task"]) == (1, "main", "r9", None)
    assert status["heartbeatAgeSeconds"] is None
    assert abs(status["time"] - time.time()) < 5

    airflow.scheduler(started=time.time())
    airflow.parses("a", root / "dags/a.py", when=time.time() + 0.01)
    turn(sidecar)
    status = bucket.status()
    assert status["bundle"] == {"applied": name, "parsed": name}
    assert (status["dags"], status["dagIds"], status["noDags"]) == (1, ["a"], [])
    assert 0 <= status["heartbeatAgeSeconds"] < 5


def test_a_changed_dag_is_touched_until_surely_read(bucket, root, sidecar, airflow):
    airflow.scheduler(started=time.time() - 100)
    name = bucket.upload({"dags/a.py": DAG})
    turn(sidecar)
    airflow.parses("a", root / "dags/a.py")
    before = (root / "dags/a.py").stat().st_mtime
    turn(sidecar)
    assert (root / "dags/a.py").stat().st_mtime > before
    assert bucket.status()["bundle"]["parsed"] is None
    airflow.parses("a", root / "dags/a.py")
    turn(sidecar)
    assert bucket.status()["bundle"]["parsed"] == name


def test_an_import_error_counts_as_parsed_and_is_told(bucket, root, sidecar, airflow):
    name = bucket.upload({"dags/a.py": DAG, "dags/bad.py": "# airflow dag\nx = nothing\n"})
    turn(sidecar)
    airflow.scheduler(started=time.time())
    airflow.parses("a", root / "dags/a.py", when=time.time() + 0.01)
    path = root / "dags/bad.py"
    airflow.fails_on(
        path, f'Traceback (most recent call last):\n  File "{path}", line 2, in <module>\n    x\nNameError: n'
    )
    turn(sidecar)
    assert bucket.status()["importErrors"] == [{"file": "dags/bad.py", "line": 2, "message": "NameError: n"}]
    assert bucket.status()["bundle"]["parsed"] == name


def test_rows_of_other_folders_and_other_schedulers_do_not_count(bucket, sidecar, airflow, tmp_path):
    bucket.upload({"dags/a.py": DAG})
    airflow.scheduler(started=time.time(), host="10.9.9.9")
    airflow.parses("a", tmp_path / "elsewhere/dags/a.py")
    airflow.fails_on(tmp_path / "elsewhere/dags/b.py", "x")
    turn(sidecar)
    status = bucket.status()
    assert (status["dags"], status["importErrors"], status["heartbeatAgeSeconds"]) == (0, [], None)


def test_another_name_of_the_same_folder_counts(bucket, root, sidecar, airflow, tmp_path):
    bucket.upload({"dags/a.py": DAG})
    turn(sidecar)
    (tmp_path / "mount").symlink_to(root)
    airflow.parses("a", tmp_path / "mount/dags/a.py")
    turn(sidecar)
    assert bucket.status()["dagIds"] == ["a"]


def test_dags_of_a_deleted_file_must_be_gone_first(bucket, root, sidecar, airflow):
    bucket.upload({"dags/a.py": DAG, "dags/b.py": DAG})
    turn(sidecar)
    name = bucket.upload({"dags/a.py": DAG})
    airflow.parses("b", root / "dags/b.py")
    turn(sidecar)
    airflow.scheduler(started=time.time())
    airflow.parses("a", root / "dags/a.py", when=time.time() + 0.01)
    turn(sidecar)
    assert bucket.status()["bundle"]["parsed"] is None
    airflow.deactivates("b")
    turn(sidecar)
    assert bucket.status()["bundle"]["parsed"] == name


def test_an_unchanged_status_is_written_again_only_after_a_while(bucket, sidecar, airflow):
    bucket.upload({"dags/a.py": DAG})
    turn(sidecar)
    del bucket.objects["status/main.json"]
    turn(sidecar)
    assert "status/main.json" not in bucket.objects
    sidecar.reported["time"] -= 11
    turn(sidecar)
    assert "status/main.json" in bucket.objects


def test_a_database_outage_hides_neither_the_bundle_nor_the_report(bucket, sidecar, airflow, caplog):
    sidecar.database_url = "sqlite:////no/such/folder/x.db"
    name = bucket.upload({"dags/a.py": DAG})
    for step in sidecar.steps():
        step.run()
    assert bucket.status()["bundle"] == {"applied": name, "parsed": None}
    assert any(record.getMessage().startswith("database: ") for record in caplog.records)


def test_an_outage_of_the_bucket_is_waited_out(bucket, sidecar, airflow, monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    clock = [0.0]
    monkeypatch.setattr("airflow_deploy.recurring.time.monotonic", lambda: clock[0])
    bucket.fails = S3Error("SlowDown")
    step = Recurring("bucket", sidecar.sync, 2, logging.getLogger("dag-sync"))
    pauses = []
    for _ in range(8):
        step.run()
        pauses.append(step.due - clock[0])
        clock[0] = step.due
    assert pauses == [2, 4, 8, 16, 30, 30, 30, 30]
    bucket.fails = None
    bucket.upload({"dags/a.py": DAG})
    step.run()
    assert sidecar.bundle.manifest
    assert caplog.records[-1].getMessage() == "bucket: works again after 8 failures"


def test_it_outlives_dead_services_and_ends_at_once_when_told(tmp_path):
    environment = {
        "AIRFLOW_DEPLOY_BUNDLE_DIR": str(tmp_path),
        "AIRFLOW_DEPLOY_BUCKET": "b",
        "AIRFLOW_DEPLOY_ENVIRONMENT": "main",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql+psycopg2://u:p@127.0.0.1:1/x?sslmode=require",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    }
    command = [sys.executable, "-m", "airflow_deploy.dag_sync"]
    with subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True) as process:
        seen = ""
        while "database: " not in seen:
            line = process.stdout.readline()
            assert line.startswith("{"), line
            seen += line
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=5) == 0
        assert time.monotonic() - began < 1
