"""What DescribeTasks says of a worker, read as: it has ended so and for this reason, or it has not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

# Statuses before the first container runs.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
BEFORE_START = ("PROVISIONING", "PENDING", "ACTIVATING")
ORDINARY = (None, "EssentialContainerExited")


@dataclass(frozen=True)
class End:
    """How a worker ended. `details` are fields for a log line; `at` is ECS's own time, None where it gave none."""

    succeeded: bool
    started: bool
    ordinary: bool
    reason: str
    details: dict
    at: datetime | None = None

    @property
    def notable(self) -> bool:
        return not (self.succeeded and self.ordinary)


def end_of(task: dict) -> End | None:
    """How `task`, one of DescribeTasks' answer, ended; None while it has not.

    Exit codes are there some seconds before STOPPED, which waits for the network interface to go.
    """
    containers = task.get("containers", [])
    codes = [container.get("exitCode") for container in containers]
    has_codes = bool(codes) and None not in codes
    if task["lastStatus"] != "STOPPED" and not (task.get("desiredStatus") == "STOPPED" and has_codes):
        return None
    return End(
        succeeded=has_codes and not any(codes),
        started="startedAt" in task,
        ordinary=task.get("stopCode") in ORDINARY,
        reason=_reason(task, containers),
        details={
            "stop_code": task.get("stopCode"),
            "stopped_reason": task.get("stoppedReason"),
            "containers": [
                {"name": one.get("name"), "exit_code": one.get("exitCode"), "reason": one.get("reason")}
                for one in containers
            ],
        },
        at=task.get("executionStoppedAt") or task.get("stoppingAt"),
    )


def lost(seconds: float) -> End:
    """The end of a worker that ECS has not known for `seconds`."""
    reason = f"ECS has not known the task for {seconds:.0f} s"
    details = {"stop_code": None, "stopped_reason": reason, "containers": []}
    return End(succeeded=False, started=False, ordinary=False, reason=reason, details=details)


def _reason(task: dict, containers: list[dict]) -> str:
    parts = [task.get("stopCode"), task.get("stoppedReason")]
    for container in containers:
        if "exitCode" in container:
            parts.append(f"{container.get('name')} ended with exit code {container['exitCode']}")
        parts.append(container.get("reason"))
    return ": ".join(dict.fromkeys(part for part in parts if part)) or "no reason given"
