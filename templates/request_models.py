"""The requests of AWS services, from botocore's service models: what the local endpoint checks requests against.

    python request_models.py DIRECTORY SERVICE...

Writes a file for each service, named by the name that its requests are signed with. Its first line is a JSON object
with protocol and target prefix, each further line an operation: its name, a tab, and a JSON object with method, path
and the shapes of its request. Documentation and answers are left out: 8 MB of EC2 become 1.5.
"""

import gzip
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

Model = dict[str, Any]

SHAPE = (
    "type",
    "required",
    "enum",
    "min",
    "max",
    "pattern",
    "flattened",
    "payload",
    "sensitive",
    "streaming",
    "timestampFormat",
)
REFERENCE = ("shape", "location", "locationName", "queryName", "flattened", "xmlAttribute", "streaming", "jsonvalue")


def kept(source: Model, names: tuple[str, ...]) -> Model:
    return {name: source[name] for name in names if name in source}


def shape(source: Model) -> Model:
    compact = kept(source, SHAPE)
    if "members" in source:
        compact["members"] = {name: kept(member, REFERENCE) for name, member in source["members"].items()}
    for part in ("member", "key", "value"):
        if part in source:
            compact[part] = kept(source[part], REFERENCE)
    return compact


def references(source: Model) -> list[str]:
    parts = [
        *source.get("members", {}).values(),
        *(source[part] for part in ("member", "key", "value") if part in source),
    ]
    return [part["shape"] for part in parts]


def reachable(shapes: dict[str, Model], start: str) -> dict[str, Model]:
    found: dict[str, Model] = {}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = shape(shapes[name])
            waiting += references(found[name])
    return found


def operation(model: Model, name: str) -> Model:
    described = model["operations"][name]
    http = described["http"]
    compact: Model = {"method": http["method"], "path": http["requestUri"]}
    if "input" in described:
        compact["input"] = described["input"]["shape"]
        compact["shapes"] = reachable(model["shapes"], compact["input"])
    return compact


def replaced(operations: dict[str, Model]) -> set[str]:
    # S3 has two operations at some addresses: PutBucketLifecycle is the old name of PutBucketLifecycleConfiguration.
    current = {tuple(sorted(each["http"].items())) for each in operations.values() if not each.get("deprecated")}
    return {
        name
        for name, each in operations.items()
        if each.get("deprecated")
        and each["http"]["requestUri"] != "/"
        and tuple(sorted(each["http"].items())) in current
    }


def lines(model: Model) -> list[str]:
    metadata = model["metadata"]
    names = [name for name in model["operations"] if name not in replaced(model["operations"])]
    head = {"protocol": metadata["protocol"], "target": metadata.get("targetPrefix", "")}
    return [
        json.dumps(head),
        *(f"{name}\t{json.dumps(operation(model, name), separators=(',', ':'))}" for name in names),
    ]


def read(data: Path, service: str) -> Model:
    newest = sorted(path for path in (data / service).iterdir() if path.is_dir())[-1]
    with gzip.open(newest / "service-2.json.gz", "rt", encoding="utf-8") as file:
        return json.load(file)


def data_directory() -> Path:
    # Found, not imported: botocore takes a second to load.
    spec = importlib.util.find_spec("botocore")
    if spec is None or spec.origin is None:
        raise SystemExit("botocore is not installed beside moto")
    return Path(spec.origin).parent / "data"


def main(directory: str, services: list[str]) -> None:
    data = data_directory()
    for service in services:
        model = read(data, service)
        metadata = model["metadata"]
        signed = metadata.get("signingName", metadata["endpointPrefix"])
        (Path(directory) / signed).write_text("\n".join(lines(model)), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
