"""Whether Airflow has parsed what was synced, told from the rows that its DAG processor writes.

A row's time is the *end* of a parse, and a parse that was under way during the sync has read the old file.
So a file counts as parsed after the second parse that ended after the sync (one process at a time parses a
file: the second began after the first ended), or after one by a scheduler that started after the sync. Airflow
parses an unchanged file every 30 s only: after the first parse the file is touched for the second, and touched
again until it comes. Airflow's DAG processor notes the end of a parse only when it collects the result, which is
after the row was written: a touch in between is older than that end and asks for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from airflow_deploy.metadata_database import SchedulerJob

# A DAG file may take dagbag_import_timeout (30 s) before it ends as an import error.
IMPORT_SECONDS = 30
MARGIN_SECONDS = 10
TOUCH_EVERY_SECONDS = 2


@dataclass
class ParseWatch:
    """Follows one bundle from its sync (`since`, epoch seconds) until every DAG file has a verdict.

    `files` are the files that look like DAGs; `without` those of them that were seen to hold none and have not
    changed since; `listing` is dag_dir_list_interval (seconds), the time until a new file is noticed.
    """

    files: set[str]
    since: float
    listing: float
    without: set[str] = field(default_factory=set)
    _first: dict[str, float] = field(default_factory=dict)
    _touched: dict[str, float] = field(default_factory=dict)
    _proven: set[str] = field(default_factory=set)
    _progress: float = 0.0

    def observe(self, parses: dict[str, float], job: SchedulerJob | None, now: float) -> list[str]:
        """Takes the time of each file's last parse; returns the files to touch for another one."""
        started = job.started if job else 0.0
        again = []
        for file in sorted(self.files - self._proven):
            time = parses.get(file, 0.0)
            if time <= self.since:
                continue
            if time > started > self.since or time > self._first.get(file, time):
                self._prove(file, now)
            elif now - self._touched.get(file, 0.0) >= TOUCH_EVERY_SECONDS:
                self._first[file] = time
                self._touched[file] = now
                again.append(file)
        self._conclude(parses, job, now)
        return again

    @property
    def complete(self) -> bool:
        return self.files <= self._proven | self.without

    def _prove(self, file: str, now: float) -> None:
        self._proven.add(file)
        self.without.discard(file)
        self._progress = now

    def _conclude(self, parses: dict[str, float], job: SchedulerJob | None, now: float) -> None:
        """Files that stay silent through one full loop of a living scheduler hold no DAGs."""
        alive = job is not None and now - job.heartbeat < MARGIN_SECONDS * 2
        silent = self.files - self._proven - self.without
        if not alive or not silent or silent & self._first.keys():
            return
        patience = MARGIN_SECONDS + max(self.listing, IMPORT_SECONDS if silent & parses.keys() else 0)
        if now - max(self.since, job.started, self._progress) > patience:
            self.without |= silent
