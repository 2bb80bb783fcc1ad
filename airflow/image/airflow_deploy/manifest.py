"""The manifest of a bundle: which files it has, with their hashes, and which of its changes need a restart."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

FORMAT = 1
APPLIED = ".bundle.json"


class BadManifest(ValueError):
    """What lies in the bucket is not a manifest that this version understands."""


@dataclass(frozen=True)
class Manifest:
    bundle: str
    restart: str
    hashes: dict[str, str]
    text: bytes


def parse_manifest(text: bytes) -> Manifest:
    """Reads and checks a manifest; BadManifest says what is wrong with it."""
    try:
        document = json.loads(text)
        if document["format"] != FORMAT:
            raise BadManifest(f"format {document['format']} is not {FORMAT}: the image is older than the tool")
        hashes = {path: entry["sha256"] for path, entry in document["files"].items()}
        manifest = Manifest(document["bundle"], document["restart"], hashes, text)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise error if isinstance(error, BadManifest) else BadManifest(f"unreadable: {error!r}") from error
    for path in hashes:
        _check_path(path)
    return manifest


def applied_manifest(root: Path) -> Manifest | None:
    """The manifest of what lies in `root`; None where nothing complete was ever written there."""
    try:
        return parse_manifest((root / APPLIED).read_bytes())
    except (OSError, BadManifest):
        return None


def _check_path(path: str) -> None:
    # Keys in a bucket are free text: no file may land outside of the mount.
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or path != "/".join(parts) or "\0" in path:
        raise BadManifest(f"{path!r} is not a relative path")
    if parts[0] in (APPLIED, ".incoming"):
        raise BadManifest(f"{path!r} is a name of airflow-deploy's own")
