import json
import os
import sqlite3
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from conftest import run_program
from test_dag_sync import iso

from airflow_deploy import health, task_metadata
from airflow_deploy.start import NoBundle, link_settings, wait_for_release


@pytest.fixture
def serve():
    """Serves JSON documents by path on a free port; returns the base URL. A callable document is called."""
    servers = []

    def start(documents: dict) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                document = documents.get(self.path)
                self.send_response(200 if document is not None else 404)
                self.end_headers()
                self.wfile.write(json.dumps(document).encode())

            def log_message(self, *_) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def fresh_metadata():
    for cached in (task_metadata.task_address, task_metadata.task_arn):
        cached.cache_clear()
    yield
    for cached in (task_metadata.task_address, task_metadata.task_arn):
        cached.cache_clear()


def release(root, restart: str, files=("config/log_config.py", "webserver_config.py")):
    directory = root / "releases" / restart
    for file in files:
        (directory / file).parent.mkdir(parents=True, exist_ok=True)
        (directory / file).write_text("x")
    return directory


def test_the_address_is_that_of_the_task(serve, monkeypatch):
    url = serve({"/v4/1": {"Networks": [{"IPv4Addresses": ["10.0.1.7"]}]}, "/v4/1/task": {"TaskARN": "arn:task"}})
    monkeypatch.setenv("ECS_CONTAINER_METADATA_URI_V4", f"{url}/v4/1")
    from task_hostname import task_address

    assert task_address() == "10.0.1.7"
    assert task_metadata.task_arn() == "arn:task"
    monkeypatch.delenv("ECS_CONTAINER_METADATA_URI_V4")
    assert task_address() == "10.0.1.7", "asked once"


def test_outside_ecs_it_is_that_of_the_host():
    assert len(task_metadata.task_address().split(".")) == 4
    assert task_metadata.task_arn() is None


def test_a_silent_endpoint_is_an_error_and_not_another_address(monkeypatch):
    monkeypatch.setattr(task_metadata, "PAUSE_SECONDS", 0)
    monkeypatch.setenv("ECS_CONTAINER_METADATA_URI_V4", "http://127.0.0.1:1/v4/1")
    with pytest.raises(OSError, match="no task metadata"):
        task_metadata.task_address()


def test_start_waits_for_the_release_of_its_deployment(root, monkeypatch):
    release(root, "old")
    # dag_sync brings it meanwhile
    monkeypatch.setattr("airflow_deploy.start.time.sleep", lambda _: release(root, "new"))
    assert wait_for_release(root, "new") == root / "releases" / "new"


def test_start_takes_no_other_release_for_its_own(root):
    release(root, "older")
    manifest = {"format": 1, "bundle": "b", "restart": "older", "files": {}}
    (root / ".bundle.json").write_text(json.dumps(manifest))
    with pytest.raises(NoBundle, match=r"release mine is not in .* but bundle b with release older: deploy again"):
        wait_for_release(root, "mine", wait=0)


def test_start_gives_up_without_any_bundle(root):
    with pytest.raises(NoBundle, match="no bundle"):
        wait_for_release(root, "new", wait=0)


def test_settings_are_linked_into_the_home(root, tmp_path):
    home = tmp_path / "home"
    (home / "config").mkdir(parents=True)
    (home / "webserver_config.py").write_text("what Airflow wrote")
    directory = release(root, "r", files=("config/log_config.py", "plugins/hello.py", "webserver_config.py"))
    for _ in range(2):
        link_settings(directory, home)
        assert (home / "config").resolve() == directory / "config"
        assert (home / "webserver_config.py").read_text() == "x"
    assert sorted(os.listdir(home)) == ["config", "plugins", "webserver_config.py"]


def test_a_bundle_without_webserver_config_is_refused(root, tmp_path):
    directory = release(root, "r", files=("config/log_config.py",))
    with pytest.raises(FileNotFoundError, match=r"no webserver_config\.py"):
        link_settings(directory, tmp_path / "home")


def test_start_refuses_an_unknown_program():
    (line,) = run_program("start", "triggerer", exit_code=2)
    assert line["level"] == "ERROR"


def webserver(url: str, monkeypatch, capsys) -> tuple[int, str]:
    host, port = url.removeprefix("http://").split(":")
    monkeypatch.setenv("AIRFLOW__WEBSERVER__WEB_SERVER_HOST", host)
    monkeypatch.setenv("AIRFLOW__WEBSERVER__WEB_SERVER_PORT", port)
    return health.main(["webserver"]), capsys.readouterr().out.strip()


def test_a_webserver_with_its_database_is_healthy(serve, monkeypatch, capsys):
    url = serve({"/health": {"metadatabase": {"status": "healthy"}, "scheduler": {"status": "unhealthy"}}})
    assert webserver(url, monkeypatch, capsys) == (0, "healthy: webserver answers, metadatabase is healthy")


def test_a_webserver_without_its_database_is_not(serve, monkeypatch, capsys):
    url = serve({"/health": {"metadatabase": {"status": "unhealthy"}}})
    assert webserver(url, monkeypatch, capsys) == (1, "unhealthy: metadatabase is unhealthy")


def test_nor_one_that_does_not_answer(serve, monkeypatch, capsys):
    code, line = webserver("http://127.0.0.1:1", monkeypatch, capsys)
    assert code == 1
    assert "Connection refused" in line
    assert webserver(serve({}), monkeypatch, capsys) == (1, "unhealthy: /health answered 404")


@pytest.mark.parametrize(
    ("state", "age", "host", "code", "says"),
    [
        ("running", 3, "10.0.1.7", 0, "healthy: last heartbeat 3."),
        ("running", 40, "10.0.1.7", 1, "unhealthy: last heartbeat 40 s ago"),
        ("success", 3, "10.0.1.7", 1, "unhealthy: the scheduler's job is success"),
        ("running", 3, "10.0.1.8", 1, "unhealthy: no scheduler job of 10.0.1.7 yet"),
    ],
)
def test_a_scheduler_is_judged_by_its_own_heartbeat(database, monkeypatch, capsys, state, age, host, code, says):
    connection = sqlite3.connect(database.removeprefix("sqlite:///"), isolation_level=None)
    connection.execute("DELETE FROM job")
    connection.execute(
        "INSERT INTO job (job_type, state, hostname, start_date, latest_heartbeat) VALUES (?, ?, ?, ?, ?)",
        ("SchedulerJob", state, host, iso(time.time()), iso(time.time() - age)),
    )
    connection.close()
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", database)
    monkeypatch.setattr(health, "task_address", lambda: "10.0.1.7")
    assert health.main(["scheduler"]) == code
    assert capsys.readouterr().out.startswith(says)


def test_a_dead_database_is_one_line(monkeypatch, capsys):
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql+psycopg2://u:p@127.0.0.1:1/x?sslmode=require")
    assert health.main(["scheduler"]) == 1
    assert capsys.readouterr().out.count("\n") == 1
