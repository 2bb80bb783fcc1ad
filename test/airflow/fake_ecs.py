"""ECS as the executor's boto3 client shows it: requests are checked against botocore's model, client tokens count."""

from __future__ import annotations

from datetime import datetime, timezone

import boto3
from botocore.exceptions import ClientError
from botocore.validate import validate_parameters

ARN = "arn:aws:ecs:eu-central-1:000000000000:task/airflow/{:032x}"
IMAGE = "CannotPullContainerError: pull image manifest has been retried 5 time(s): not found"


def error(code: str, message: str = "", status: int = 400, operation: str = "RunTask") -> ClientError:
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)


class FakeEcs:
    """`refuses` is what the next calls of RunTask meet: an exception, or a reason for `failures[]`. `describe_fails`
    is raised by every DescribeTasks while it is set; `unknown` are ARNs that it does not know."""

    def __init__(self) -> None:
        self.tasks: dict[str, dict] = {}
        self.run: list[dict] = []
        self.described: list[list[str]] = []
        self.stopped: dict[str, str] = {}
        self.refuses: list[Exception | str] = []
        self.describe_fails: Exception | None = None
        self.unknown: set[str] = set()
        self.answer_lost = False
        self._tokens: dict[str, str] = {}
        self._model = boto3.client("ecs").meta.service_model

    def run_task(self, **request) -> dict:
        validate_parameters(request, self._model.operation_model("RunTask").input_shape)
        self.run.append(request)
        if self.refuses:
            refusal = self.refuses.pop(0)
            if isinstance(refusal, Exception):
                raise refusal
            return {"tasks": [], "failures": [{"reason": refusal}]}
        arn = self._tokens.setdefault(request["clientToken"], ARN.format(len(self.tasks)))
        if arn not in self.tasks:
            worker = {"name": "worker", "containerArn": f"{arn}/worker", "lastStatus": "PENDING"}
            self.tasks[arn] = {
                "taskArn": arn,
                "lastStatus": "PROVISIONING",
                "desiredStatus": "RUNNING",
                "containers": [worker],
            }
        if self.answer_lost:
            self.answer_lost = False
            raise ConnectionResetError("Connection reset by peer")
        return {"tasks": [self.tasks[arn]], "failures": []}

    def describe_tasks(self, **request) -> dict:
        validate_parameters(request, self._model.operation_model("DescribeTasks").input_shape)
        assert 0 < len(request["tasks"]) <= 100
        self.described.append(request["tasks"])
        if self.describe_fails:
            raise self.describe_fails
        known = [arn for arn in request["tasks"] if arn in self.tasks and arn not in self.unknown]
        failures = [{"arn": arn, "reason": "MISSING"} for arn in request["tasks"] if arn not in known]
        return {"tasks": [dict(self.tasks[arn]) for arn in known], "failures": failures}

    def stop_task(self, **request) -> dict:
        validate_parameters(request, self._model.operation_model("StopTask").input_shape)
        arn = request["task"]
        self.stopped[arn] = request["reason"]
        self.tasks[arn]["desiredStatus"] = "STOPPED"
        return {"task": self.tasks[arn]}

    # What happens to tasks.

    def starts(self, arn: str) -> None:
        self.tasks[arn].update(lastStatus="RUNNING", startedAt=datetime.now(timezone.utc))

    def ends(self, arn: str, exit_code: int = 0, reason: str | None = None) -> None:
        """The essential container ended; the network interface is still there."""
        task = self.tasks[arn]
        task["containers"][0].update({"exitCode": exit_code, **({"reason": reason} if reason else {})})
        task.update(
            lastStatus="DEPROVISIONING",
            desiredStatus="STOPPED",
            stopCode="EssentialContainerExited",
            stoppedReason="Essential container in task exited",
            executionStoppedAt=datetime.now(timezone.utc),
        )

    def is_stopped(self, arn: str) -> None:
        """What was asked for by StopTask, before a container ran."""
        stopped = {"stopCode": "UserInitiated", "stoppedReason": self.stopped[arn]}
        self.tasks[arn].update(lastStatus="STOPPED", desiredStatus="STOPPED", **stopped)

    def does_not_start(self, arn: str, reason: str = IMAGE) -> None:
        self.tasks[arn]["containers"][0]["reason"] = reason
        stopped = {"stopCode": "TaskFailedToStart", "stoppedReason": reason}
        self.tasks[arn].update(lastStatus="STOPPED", desiredStatus="STOPPED", **stopped)
