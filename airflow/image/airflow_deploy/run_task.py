"""Refusals of ecs:RunTask: which pass by themselves, and how long to wait for that."""

from __future__ import annotations

import hashlib
import random
import re
from dataclasses import dataclass

from airflow.providers.amazon.aws.executors.ecs.utils import EcsQueuedTask
from botocore.exceptions import ClientError, ParamValidationError

from airflow_deploy.task_resources import BadExecutorConfig

LONGEST_WAIT_SECONDS = 60.0
THROTTLED = re.compile(r"Throttl|TooManyRequests|RequestLimitExceeded|SlowDown")
# Of another request, or of credentials that are being renewed.
PASSING_CODES = re.compile(r"ConflictException|LimitExceeded|ExpiredToken|RequestExpired|UnrecognizedClient")
# A role is refused for up to two minutes after it was made.
PASSING_WORDS = re.compile(
    r"capacity is unavailable|reached the limit|capacity limit exceeded|unable to assume the role|role is not valid",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Refusal:
    """Why a worker was not started. `answered`: it certainly was not; else it may run, and only the answer is lost."""

    reason: str
    final: bool = False
    throttled: bool = False
    answered: bool = True


@dataclass
class Start(EcsQueuedTask):
    """A worker to be started. `due` is a time of time.monotonic().

    `before` tells this start from earlier ones under the same key: the id of the LocalTaskJob which last ran the task
    instance (a try that was deferred or rescheduled begins again), and how many workers of the key never began.
    """

    before: tuple[int | None, int] = (None, 0)
    refusals: int = 0
    due: float = 0.0

    def client_token(self) -> str:
        """The same for a repeated request, so that ECS starts no second worker; another scheduler's is the same too.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html
        """
        return hashlib.sha256(repr((self.key, self.before, self.refusals)).encode()).hexdigest()

    def put_off(self, refusal: Refusal, now: float) -> None:
        self.due = now + wait_seconds(self.attempt_number)
        self.attempt_number += 1
        if refusal.answered:
            self.refusals += 1


def wait_seconds(attempt: int) -> float:
    """1 s, 2 s, 4 s … up to a minute, each shortened by up to half: so that not all come back together."""
    return min(LONGEST_WAIT_SECONDS, 2.0 ** (attempt - 1)) * random.uniform(0.5, 1.0)  # noqa: S311


def refusal_of(error: Exception) -> Refusal:
    """What an exception of RunTask means for the worker that it should have started."""
    reason = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, BadExecutorConfig | ParamValidationError):
        return Refusal(reason, final=True)
    if not isinstance(error, ClientError):
        return Refusal(reason, answered=False)
    code = str(error.response.get("Error", {}).get("Code", ""))
    if THROTTLED.search(code):
        return Refusal(reason, throttled=True)
    if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400) >= 500:
        return Refusal(reason, answered=False)
    return Refusal(reason, final=not (PASSING_CODES.search(code) or PASSING_WORDS.search(reason)))
