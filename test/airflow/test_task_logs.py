import json
import logging
import logging.config
from types import SimpleNamespace

import boto3
import pytest
from airflow.utils.log import secrets_masker

from log_config import DEFAULT_LOGGING_CONFIG, LOG_CONFIG, json_config
from task_json import CloudwatchJsonTaskHandler, TaskJsonFormatter, render_line

ARN = "arn:aws:logs:eu-central-1:000000000000:log-group:/airflow-deploy/airflow/main/task"
CLOUDWATCH = "airflow.providers.amazon.aws.log.cloudwatch_task_handler.CloudwatchTaskHandler"


def task_instance(**changes) -> SimpleNamespace:
    fields = {"dag_id": "tutorial", "task_id": "sleep", "run_id": "manual__1", "try_number": 2, "map_index": -1}
    return SimpleNamespace(**{**fields, **changes})


@pytest.fixture
def handler(monkeypatch, tmp_path):
    """The handler as Airflow sets it up, with what it sends kept in `sent`."""
    handler = CloudwatchJsonTaskHandler(str(tmp_path), ARN)
    handler.setFormatter(TaskJsonFormatter())
    monkeypatch.setattr(handler, "_render_filename", lambda ti, try_number: f"{ti.dag_id}/{try_number}.log")
    handler.hook = SimpleNamespace(get_conn=lambda: boto3.client("logs"))
    handler.set_context(task_instance())
    handler.sent = []
    monkeypatch.setattr(
        handler.handler, "_submit_batch", lambda batch, stream: handler.sent.extend((stream, event) for event in batch)
    )
    yield handler
    handler.close()


def logger_with(handler) -> logging.Logger:
    logger = logging.Logger("airflow.task")
    logger.addHandler(handler)
    return logger


def test_every_handler_writes_json_and_masks_secrets():
    assert DEFAULT_LOGGING_CONFIG["handlers"]["console"]["formatter"] == "airflow_coloured", "the default is copied"
    for name, handler in LOG_CONFIG["handlers"].items():
        assert handler["formatter"] in ("json", "task_json"), name
        assert "mask_secrets" in handler["filters"], name


def test_the_dag_processor_prints_each_line_once():
    assert LOG_CONFIG["loggers"]["airflow.processor"]["propagate"] is False


def test_cloudwatch_tasks_get_our_handler():
    task = {"class": CLOUDWATCH, "formatter": "airflow", "base_log_folder": "/x", "log_group_arn": ARN}
    default = {**DEFAULT_LOGGING_CONFIG, "handlers": {**DEFAULT_LOGGING_CONFIG["handlers"], "task": task}}
    config = json_config(default)
    assert config["handlers"]["task"]["class"] == "task_json.CloudwatchJsonTaskHandler"
    assert config["handlers"]["task"]["filters"] == ["mask_secrets"]
    assert config["handlers"]["task"]["log_group_arn"] == ARN


def test_python_accepts_the_configuration():
    root, handlers = logging.getLogger(), logging.getLogger().handlers[:]
    try:
        logging.config.dictConfig(LOG_CONFIG)
        assert [handler.name for handler in logging.getLogger("airflow.task").handlers] == ["task"]
    finally:
        root.handlers[:] = handlers


def test_a_task_line_in_cloudwatch_names_its_try(handler):
    logger_with(handler).info("Total order value is: %.2f", 1236.7)
    handler.close()
    ((stream, event),) = handler.sent
    entry = json.loads(event["message"])
    assert stream == "tutorial/2.log"
    assert entry["message"] == "Total order value is: 1236.70"
    assert {key: entry[key] for key in ("dag_id", "task_id", "run_id", "try_number")} == {
        "dag_id": "tutorial",
        "task_id": "sleep",
        "run_id": "manual__1",
        "try_number": 2,
    }
    assert "map_index" not in entry


def test_arguments_that_do_not_fit_do_not_fail_the_task(handler):
    logger_with(handler).error("%s of %d", "one")
    handler.close()
    assert json.loads(handler.sent[0][1]["message"])["message"] == "%s of %d ('one',)"


def test_lines_are_sent_soon_and_the_group_is_not_made(handler):
    assert handler.handler.send_interval == 5
    assert handler.handler.log_group_name == "/airflow-deploy/airflow/main/task"


def test_a_mapped_task_names_its_index():
    record = logging.makeLogRecord({"msg": "x"})
    assert json.loads(TaskJsonFormatter().of(task_instance(map_index=3)).format(record))["map_index"] == 3


def test_secrets_stay_masked_in_message_and_exception(handler, monkeypatch):
    monkeypatch.setattr("airflow.settings.MASK_SECRETS_IN_LOGS", True)
    masker = secrets_masker.SecretsMasker()
    masker.add_mask("hunter2")
    handler.addFilter(masker)
    try:
        raise ValueError("login with hunter2")
    except ValueError:
        logger_with(handler).exception("password %s", "hunter2")
    handler.close()
    ((_, event),) = handler.sent
    assert "hunter2" not in event["message"].split("raise ValueError")[0]
    assert json.loads(event["message"])["message"] == "password ***"
    assert json.loads(event["message"])["exception"].endswith("ValueError: login with ***")


def test_the_web_page_gets_time_level_and_message(handler):
    line = TaskJsonFormatter(dag_id="d").format(
        logging.makeLogRecord({"msg": "done", "name": "airflow.task", "levelname": "WARNING", "created": 1.5})
    )
    rendered = handler._event_to_str({"timestamp": 1500, "message": line})
    assert rendered == "[1970-01-01T00:00:01.500+00:00] {airflow.task} WARNING - done"


def test_an_exception_is_readable_on_the_web_page():
    line = json.dumps({"time": "t", "level": "ERROR", "logger": "l", "message": "m", "exception": "Traceback\n  x"})
    assert render_line(line) == "[t] {l} ERROR - m\nTraceback\n  x"


@pytest.mark.parametrize("text", ["plain", "{}", "[1]", '"x"', "12", '{"time": "t"}', "{broken"])
def test_other_lines_are_shown_as_they_are(handler, text):
    assert render_line(text) is None
    assert handler._event_to_str({"timestamp": 0, "message": text}) == f"[1970-01-01 00:00:00,000] {text}"
