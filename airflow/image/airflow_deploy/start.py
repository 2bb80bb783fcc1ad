"""Starts Airflow's webserver or scheduler in its container, once the bundle that it was deployed with is there.

Airflow then runs in this very process, with standard streams that are made JSON: the banner and what libraries
print would otherwise be plain text.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from airflow_deploy import json_logs, webserver
from airflow_deploy.manifest import applied_manifest

WAIT_SECONDS = 180.0
POLL_SECONDS = 0.5
# dag_sync needs a few seconds at most; then it is worth a look whether the wanted bundle will come at all.
ASK_SECONDS = 5.0
LINKS = ("config", "webserver_config.py")


log = logging.getLogger("start")


class NoBundle(Exception):
    """The mount holds no bundle: Airflow would start with defaults of its own instead of the user's files."""


def main(argv: list[str]) -> None:
    json_logs.configure("start")
    if len(argv) != 1 or argv[0] not in PROGRAMS:
        log.error("usage: python -m airflow_deploy.start %s", "|".join(PROGRAMS))
        sys.exit(2)
    mount = os.environ.get("AIRFLOW_DEPLOY_BUNDLE_DIR")
    if mount:  # else the files themselves are mounted: docker-compose.yaml
        try:
            wait_for_bundle(Path(mount), os.environ.get("AIRFLOW_DEPLOY_RESTART_HASH"), uploaded_restart)
            link_settings(Path(mount), Path(os.environ["AIRFLOW_HOME"]))
        except (NoBundle, OSError) as error:
            log.error("%s", error)
            sys.exit(1)
    PROGRAMS[argv[0]]()


def wait_for_bundle(root: Path, restart: str | None, uploaded: Callable[[], str | None], wait: float = WAIT_SECONDS):
    """Returns when `root` holds a complete bundle, preferably the one with the `restart` hash.

    `uploaded()` gives the hash of the bundle in the bucket, None where it cannot tell: when that is another one,
    the wanted bundle will not come any more. After `wait` seconds any bundle is taken, with a warning; without
    one NoBundle is raised.
    """
    began, asked = time.monotonic(), 0.0
    while True:
        applied = applied_manifest(root)
        waited = time.monotonic() - began
        if applied and (not restart or applied.restart == restart):
            log.info("bundle %s is there", applied.bundle, extra={"restart": applied.restart})
            return
        replaced = False
        if applied and waited - asked >= ASK_SECONDS:
            asked = waited
            replaced = uploaded() not in (None, restart)
        if applied and (replaced or waited >= wait):
            log.warning("going on with bundle %s: its settings are not those of this deployment", applied.bundle)
            return
        if waited >= wait:
            raise NoBundle(f"no bundle in {root} after {wait:.0f} s: did init and dag-sync run?")
        time.sleep(POLL_SECONDS)


def uploaded_restart() -> str | None:
    """The restart hash of the manifest in the bucket."""
    from airflow_deploy.storage import store_from_environment

    try:
        manifest = store_from_environment().changed_manifest()
    except Exception as error:
        log.warning("cannot read the manifest: %s", error)
        return None
    return manifest.restart if manifest else None


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


def scheduler() -> None:
    """`airflow scheduler` in this very interpreter; another would only cost its start."""
    sys.argv[:] = ["airflow", "scheduler", "--skip-serve-logs"]
    json_logs.wrap_standard_streams()
    from airflow.__main__ import main as airflow

    airflow()


PROGRAMS = {"webserver": webserver.main, "scheduler": scheduler}


if __name__ == "__main__":
    main(sys.argv[1:])
