"""Airflow's logging as JSON: its default configuration (2.5.3) with our formatter on every handler.

Set by AIRFLOW__LOGGING__LOGGING_CONFIG_CLASS=log_config.LOG_CONFIG. Secrets stay masked: the handlers keep
Airflow's `mask_secrets` filter.
"""

from __future__ import annotations

import logging
from copy import deepcopy

from airflow.config_templates.airflow_local_settings import DEFAULT_LOGGING_CONFIG

TASK_HANDLERS = {
    "airflow.utils.log.file_task_handler.FileTaskHandler": "task_json.FileJsonTaskHandler",
    "airflow.providers.amazon.aws.log.cloudwatch_task_handler.CloudwatchTaskHandler": (
        "task_json.CloudwatchJsonTaskHandler"
    ),
}


def json_config(default: dict) -> dict:
    """A copy of Airflow's `default` logging configuration that writes JSON lines."""
    config = deepcopy(default)
    config["formatters"]["json"] = {"()": "airflow_deploy.json_logs.JsonFormatter"}
    config["formatters"]["task_json"] = {"()": "task_json.TaskJsonFormatter"}
    for handler in config["handlers"].values():
        handler["formatter"] = "json"
    task = config["handlers"]["task"]
    if task["class"] in TASK_HANDLERS:
        task.update({"class": TASK_HANDLERS[task["class"]], "formatter": "task_json", "filters": ["mask_secrets"]})
    # Both would print on stdout: without this each line of the DAG processor comes twice.
    if config["loggers"]["airflow.processor"]["handlers"] == ["processor_to_stdout"]:
        config["loggers"]["airflow.processor"]["propagate"] = False
    return config


LOG_CONFIG = json_config(DEFAULT_LOGGING_CONFIG)
logging.captureWarnings(True)
