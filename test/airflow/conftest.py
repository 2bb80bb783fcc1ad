"""Airflow reads its settings when it is imported: a home of our own, on SQLite, before any test imports it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "airflow"
HOME = Path(tempfile.mkdtemp(prefix="airflow-tests-"))

sys.dont_write_bytecode = True
sys.path[:0] = [str(SOURCE / "image"), str(SOURCE / "config")]
warnings.filterwarnings("ignore", category=DeprecationWarning)
ENVIRONMENT = {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__DAGS_FOLDER": str(HOME / "dags"),
    "AIRFLOW__CORE__PLUGINS_FOLDER": str(SOURCE / "plugins"),
    "AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACK_DEPTH": "20",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME}/airflow.db",
    "AIRFLOW__LOGGING__DAG_PROCESSOR_LOG_TARGET": "stdout",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "PYTHONPATH": f"{SOURCE / 'image'}:{SOURCE / 'config'}",
    "PYTHONDONTWRITEBYTECODE": "1",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
}
os.environ.update(ENVIRONMENT)
for name in [name for name in os.environ if name.startswith(("AIRFLOW_DEPLOY_", "ECS_CONTAINER_"))]:
    del os.environ[name]


def pytest_sessionfinish() -> None:
    shutil.rmtree(HOME, ignore_errors=True)


class S3Error(Exception):
    """Looks like botocore's ClientError."""

    def __init__(self, code: str) -> None:
        super().__init__(f"An error occurred ({code})")
        self.response = {"Error": {"Code": code}}


class Bucket:
    """An S3 client over a dictionary, with entity tags; `fails` is raised by every call while it is set."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.reads: list[str] = []
        self.fails: Exception | None = None

    def get_object(self, Bucket: str, Key: str, IfNoneMatch: str | None = None) -> dict:  # noqa: N803
        self.reads.append(Key)
        if self.fails:
            raise self.fails
        if Key not in self.objects:
            raise S3Error("NoSuchKey")
        content = self.objects[Key]
        tag = f'"{hashlib.md5(content).hexdigest()}"'  # noqa: S324
        if IfNoneMatch == tag:
            raise S3Error("304")
        return {"Body": io.BytesIO(content), "ETag": tag}

    def put_object(self, Bucket: str, Key: str, Body: bytes, ContentType: str) -> None:  # noqa: N803
        if self.fails:
            raise self.fails
        self.objects[Key] = Body

    def upload(self, files: dict[str, str], restart: str = "r1") -> str:
        """What `airflow-deploy upload` does; returns the bundle's name."""
        for path, text in files.items():
            self.objects[f"main/files/{path}"] = text.encode()
        entries = {path: {"sha256": sha256(text), "size": len(text)} for path, text in files.items()}
        bundle = sha256(json.dumps(entries))[:16]
        manifest = {"format": 1, "bundle": bundle, "restart": restart, "files": entries}
        self.objects["main/manifest.json"] = json.dumps(manifest).encode()
        return bundle

    def status(self) -> dict:
        return json.loads(self.objects["status/main.json"])


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The mount."""
    path = tmp_path / "bundle"
    path.mkdir()
    return path


@pytest.fixture(scope="session")
def database() -> str:
    """The URL of Airflow's database, prepared by `python -m airflow_deploy.init`."""
    run_program("init", **ADMIN)
    return os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]


ADMIN = {
    "AIRFLOW_DEPLOY_ADMIN_USERNAME": "admin",
    "AIRFLOW_DEPLOY_ADMIN_PASSWORD": "first-password",
    "AIRFLOW_DEPLOY_ADMIN_EMAIL": "admin@example.com",
}


def run_program(name: str, *arguments: str, exit_code: int = 0, **environment: str) -> list[dict]:
    """Runs one of the image's programs; returns its JSON lines, all of its output."""
    done = subprocess.run(
        [sys.executable, "-m", f"airflow_deploy.{name}", *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == exit_code, done.stdout
    return [json.loads(line) for line in done.stdout.splitlines()]
