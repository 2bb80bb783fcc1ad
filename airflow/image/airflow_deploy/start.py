"""Starts Airflow's webserver or scheduler in its container, once the bundle that it was deployed with is there.

`python -m airflow_deploy.start webserver` becomes `airflow webserver` in this very process, with its standard
streams made JSON: the banner and what libraries print would otherwise be plain text.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from airflow_deploy import json_logs
from airflow_deploy.manifest import applied_manifest

WAIT_SECONDS = 180.0
POLL_SECONDS = 0.5
# An upload that is newer than this deployment brings its own hash, and the old one will not come.
NEWER_SECONDS = 15.0
LINKS = ("config", "webserver_config.py")
COMMANDS = {
    "webserver": ["airflow", "webserver"],
    "scheduler": ["airflow", "scheduler", "--skip-serve-logs"],
}


class NoBundle(Exception):
    """The mount holds no bundle: Airflow would start with defaults of its own instead of the user's files."""


def main(argv: list[str]) -> None:
    log = json_logs.configure("start")
    if len(argv) != 1 or argv[0] not in COMMANDS:
        log.error("usage: python -m airflow_deploy.start %s", "|".join(COMMANDS))
        sys.exit(2)
    mount = os.environ.get("AIRFLOW_DEPLOY_BUNDLE_DIR")
    if mount:  # else the files themselves are mounted: docker-compose.yaml
        try:
            wait_for_bundle(Path(mount), os.environ.get("AIRFLOW_DEPLOY_RESTART_HASH"), log)
            link_settings(Path(mount), Path(os.environ["AIRFLOW_HOME"]))
        except (NoBundle, OSError) as error:
            log.error("%s", error)
            sys.exit(1)
    become_airflow(COMMANDS[argv[0]])


def wait_for_bundle(root: Path, restart: str | None, log, wait: float = WAIT_SECONDS, newer: float = NEWER_SECONDS):
    """Returns when `root` holds a complete bundle, preferably the one with the `restart` hash.

    Another hash is accepted, with a warning, when it stays for `newer` seconds. Raises NoBundle after `wait`
    seconds without any bundle.
    """
    began = time.monotonic()
    while True:
        applied = applied_manifest(root)
        waited = time.monotonic() - began
        if applied and (not restart or applied.restart == restart):
            log.info("bundle %s is there", applied.bundle, extra={"restart": applied.restart})
            return
        if applied and waited > newer:
            log.warning("going on with bundle %s: its settings are not those deployed", applied.bundle)
            return
        if not applied and waited > wait:
            raise NoBundle(f"no bundle in {root} after {wait:.0f} s: did init and dag-sync run?")
        time.sleep(POLL_SECONDS)


def link_settings(root: Path, home: Path) -> None:
    """Makes `config` and `webserver_config.py` in AIRFLOW_HOME point into the bundle.

    OSError where the bundle lacks webserver_config.py: Airflow would write a default one through the link
    (www/app.py), or fall back to one in silence.
    """
    missing = [name for name in LINKS if not (root / name).exists()]
    if missing:
        raise FileNotFoundError(f"the bundle has no {' and no '.join(missing)}")
    home.mkdir(parents=True, exist_ok=True)
    for name in LINKS:
        fresh = home / f".{name}.{os.getpid()}"
        fresh.symlink_to(root / name)
        if (home / name).is_dir() and not (home / name).is_symlink():
            (home / name).rmdir()  # the image has an empty one
        os.replace(fresh, home / name)


def become_airflow(command: list[str]) -> None:
    """Runs Airflow's command line here; a second interpreter would only cost its start."""
    sys.argv[:] = command
    json_logs.wrap_standard_streams()
    from airflow.__main__ import main as airflow

    end_with_gunicorn()
    airflow()


def end_with_gunicorn() -> None:
    """Makes `airflow webserver` exit with 1 as soon as its gunicorn is dead.

    Airflow 2.5.3 would wait for web_server_master_timeout (cli/commands/webserver_command.py, GunicornMonitor):
    a webserver that cannot start, say for a broken plugin, would look alive for minutes.
    """
    import psutil
    from airflow.cli.commands.webserver_command import GunicornMonitor

    count = GunicornMonitor._get_num_workers_running

    def counted(monitor: GunicornMonitor) -> int:
        if monitor.gunicorn_master_proc.status() == psutil.STATUS_ZOMBIE:
            monitor.log.error("gunicorn has ended")
            sys.exit(1)
        return count(monitor)

    GunicornMonitor._get_num_workers_running = counted


if __name__ == "__main__":
    main(sys.argv[1:])
