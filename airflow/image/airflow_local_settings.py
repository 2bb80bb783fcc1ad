"""Airflow's cluster policies: the user's own, then the check of `executor_config`.

Airflow imports the first `airflow_local_settings` on sys.path (2.5.3, settings.py, import_local_settings). That is
this one; the bundle's `config/airflow_local_settings.py` comes later on the path and keeps its effect.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from pathlib import Path

from airflow_deploy.task_policy import check_task


def _users_own() -> dict:
    """The names that the next `airflow_local_settings` on sys.path gives to Airflow."""
    here = Path(__file__).resolve().parent
    places = [place for place in sys.path if Path(place or ".").resolve() != here]
    spec = importlib.machinery.PathFinder.find_spec(__name__, places)
    if spec is None or spec.loader is None:
        return {}
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    names = getattr(module, "__all__", [name for name in vars(module) if not name.startswith("__")])
    return {name: getattr(module, name) for name in names}


_own = _users_own()
_policies = [policy for policy in (_own.pop("task_policy", None) or _own.pop("policy", None), check_task) if policy]


def task_policy(task) -> None:
    for policy in _policies:
        policy(task)


globals().update(_own)
__all__ = ["task_policy", *_own]
