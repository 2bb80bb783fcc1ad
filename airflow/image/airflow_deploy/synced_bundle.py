"""The bundle in the mount: what it is, when it came, and which of its files look like DAGs."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from airflow_deploy.bundle import apply_manifest
from airflow_deploy.dag_files import dag_files
from airflow_deploy.manifest import Manifest
from airflow_deploy.storage import BundleStore

NAMED_IN_LOG = 50

log = logging.getLogger("bundle")


@dataclass
class SyncedBundle:
    store: BundleStore
    root: Path
    manifest: Manifest | None = None
    at: float = 0.0

    def sync(self) -> bool:
        """Applies the bucket's manifest if it is another than last time; says whether it was.

        Raises what keeps it from being applied (NotYetConsistent, NothingUploaded, BadManifest, OSError or an
        error of S3); the next call then tries again.
        """
        try:
            manifest = self.store.changed_manifest()
            if not manifest:
                return False
            applied = apply_manifest(manifest, self.root, self.store.file)
        except Exception:
            self.store.forget()
            raise
        self.manifest, self.at = manifest, applied.at
        log.info(
            "bundle %s applied: %d files, %d written, %d deleted",
            manifest.bundle,
            len(manifest.hashes),
            len(applied.written),
            len(applied.deleted),
            extra={
                "bundle": manifest.bundle,
                "restart": manifest.restart,
                "written": applied.written[:NAMED_IN_LOG],
                "deleted": applied.deleted[:NAMED_IN_LOG],
            },
        )
        return True

    def dag_files(self) -> set[str]:
        return {path.relative_to(self.root).as_posix() for path in dag_files(self.root / "dags")}
