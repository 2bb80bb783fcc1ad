from pathlib import Path

import pytest
from airflow.utils.file import find_path_from_directory, might_contain_dag

from airflow_deploy.dag_files import dag_files

DAG = "from airflow import DAG\n"
FILES = {
    "plain.py": DAG,
    "UPPER.py": "import AIRFLOW as a  # DaG",
    "helper.py": "def f(): pass\n",
    "only_dag.py": "dag = 1",
    "notes.txt": DAG,
    "sub/inner.py": DAG,
    "sub/skipped/a.py": DAG,
    "sub/skipped/keep.py": DAG,
    "other/test_x.py": DAG,
    "other/deep/test_y.py": DAG,
    ".hidden/h.py": DAG,
}
REGEXPS = {
    "none": {},
    "comment": {".airflowignore": "# nothing\n\n   # more\n"},
    "file": {".airflowignore": "plain\\.py # why\n"},
    "folder": {".airflowignore": "sub/skipped\n"},
    "prefix": {".airflowignore": "^other\n"},
    "everything": {".airflowignore": ".\n"},
    "broken": {".airflowignore": "plain(\nsub\n"},
    "nested": {"other/.airflowignore": "test_\n"},
    "nested path counts from the top": {"other/.airflowignore": "^deep\n"},
}
GLOBS = {
    "name": {".airflowignore": "test_*.py\n"},
    "folder": {".airflowignore": "skipped/\n"},
    "anchored": {".airflowignore": "/other/test_x.py\n"},
    "negated": {".airflowignore": "*.py\n!plain.py\n"},
    "nested": {"sub/.airflowignore": "/skipped/a.py\n"},
}


def written(folder: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def as_airflow_does(folder: Path, syntax: str) -> list[Path]:
    paths = [Path(path) for path in find_path_from_directory(str(folder), ".airflowignore", syntax)]
    return sorted(path for path in paths if path.suffix == ".py" and might_contain_dag(str(path), True))


@pytest.mark.parametrize("ignored", REGEXPS.values(), ids=REGEXPS)
def test_the_files_are_those_that_airflow_parses(tmp_path, ignored):
    folder = written(tmp_path, {**FILES, **ignored})
    assert sorted(dag_files(folder)) == as_airflow_does(folder, "regexp")


@pytest.mark.parametrize("ignored", GLOBS.values(), ids=GLOBS)
def test_so_with_globs(tmp_path, monkeypatch, ignored):
    monkeypatch.setenv("AIRFLOW__CORE__DAG_IGNORE_FILE_SYNTAX", "glob")
    folder = written(tmp_path, {**FILES, **ignored})
    assert sorted(dag_files(folder)) == as_airflow_does(folder, "glob")


def test_without_safe_mode_every_python_file_counts(tmp_path, monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__DAG_DISCOVERY_SAFE_MODE", "False")
    assert tmp_path / "helper.py" in dag_files(written(tmp_path, FILES))


def test_a_missing_folder_has_none(tmp_path):
    assert dag_files(tmp_path / "dags") == []
