"""The status object that dag_sync keeps in the bucket, so that nobody needs a network path to the scheduler."""

from __future__ import annotations

import time
from pathlib import Path

from airflow_deploy.import_errors import describe_import_error
from airflow_deploy.metadata_database import DagRow, ImportErrorRow, SchedulerJob

FORMAT = 1
# What changes by itself: a difference here alone is no reason to write before the usual time.
CLOCKS = ("time", "heartbeatAgeSeconds")


class BundlePaths:
    """Translates the absolute paths of Airflow's rows into those of the manifest, and back.

    Another container may see the same directory under another name: both names are resolved.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._roots = list(dict.fromkeys([str(root), str(root.resolve())]))

    def relative(self, path: str) -> str | None:
        """`dags/a.py` for an absolute path in the bundle, None for others; a DAG in a zip file counts as the zip."""
        for candidate in (path, str(Path(path).resolve())):
            for root in self._roots:
                if candidate.startswith(f"{root}/"):
                    head, zipped, _ = candidate[len(root) + 1 :].partition(".zip/")
                    return head + (".zip" if zipped else "")
        return None

    def last_parses(self, dags: list[DagRow], errors: list[ImportErrorRow]) -> dict[str, float]:
        """The time (epoch seconds) of the last parse of each file of the bundle that has a row."""
        times: dict[str, float] = {}
        for path, when in [(dag.path, dag.parsed) for dag in dags] + [(error.path, error.time) for error in errors]:
            file = self.relative(path)
            if file:
                times[file] = max(times.get(file, 0.0), when)
        return times

    def errors(self, rows: list[ImportErrorRow]) -> list[dict]:
        """Import errors of the bundle's files; Airflow drops that of a deleted file only later."""
        found = []
        for row in rows:
            file = self.relative(row.path)
            if file and not self.is_gone(row.path):
                line, message = describe_import_error(row.trace, row.path)
                found.append({"file": file, "line": line, "message": message})
        return sorted(found, key=lambda error: error["file"])

    def is_gone(self, path: str) -> bool:
        """Whether `path` lay in the bundle and does not any more."""
        file = self.relative(path)
        return file is not None and not (self._root / file).exists()

    def dag_ids(self, rows: list[DagRow]) -> list[str]:
        return sorted(row.dag_id for row in rows if row.active and self.relative(row.path))


def heartbeat_age(job: SchedulerJob | None, now: float) -> float | None:
    """Seconds since the scheduler's last heartbeat; None where it has none."""
    return round(max(0.0, now - job.heartbeat), 1) if job else None


def differs(new: dict, old: dict | None) -> bool:
    """Whether two status objects differ in more than their clocks."""
    return old is None or _without_clocks(new) != _without_clocks(old)


def is_due(old: dict | None, every: float) -> bool:
    return old is None or time.time() - old["time"] >= every


def _without_clocks(status: dict) -> dict:
    return {key: value for key, value in status.items() if key not in CLOCKS}
