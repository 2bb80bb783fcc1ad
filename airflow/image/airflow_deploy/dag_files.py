"""Which files Airflow parses: the same walk as airflow/utils/file.py (2.5.3), without importing Airflow."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

IGNORE_FILE = ".airflowignore"
MARKS = (b"dag", b"airflow")


def dag_files(folder: Path) -> list[Path]:
    """The files below `folder` that Airflow's DAG processor opens, honouring `.airflowignore` and safe mode.

    AIRFLOW__CORE__DAG_IGNORE_FILE_SYNTAX and AIRFLOW__CORE__DAG_DISCOVERY_SAFE_MODE count as for Airflow.
    """
    return [path for path in _not_ignored(folder, folder, []) if _is_source(path) and _might_contain_dag(path)]


def _not_ignored(folder: Path, base: Path, inherited: list[str]) -> Iterator[Path]:
    patterns = [*inherited, *_patterns(folder / IGNORE_FILE, folder, base)]
    ignored = _matcher(patterns)
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        path = Path(entry.path)
        relative = path.relative_to(base).as_posix()
        if entry.name == IGNORE_FILE or ignored(relative, entry.is_dir()):
            continue
        if entry.is_dir():
            yield from _not_ignored(path, base, patterns)
        elif entry.is_file():
            yield path


def _patterns(file: Path, folder: Path, base: Path) -> list[str]:
    try:
        lines = [re.sub(r"\s*#.*", "", line) for line in file.read_text().split("\n")]
    except OSError:
        return []
    prefix = folder.relative_to(base).as_posix()
    return [_anchored(line, prefix) for line in lines if line]


def _anchored(pattern: str, folder: str) -> str:
    """A glob with a slash before its end counts from its own `.airflowignore`; a regular expression from the root."""
    if not _globs() or folder == "." or "/" not in pattern.rstrip("/"):
        return pattern
    negated = "!" if pattern.startswith("!") else ""
    return f"{negated}/{folder}/{pattern.removeprefix('!').removeprefix('/')}"


def _matcher(patterns: list[str]) -> Callable[[str, bool], bool]:
    if _globs():
        from pathspec import PathSpec

        spec = PathSpec.from_lines("gitwildmatch", patterns)
        return lambda path, is_folder: spec.match_file(f"{path}/" if is_folder else path)
    expressions = [expression for expression in map(_compiled, patterns) if expression]
    return lambda path, _: any(expression.search(path) for expression in expressions)


def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except re.error:
        return None


def _globs() -> bool:
    return os.environ.get("AIRFLOW__CORE__DAG_IGNORE_FILE_SYNTAX") == "glob"


def _is_source(path: Path) -> bool:
    return path.suffix == ".py" or zipfile.is_zipfile(path)


def _might_contain_dag(path: Path) -> bool:
    if os.environ.get("AIRFLOW__CORE__DAG_DISCOVERY_SAFE_MODE", "True").lower() in ("false", "f", "0"):
        return True
    try:
        content = path.read_bytes().lower()
    except OSError:
        return False
    return all(mark in content for mark in MARKS) or zipfile.is_zipfile(path)
