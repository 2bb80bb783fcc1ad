"""The sample folder in a real Airflow."""

import io
import json
import logging
import re
import shutil
import sys
from datetime import timedelta
from types import SimpleNamespace

import pytest
from airflow.models import DagBag
from conftest import ADMIN, HOME, SOURCE, run_program
from gunicorn.config import Config


@pytest.fixture(scope="module")
def dags() -> DagBag:
    return DagBag(str(SOURCE / "dags"), include_examples=False, read_dags_from_db=False)


def test_the_samples_import(dags):
    assert dags.import_errors == {}
    assert sorted(dags.dags) == ["ecs_task_resources", "mysql_branch", "tutorial", "tutorial_taskflow_api"]
    assert not any(dag.catchup for dag in dags.dags.values())


def test_their_tasks_follow_the_documentation(dags):
    tutorial, taskflow = dags.dags["tutorial"], dags.dags["tutorial_taskflow_api"]
    assert tutorial.get_task("print_date").downstream_task_ids == {"sleep", "templated"}
    assert taskflow.get_task("extract").downstream_task_ids == {"transform"}
    assert taskflow.get_task("transform").downstream_task_ids == {"load"}


def test_the_plugin_greets_who_is_logged_in_and_is_in_the_menu(database):
    shutil.copy(SOURCE / "webserver_config.py", HOME)
    from airflow.www.app import create_app

    client = create_app().test_client()
    assert "/login/" in client.get("/hello").headers["Location"]
    form = {"username": "admin", "password": ADMIN["AIRFLOW_DEPLOY_ADMIN_PASSWORD"]}
    token = re.search(r'csrf_token[^>]*value="([^"]+)"', client.get("/login/").text)[1]
    assert client.post("/login/", data={**form, "csrf_token": token}).status_code == 302
    assert client.get("/hello").text == "Hello, world"
    assert 'href="/hello"' in client.get("/home").text


def test_a_webserver_that_cannot_start_ends_at_once_with_the_reason(database, tmp_path):
    mount = tmp_path / "bundle"
    shutil.copytree(SOURCE / "config", mount / "releases" / "r" / "config")
    (mount / "releases" / "r" / "webserver_config.py").write_text("import not_there")
    lines = run_program(
        "start",
        "webserver",
        exit_code=1,
        AIRFLOW_HOME=str(tmp_path / "home"),
        AIRFLOW_DEPLOY_BUNDLE_DIR=str(mount),
        AIRFLOW_DEPLOY_RESTART_HASH="r",
        AIRFLOW__WEBSERVER__SECRET_KEY="test",  # noqa: S106
        AIRFLOW__WEBSERVER__WEB_SERVER_PORT="0",
        AIRFLOW__WEBSERVER__WEB_SERVER_HOST="127.0.0.1",
        AIRFLOW__LOGGING__LOGGING_CONFIG_CLASS="log_config.LOG_CONFIG",
    )
    assert lines[-1]["message"] == "ModuleNotFoundError: No module named 'not_there'"


def test_gunicorn_writes_requests_as_json_without_their_query(monkeypatch):
    output = io.StringIO()
    monkeypatch.setattr(sys, "stdout", output)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    from gunicorn_json import JsonLogger

    config = Config()
    config.set("accesslog", "-")
    logger = JsonLogger(config)
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": '/oauth-authorized/"google"',
        "QUERY_STRING": "code=secret",
        "HTTP_USER_AGENT": 'a "browser"\n',
        "REMOTE_ADDR": "10.0.0.1",
    }
    logger.access(SimpleNamespace(status="302 FOUND", sent=12), None, environ, timedelta(milliseconds=12))
    for name in ("gunicorn.access", "gunicorn.error"):
        logging.getLogger(name).handlers.clear()
    entry = json.loads(output.getvalue())
    assert (entry["status"], entry["seconds"], entry["user_agent"]) == (302, 0.012, 'a "browser"\n')
    assert entry["message"] == 'GET /oauth-authorized/"google" 302'
    assert "secret" not in output.getvalue()
