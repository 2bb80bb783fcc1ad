"""The project's bucket as the programs in the image see it: the bundle to read, the status to write.

The layout: `<environment>/manifest.json`, `<environment>/files/<path>`, `status/<environment>.json`.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

from airflow_deploy.manifest import Manifest, parse_manifest


class NothingUploaded(Exception):
    """There is no manifest yet."""


@dataclass
class BundleStore:
    """One environment's part of the bucket. `client` is an S3 client; its errors pass through."""

    client: object
    bucket: str
    environment: str
    etag: str | None = None

    def changed_manifest(self) -> Manifest | None:
        """The manifest, or None where it is still the one of the last call. Raises NothingUploaded."""
        unless = {"IfNoneMatch": self.etag} if self.etag else {}
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=f"{self.environment}/manifest.json", **unless)
        except Exception as error:
            if error_code(error) in ("304", "NotModified"):
                return None
            if error_code(error) in ("NoSuchKey", "404"):
                raise NothingUploaded(f"s3://{self.bucket}/{self.environment}/manifest.json does not exist") from error
            raise
        manifest = parse_manifest(answer["Body"].read())
        self.etag = answer["ETag"]
        return manifest

    def forget(self) -> None:
        """The next `changed_manifest` returns it again: the last one could not be applied."""
        self.etag = None

    def file(self, path: str) -> bytes:
        return self.client.get_object(Bucket=self.bucket, Key=f"{self.environment}/files/{path}")["Body"].read()

    def put_status(self, status: dict) -> None:
        self.client.put_object(
            Bucket=self.bucket,
            Key=f"status/{self.environment}.json",
            Body=json.dumps(status).encode(),
            ContentType="application/json",
        )


def error_code(error: Exception) -> str:
    """The code of a botocore ClientError, empty for other errors."""
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))


def store_from_environment() -> BundleStore:
    """The store that AIRFLOW_DEPLOY_BUCKET and AIRFLOW_DEPLOY_ENVIRONMENT name; KeyError where they do not."""
    # botocore without boto3: 15 % less memory in a program that only sleeps and polls.
    import botocore.session
    from botocore.config import Config

    config = Config(
        connect_timeout=5,
        read_timeout=20,
        retries={"mode": "standard", "max_attempts": 3},
        s3={"addressing_style": "path"} if os.environ.get("AWS_ENDPOINT_URL") else {},
        user_agent_extra="airflow-deploy",
    )
    client = botocore.session.get_session().create_client("s3", config=config)
    return BundleStore(client, os.environ["AIRFLOW_DEPLOY_BUCKET"], os.environ["AIRFLOW_DEPLOY_ENVIRONMENT"])
