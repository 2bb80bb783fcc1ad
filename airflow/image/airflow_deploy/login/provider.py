"""The three kinds of provider, and what is asked of them: where to send a person, and who came back."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client import OAuthError
from requests import RequestException

from airflow_deploy.login.pending import PendingLogin
from airflow_deploy.login.refusal import Refused
from airflow_deploy.login.settings import LoginSettings

log = logging.getLogger("airflow_deploy.login")

DISCOVERY = "/.well-known/openid-configuration"
GOOGLE_ISSUER = "https://accounts.google.com"
GITHUB = "https://github.com"
# Seconds for one request to the provider; gunicorn would end the worker after 120.
TIMEOUT = 10
# A signature with a shared or without a key proves nothing: Authlib 1.2 takes what the provider lists.
SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
# RFC 6749 5.2, and what GitHub answers: the last one to a client id that it does not know.
WRONG_CLIENT = ("invalid_client", "unauthorized_client", "incorrect_client_credentials", "Not Found")
WRONG_REDIRECT = ("redirect_uri_mismatch", "invalid_redirect_uri")


def remote_app(settings: LoginSettings) -> dict[str, Any]:
    """Flask-AppBuilder's description of the provider, which Authlib registers."""
    client = {"client_id": settings.client_id, "client_secret": settings.client_secret}
    common = {"code_challenge_method": "S256", "default_timeout": TIMEOUT}
    if settings.auth == "github":
        # An issuer of GitHub is a GitHub Enterprise Server, whose API lies below its own address.
        site = settings.issuer or GITHUB
        return {
            **client,
            "api_base_url": f"{site}/api/v3/" if settings.issuer else "https://api.github.com/",
            "access_token_url": f"{site}/login/oauth/access_token",
            "authorize_url": f"{site}/login/oauth/authorize",
            "client_kwargs": {
                **common,
                "scope": "read:user user:email",
                "token_endpoint_auth_method": "client_secret_post",
            },
        }
    return {
        **client,
        "server_metadata_url": issuer_of(settings) + DISCOVERY,
        "client_kwargs": {**common, "scope": "openid email profile"},
    }


def issuer_of(settings: LoginSettings) -> str:
    return settings.issuer or GOOGLE_ISSUER


