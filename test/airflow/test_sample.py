"""The sample folder in a real Airflow."""

import io
import json
import logging
import sys
from datetime import timedelta
from types import SimpleNamespace

import pytest
from airflow.models import DagBag
from conftest import SOURCE
from gunicorn.config import Config


@pytest.fixture(scope="module")
def dags() -> DagBag:
    return DagBag(str(SOURCE / "dags"), include_examples=False, read_dags_from_db=False)


def test_both_tutorials_import(dags):
    assert dags.import_errors == {}
    assert sorted(dags.dags) == ["tutorial", "tutorial_taskflow_api"]
    assert not any(dag.catchup for dag in dags.dags.values())


def test_their_tasks_follow_the_documentation(dags):
    tutorial, taskflow = dags.dags["tutorial"], dags.dags["tutorial_taskflow_api"]
    assert tutorial.get_task("print_date").downstream_task_ids == {"sleep", "templated"}
    assert taskflow.get_task("extract").downstream_task_ids == {"transform"}
    assert taskflow.get_task("transform").downstream_task_ids == {"load"}


def test_the_plugin_has_a_view_and_a_menu_entry():
    sys.path.insert(0, str(SOURCE / "plugins"))
    from hello import HelloPlugin

    (entry,) = HelloPlugin.appbuilder_views
    assert entry["name"] == "Hello"
    assert entry["view"].hello.__wrapped__(entry["view"]) == "Hello, world"


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
