"""Starts Airflow's webserver, scheduler or one task in its container, once the release it was deployed with is there.

Airflow then runs in this very process, with standard streams that are made JSON: the banner and what libraries
print would otherwise be plain text.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from pathlib import Path

from airflow_deploy import json_logs, webserver
from airflow_deploy.bundle import release_directory
from airflow_deploy.database_host import take_address
from airflow_deploy.manifest import applied_manifest
from airflow_deploy.task_metadata import task_arn

WAIT_SECONDS = 180.0
POLL_SECONDS = 0.5
LINKS = ("config", "plugins", "webserver_config.py")
NEEDED = ("config", "webserver_config.py")

log = logging.getLogger("start")


class NoBundle(Exception):
    """The mount lacks the release: Airflow would start with other files than those that were deployed."""


def main(argv: list[str]) -> None:
    json_logs.configure("start")
    name, *command = argv or [""]
    if name not in PROGRAMS or bool(command) != (name == "worker"):
        log.error("usage: python -m airflow_deploy.start webserver|scheduler|worker airflow tasks run ...")
        sys.exit(2)
    mount = os.environ.get("AIRFLOW_DEPLOY_BUNDLE_DIR")
    if mount:  # else the files themselves are mounted: docker-compose.yaml
        try:
            release = wait_for_release(Path(mount), os.environ["AIRFLOW_DEPLOY_RESTART_HASH"])
            link_settings(release, Path(os.environ["AIRFLOW_HOME"]))
        except (NoBundle, OSError) as error:
            log.error("%s", error)
            sys.exit(1)
    PROGRAMS[name](*command)


def wait_for_release(root: Path, restart: str, wait: float = WAIT_SECONDS) -> Path:
    """Returns the directory of the release with the `restart` hash, once init or dag_sync has put it below `root`.

    Raises NoBundle after `wait` seconds: files of another release must not be taken for those that were deployed.
    """
    release = release_directory(root, restart)
    deadline = time.monotonic() + wait
    while not release.exists():
        if time.monotonic() >= deadline:
            applied = applied_manifest(root)
            there = f"bundle {applied.bundle} with release {applied.restart}" if applied else "no bundle"
            raise NoBundle(f"release {restart} is not in {root} after {wait:.0f} s, but {there}: deploy again")
        time.sleep(POLL_SECONDS)
    log.info("release %s is there", restart)
    return release


def link_settings(release: Path, home: Path) -> None:
    """Makes `config`, `plugins` and `webserver_config.py` in AIRFLOW_HOME point into the release.

    OSError where the bundle lacks webserver_config.py: Airflow would write a default one through the link
    (www/app.py), or fall back to one in silence.
    """
    missing = [name for name in NEEDED if not (release / name).exists()]
    if missing:
        raise FileNotFoundError(f"the bundle has no {' and no '.join(missing)}")
    home.mkdir(parents=True, exist_ok=True)
    for name in LINKS:
        if not (release / name).exists():
            continue
        fresh = home / f".{name}.{os.getpid()}"
        fresh.symlink_to(release / name)
        if (home / name).is_dir() and not (home / name).is_symlink():
            (home / name).rmdir()  # the image has an empty one
        os.replace(fresh, home / name)


def scheduler() -> None:
    json_logs.wrap_standard_streams()
    from airflow_deploy import failed_once

    failed_once.install()
    airflow("airflow", "scheduler", "--skip-serve-logs")


def worker(*command: str) -> None:
    """One task: `command` is the ECS executor's, `airflow tasks run …`.

    Airflow takes the ARN from this variable when the task begins (2.5.3, cli/commands/task_command.py); without it
    the one that the executor noted would be wiped out, and the next scheduler would not find this worker.
    """
    take_address()
    arn = task_arn()
    if arn:
        os.environ["external_executor_id"] = arn  # noqa: SIM112
    airflow(*command)


def airflow(*command: str) -> None:
    """A command of Airflow's in this very interpreter; another would only cost its start."""
    sys.argv[:] = command
    json_logs.wrap_standard_streams()
    from airflow.__main__ import main

    main()


PROGRAMS = {"webserver": webserver.main, "scheduler": scheduler, "worker": worker}


if __name__ == "__main__":
    main(sys.argv[1:])