class Provider:
    """`remote` is Authlib's client of it, which keeps what the provider says about itself."""

    def __init__(self, settings: LoginSettings, remote: Any) -> None:
        self.settings, self.remote = settings, remote
        self._is_known = False

    @property
    def uses_openid(self) -> bool:
        return self.settings.auth != "github"

    def authorization_url(self, login: PendingLogin, choose_account: bool = False) -> str:
        """Where the person is sent. Raises Refused where the provider cannot be reached or does not know us."""
        with explained(login):
            self._load_metadata()
            self._assert_known(login)
            extra = {"nonce": login.nonce} if self.uses_openid else {}
            if choose_account:
                # After a refusal, or the provider would send the same person back at once.
                extra["prompt"] = "login" if self.settings.auth == "oidc" else "select_account"
            asked = self.remote.create_authorization_url(
                login.redirect_uri, state=login.state, code_verifier=login.code_verifier, **extra
            )
            return asked["url"]

    def claims(self, login: PendingLogin, answer: Mapping[str, str]) -> Mapping[str, Any]:
        """Who came back, as claims of OpenID Connect. Raises Refused."""
        if "error" in answer:
            raise refusal(answer["error"], answer.get("error_description"), login)
        with explained(login):
            self._load_metadata()
            # RFC 9207: an answer that another provider gave.
            if "iss" in answer and answer["iss"] != self.remote.server_metadata.get("issuer"):
                raise Refused("forged-answer", "the answer comes from another provider", 400)
            token = self._fetch_token(login, answer.get("code", ""))
            return self._openid_claims(token, login) if self.uses_openid else self._github_claims(token)

    def _fetch_token(self, login: PendingLogin, code: str) -> dict:
        return self.remote.fetch_access_token(
            redirect_uri=login.redirect_uri, code=code, code_verifier=login.code_verifier
        )

    def _load_metadata(self) -> None:
        if not self.uses_openid:
            return
        found = self.remote.load_server_metadata()
        if str(found.get("issuer", "")).rstrip("/") != issuer_of(self.settings):
            raise Refused("wrong-issuer", f"the provider calls itself {found.get('issuer')}", 502)
        offered = found.get("id_token_signing_alg_values_supported") or ["RS256"]
        usable = [name for name in offered if name in SIGNATURES]
        if not usable:  # of an empty list Authlib makes all that it knows
            raise Refused("no-identity", f"the provider signs ID tokens with {', '.join(offered)} only", 502)
        found["id_token_signing_alg_values_supported"] = usable

    def _assert_known(self, login: PendingLogin) -> None:
        """A provider that shows its own error page tells nobody here. A code that it never gave makes it answer us:
        `invalid_grant` where client id and secret are right."""
        if self._is_known:
            return
        try:
            self._fetch_token(login, secrets.token_urlsafe(16))
        except OAuthError as error:
            if error.error in (*WRONG_CLIENT, *WRONG_REDIRECT):
                raise
        self._is_known = True

    def _openid_claims(self, token: dict, login: PendingLogin) -> Mapping[str, Any]:
        if "id_token" not in token:
            raise Refused("no-identity", "the provider answered without an ID token", 502)
        issuer = self.remote.server_metadata["issuer"]
        options = {
            "iss": {"essential": True, "values": [issuer]},
            "aud": {"essential": True, "values": [self.settings.client_id]},
        }
        claims = dict(self.remote.parse_id_token(token, nonce=login.nonce, claims_options=options))
        wanted = {"email", "email_verified", *([self.settings.role_claim] if self.settings.role_mapping else [])}
        if wanted <= claims.keys() or "userinfo_endpoint" not in self.remote.server_metadata:
            return claims
        more = self._get(self.remote.server_metadata["userinfo_endpoint"], token)
        # OpenID Connect Core 5.3.2: else it may be about somebody else.
        if more.get("sub") != claims["sub"]:
            raise Refused("no-identity", "the provider's answers are about two different people", 502)
        return {**more, **claims}

    def _github_claims(self, token: dict) -> Mapping[str, Any]:
        """GitHub knows no OpenID Connect: the primary address, and whether it is verified."""
        person, addresses = self._get("user", token), self._get("user/emails", token)
        primary = next((address for address in addresses if address.get("primary")), {})
        return {"name": person.get("name"), "email": primary.get("email"), "email_verified": primary.get("verified")}

    def _get(self, url: str, token: dict) -> Any:
        answer = self.remote.get(url, token=token)
        answer.raise_for_status()
        return answer.json()


class explained:  # noqa: N801
    """Turns what goes wrong between us and the provider into a Refused."""

    def __init__(self, login: PendingLogin) -> None:
        self.login = login

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OAuthError):
            raise refusal(error.error, error.description, self.login) from error
        if isinstance(error, AuthlibBaseError):
            raise Refused("no-identity", f"the provider's ID token is not valid: {error}", 502) from error
        if isinstance(error, (RequestException, ValueError, KeyError)):
            log.error("the provider cannot be used: %s", error, exc_info=error)
            raise Refused(
                "unreachable", "the provider cannot be reached, or answers what nobody understands", 502
            ) from error


def refusal(error: str | None, description: str | None, login: PendingLogin) -> Refused:
    said = f"{error}: {description}" if description else str(error)
    if error in WRONG_CLIENT:
        why = "the provider does not know this Airflow: its client id or client secret is wrong"
        return Refused("wrong-client", f"{why} ({said})", 502)
    if error in WRONG_REDIRECT:
        return Refused("wrong-redirect", f"{login.redirect_uri} is not registered at the provider ({said})", 502)
    if error == "access_denied":
        return Refused("cancelled", "you, or the provider, did not agree to it")
    if error == "invalid_grant":
        return Refused("stale-login", "the provider's answer was used already, or came too late", 400)
    return Refused("provider-refused", f"the provider refuses it ({said})", 502)
