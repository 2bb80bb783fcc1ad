"""What webserver_config.py is told, as environment variables with the names of airflow-deploy's settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from airflow_deploy.login.emails import lower

PREFIX = "AIRFLOW_DEPLOY_"
PROVIDERS = ("google", "github", "oidc")


class BadLoginSettings(Exception):
    """The webserver must not start with half a login."""


@dataclass(frozen=True)
class LoginSettings:
    """`db` for Airflow's own user table, else the provider that people log in with, and whom it lets in."""

    auth: str = "db"
    issuer: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    allowed_domains: frozenset[str] = frozenset()
    allowed_emails: frozenset[str] = frozenset()
    admin_emails: frozenset[str] = frozenset()
    default_role: str = "Viewer"
    # The claim that holds a person's groups, and the role that each group gives.
    role_claim: str = "groups"
    role_mapping: Mapping[str, str] = field(default_factory=dict)

    @property
    def uses_passwords(self) -> bool:
        return self.auth == "db"


def from_environment(env: Mapping[str, str] = os.environ) -> LoginSettings:
    """Raises BadLoginSettings, which names the variable."""

    def text(name: str, default: str = "") -> str:
        return env.get(PREFIX + name, "").strip() or default

    def items(name: str) -> frozenset[str]:
        return frozenset(lower(item.strip()) for item in text(name).split(",") if item.strip())

    settings = LoginSettings(
        auth=text("AUTH", "db"),
        issuer=text("OAUTH_ISSUER").rstrip("/"),
        client_id=text("OAUTH_CLIENT_ID"),
        client_secret=text("OAUTH_CLIENT_SECRET"),
        allowed_domains=items("ALLOWED_DOMAINS"),
        allowed_emails=items("ALLOWED_EMAILS"),
        admin_emails=items("ADMIN_EMAILS"),
        default_role=text("DEFAULT_ROLE", "Viewer"),
        role_claim=text("ROLE_CLAIM", "groups"),
        role_mapping=mapping(text("ROLE_MAPPING")),
    )
    check(settings)
    return settings


def mapping(value: str) -> dict[str, str]:
    """`group=Role,group=Role`; a group's name may hold `=`, a role's does not."""
    pairs = [item.strip().rpartition("=") for item in value.split(",") if item.strip()]
    if any(not group or not role for group, _, role in pairs):
        raise BadLoginSettings(f"{PREFIX}ROLE_MAPPING is not group=Role,group=Role: {value}")
    return {group.strip(): role.strip() for group, _, role in pairs}


def check(settings: LoginSettings) -> None:
    if settings.uses_passwords:
        return
    if settings.auth not in PROVIDERS:
        raise BadLoginSettings(f"{PREFIX}AUTH is {settings.auth}, not one of db, {', '.join(PROVIDERS)}")
    needed = {"OAUTH_CLIENT_ID": settings.client_id, "OAUTH_CLIENT_SECRET": settings.client_secret}
    if settings.auth == "oidc":
        needed["OAUTH_ISSUER"] = settings.issuer
    missing = [PREFIX + name for name, value in needed.items() if not value]
    if missing:
        raise BadLoginSettings(f"{PREFIX}AUTH={settings.auth} needs {', '.join(missing)}")
