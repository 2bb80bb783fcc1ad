"""What a task's `executor_config` asks of Fargate: its own CPU, memory and storage, and overrides of its container.

    executor_config={"cpu": "1024", "memory": "4096", "ephemeralStorage": {"sizeInGiB": 50}}

The provider (8.12.0) would put all of it into the *container* override, where it does not resize a Fargate task.
"""

from __future__ import annotations

import os
import re
from copy import deepcopy
from dataclasses import dataclass

# CPU units: least, most and step of memory in MiB (Amazon ECS developer guide, "Task CPU and memory").
SIZES = {
    256: (512, 2048, 512),
    512: (1024, 4096, 1024),
    1024: (2048, 8192, 1024),
    2048: (4096, 16384, 1024),
    4096: (8192, 30720, 1024),
    8192: (16384, 61440, 4096),
    16384: (32768, 122880, 8192),
}
STORAGE_GIB = range(21, 201)
TASK_KEYS = ("cpu", "memory", "ephemeralStorage")
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerOverride.html without `name` and `command`,
# which are the executor's.
CONTAINER_KEYS = ("environment", "environmentFiles", "memoryReservation", "resourceRequirements")


class BadExecutorConfig(ValueError):
    """The `executor_config` cannot be run; the text says why."""


@dataclass(frozen=True)
class Size:
    """CPU units and MiB of memory; None where it is not known."""

    cpu: int | None
    memory: int | None


@dataclass(frozen=True)
class Overrides:
    """Parts of RunTask's `overrides`: the task's own, and those of the worker's container."""

    task: dict
    container: dict


def overrides(config: object, worker: Size) -> Overrides:
    """What `config`, a task's executor_config, asks for; `worker` is the size where it names none.

    Raises BadExecutorConfig.
    """
    if not config:
        return Overrides({}, {})
    if not isinstance(config, dict):
        raise BadExecutorConfig(f"executor_config is {type(config).__name__}, not a dictionary")
    unknown = sorted(str(key) for key in config.keys() - {*TASK_KEYS, *CONTAINER_KEYS})
    if unknown:
        known = ", ".join([*TASK_KEYS, *CONTAINER_KEYS])
        raise BadExecutorConfig(f"executor_config has no {', '.join(unknown)}: it takes {known}")
    task = _size_override(config, worker)
    if "ephemeralStorage" in config:
        task["ephemeralStorage"] = {"sizeInGiB": _storage(config["ephemeralStorage"])}
    return Overrides(task, {key: deepcopy(config[key]) for key in CONTAINER_KEYS if key in config})


def worker_size() -> Size:
    """The worker task definition's size, from AIRFLOW_DEPLOY_WORKER_CPU and AIRFLOW_DEPLOY_WORKER_MEMORY."""
    cpu, memory = (os.environ.get(f"AIRFLOW_DEPLOY_WORKER_{name}") for name in ("CPU", "MEMORY"))
    return Size(int(cpu) if cpu else None, int(memory) if memory else None)


def _size_override(config: dict, worker: Size) -> dict:
    asked = {name: _amount(name, config[name], unit) for name, unit in UNITS.items() if name in config}
    cpu, memory = asked.get("cpu", worker.cpu), asked.get("memory", worker.memory)
    if asked and cpu is not None:
        _check_pair(cpu, memory)
    return {name: str(amount) for name, amount in asked.items()}


def _check_pair(cpu: int, memory: int | None) -> None:
    if cpu not in SIZES:
        raise BadExecutorConfig(f"Fargate has no cpu {cpu}: it has {', '.join(map(str, SIZES))}")
    least, most, step = SIZES[cpu]
    if memory is None:
        return
    # 512 MiB, 1 GB and 2 GB: no 1.5 GB with the smallest.
    if not least <= memory <= most or (memory - least) % step or (cpu, memory) == (256, 1536):
        offer = "512, 1024 or 2048" if cpu == 256 else f"{least} to {most} in steps of {step}"
        raise BadExecutorConfig(f"Fargate has no memory {memory} with cpu {cpu}: it has {offer} MiB")


UNITS = {"cpu": "vcpu", "memory": "gb"}


def _amount(name: str, value: object, unit: str) -> int:
    """`1024`, `"1024"`, `"1 vCPU"`, `"4 GB"`: what ECS takes in a task definition, as CPU units or MiB."""
    parts = re.fullmatch(r"\s*(\d+|\d*\.\d+)\s*([a-z]*)\s*", str(value), re.IGNORECASE | re.ASCII)
    if parts and not isinstance(value, bool):
        if parts[2].lower() == unit:
            return round(float(parts[1]) * 1024)
        if not parts[2] and parts[1].isdigit():
            return int(parts[1])
    raise BadExecutorConfig(f"executor_config's {name} is {value!r}: give a number such as {name}='2048'")


def _storage(value: object) -> int:
    size = value.get("sizeInGiB") if isinstance(value, dict) else None
    if not isinstance(size, int) or size not in STORAGE_GIB or value.keys() != {"sizeInGiB"}:
        raise BadExecutorConfig(
            f"executor_config's ephemeralStorage is {value!r}: give {{'sizeInGiB': N}}, N from 21 to 200"
        )
    return size
