"""Airflow's web application under gunicorn, as `airflow webserver` runs it, without the process around it.

`airflow webserver` (2.5.3, cli/commands/webserver_command.py) imports Airflow twice and keeps a monitor of 130 MB,
which notices a gunicorn that died on start only after web_server_master_timeout. Here gunicorn is the container's
own process: up in a third of the time, and its end is the container's. Left out are the monitor's renewal of
workers (worker_refresh_interval; gunicorn's own is --max-requests) and reload_on_plugin_change.
"""

from __future__ import annotations

import sys

from airflow_deploy import json_logs

OPTIONS = {
    "--workers": "workers",
    "--worker-class": "worker_class",
    "--timeout": "web_server_worker_timeout",
    "--access-logfile": "access_logfile",
    "--error-logfile": "error_logfile",
    "--certfile": "web_server_ssl_cert",
    "--keyfile": "web_server_ssl_key",
}


def main() -> None:
    """Takes over the process. Settings are Airflow's, `[webserver]`; GUNICORN_CMD_ARGS adds others."""
    json_logs.wrap_standard_streams()
    from airflow.configuration import conf
    from gunicorn.app.wsgiapp import run

    sys.argv[:] = gunicorn_command(lambda name: conf.get("webserver", name))
    run()


def gunicorn_command(setting) -> list[str]:
    """Gunicorn's command line; `setting(name)` gives one of Airflow's `[webserver]` settings."""
    values = {option: setting(name) for option, name in OPTIONS.items()}
    return [
        "gunicorn",
        *(part for option, value in values.items() if value for part in (option, value)),
        *("--bind", f"{setting('web_server_host')}:{setting('web_server_port')}"),
        *("--name", "airflow-webserver"),
        *("--config", "python:airflow.www.gunicorn_config"),
        *("--logger-class", "gunicorn_json.JsonLogger"),
        "--preload",
        "airflow.www.app:cached_app()",
    ]
