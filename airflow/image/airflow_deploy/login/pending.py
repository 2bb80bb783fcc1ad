"""Logins that were started here and have not come back: kept in the browser's own session, each good for one answer."""

from __future__ import annotations

import secrets
import time
from collections.abc import MutableMapping
from dataclasses import asdict, dataclass, field

KEY = "airflow_deploy_pending_logins"
MINUTES = 10
# A person may start in several tabs.
MOST = 5


@dataclass(frozen=True)
class PendingLogin:
    redirect_uri: str
    next_url: str
    # RFC 6749 10.12, OpenID Connect Core 3.1.2.1 and RFC 7636 4.1: 256 random bits each.
    state: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    code_verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    began: float = field(default_factory=time.time)


def begin(session: MutableMapping, login: PendingLogin) -> None:
    session[KEY] = [*fresh(session), asdict(login)][-MOST:]


def take(session: MutableMapping, state: str | None) -> PendingLogin | None:
    """The login with that state, which is then used up; None where this session has started none, or too long ago."""
    pending = fresh(session)
    found = [entry for entry in pending if secrets.compare_digest(entry["state"].encode(), (state or "").encode())]
    session[KEY] = [entry for entry in pending if entry not in found]
    return PendingLogin(**found[0]) if found else None


def fresh(session: MutableMapping) -> list[dict]:
    return [entry for entry in session.get(KEY, []) if entry["began"] > time.time() - MINUTES * 60]
