"""Brings a directory to what a manifest says: by rename, so that a reader sees the old file or the new one.

What Airflow reads only at its start (plugins, config, webserver_config.py) also gets a directory of its own under
`releases/`, named by its hash and never changed: a task that ECS starts again, or rolls back to, finds the files
it was deployed with.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from airflow_deploy.dag_files import dag_files
from airflow_deploy.manifest import APPLIED, Manifest, applied_manifest

INCOMING = ".incoming"
RELEASES = "releases"
KEPT_RELEASES = 20
PARALLEL = 8


class NotYetConsistent(Exception):
    """A file is not the one in the manifest: an upload is under way, or its next manifest not yet written."""


@dataclass
class Applied:
    """What one call changed; `at` (epoch seconds) is the mtime that the DAG files carry since."""

    at: float
    written: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)


def apply_manifest(manifest: Manifest, root: Path, fetch: Callable[[str], bytes]) -> Applied:
    """Makes `root` hold exactly the manifest's files, `.bundle.json` last.

    `fetch(path)` gives a file's bytes. Files are staged and checked before the first one is renamed:
    NotYetConsistent (or an error of `fetch`) leaves everything as it was. Where nothing has to change nothing
    is written, and `at` is the time of the call that did.
    """
    present = set(files_below(root))
    outdated = [path for path, sha256 in manifest.hashes.items() if _hash(root / path) != sha256]
    gone = sorted(present - manifest.hashes.keys())
    if not outdated and not gone and _is_applied(manifest, root):
        return Applied((root / APPLIED).stat().st_mtime)
    staging = root / INCOMING
    _remove_tree(staging)
    try:
        _stage(outdated, manifest, staging, fetch)
        for path in gone:
            (root / path).unlink(missing_ok=True)
        _prune(root)
        for path in outdated:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            os.replace(staging / path, root / path)
        _add_release(manifest, root, staging)
        at = _touch_changed_dags(root, outdated + gone)
        _write_applied(manifest, root, staging, at)
    finally:
        _remove_tree(staging)
    return Applied(at, outdated, gone)


def release_directory(root: Path, restart: str) -> Path:
    """Where the files are that Airflow reads at its start, for the bundle with this restart hash."""
    return root / RELEASES / restart


def files_below(root: Path) -> Iterator[str]:
    """The bundle's files in `root`, as paths of a manifest; left-over byte code is none of ours."""
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in (INCOMING, RELEASES, "__pycache__")]
        for name in names:
            path = (Path(folder) / name).relative_to(root).as_posix()
            if path != APPLIED:
                yield path


def touch(paths: list[Path]) -> float:
    """Sets one fresh mtime on all `paths` and returns it (epoch seconds).

    Airflow parses a file again at once only if its mtime is newer than the end of its last parse
    (dag_processing/manager.py, prepare_file_path_queue). The time is this machine's, as the scheduler's
    is; a file server's own clock may differ.
    """
    now = time.time()
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            os.utime(path, (now, now))
    return now


def _touch_changed_dags(root: Path, changed: list[str]) -> float:
    # A module that DAGs import has changed: they are parsed again, not only the file itself.
    if any(path.startswith("dags/") for path in changed):
        return touch(dag_files(root / "dags"))
    return time.time()


def _stage(paths: list[str], manifest: Manifest, staging: Path, fetch: Callable[[str], bytes]) -> None:
    def stage(path: str) -> None:
        content = fetch(path)
        if hashlib.sha256(content).hexdigest() != manifest.hashes[path]:
            raise NotYetConsistent(f"{path} is not the one in manifest {manifest.bundle}")
        target = staging / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)

    staging.mkdir(parents=True)
    with ThreadPoolExecutor(min(PARALLEL, len(paths) or 1)) as pool:
        list(pool.map(stage, paths))


def _add_release(manifest: Manifest, root: Path, staging: Path) -> None:
    release = release_directory(root, manifest.restart)
    if not release.exists():
        fresh = staging / RELEASES
        fresh.mkdir()
        for path in manifest.hashes:
            if not path.startswith("dags/"):
                (fresh / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(root / path, fresh / path)
        release.parent.mkdir(exist_ok=True)
        os.replace(fresh, release)
    os.utime(release)
    newest_first = sorted(release.parent.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in newest_first[KEPT_RELEASES:]:
        _remove_tree(old)


def _write_applied(manifest: Manifest, root: Path, staging: Path, at: float) -> None:
    written = staging / APPLIED
    written.write_bytes(manifest.text)
    os.utime(written, (at, at))
    os.replace(written, root / APPLIED)


def _is_applied(manifest: Manifest, root: Path) -> bool:
    applied = applied_manifest(root)
    return applied is not None and applied.text == manifest.text


def _hash(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None


def _prune(root: Path) -> None:
    for folder, _, _ in os.walk(root, topdown=False):
        path = Path(folder)
        if path == root or {INCOMING, RELEASES} & {*path.relative_to(root).parts}:
            continue
        if path.name == "__pycache__":
            if not any(path.parent.glob("*.py")):
                _remove_tree(path)
            continue
        with contextlib.suppress(OSError):
            path.rmdir()


def _remove_tree(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)
