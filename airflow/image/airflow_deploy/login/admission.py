"""Who gets in, and with which roles: decided from what the provider says about a person, without any request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from airflow_deploy.login import emails
from airflow_deploy.login.refusal import Refused
from airflow_deploy.login.settings import LoginSettings

ADMIN = "Admin"


@dataclass(frozen=True)
class Person:
    """Somebody who gets in. The e-mail address, in lower case, is who they are."""

    email: str
    first_name: str
    last_name: str
    # Roles that the lists and groups give, and those that groups give or take.
    granted: frozenset[str]
    managed: frozenset[str]

    def roles(self, existing: frozenset[str], default: str) -> frozenset[str]:
        """Of their account from now on: what the mapping does not name stays as it is."""
        return (existing - self.managed) | self.granted or frozenset({default})


def admit(settings: LoginSettings, claims: Mapping) -> Person:
    """Raises Refused. `claims` are OpenID Connect's standard claims; Google adds `hd`, the hosted domain."""
    email, domain = verified_email(claims)
    if not is_listed(settings, email):
        refuse_other_domains(settings, claims, email, domain)
    groups = groups_in(claims.get(settings.role_claim))
    granted = {role for group, role in settings.role_mapping.items() if group in groups}
    if email in settings.admin_emails:
        granted.add(ADMIN)
    first, last = names(claims, email)
    return Person(email, first, last, frozenset(granted), frozenset(settings.role_mapping.values()))


def verified_email(claims: Mapping) -> tuple[str, str]:
    given = claims.get("email")
    if given is None or given == "":
        raise Refused("no-email", "the provider did not say what your e-mail address is")
    parsed = emails.parse(given)
    if parsed is None:
        raise Refused("malformed-email", f"the provider gave {given!r}, which is no e-mail address")
    # Some providers write it as text.
    verified = claims.get("email_verified")
    if verified is not True and verified != "true":
        raise Refused("unverified-email", f"the provider has not verified that {parsed[0]} is your e-mail address")
    return parsed


def is_listed(settings: LoginSettings, email: str) -> bool:
    return email in settings.allowed_emails or email in settings.admin_emails


def refuse_other_domains(settings: LoginSettings, claims: Mapping, email: str, domain: str) -> None:
    """An address of an allowed domain is not enough at Google: there, `hd` says whether the domain owns the account.

    https://developers.google.com/identity/openid-connect/openid-connect#an-id-tokens-payload
    """
    if domain not in settings.allowed_domains:
        raise Refused("not-on-list", f"{email} is not among the people and domains that this Airflow lets in")
    hosted = claims.get("hd")
    if hosted is None and settings.auth != "google":
        return
    if not isinstance(hosted, str) or emails.lower(hosted) not in settings.allowed_domains:
        whose = f"of {hosted}" if isinstance(hosted, str) else "a personal one"
        raise Refused("wrong-hosted-domain", f"the Google account of {email} is {whose}, not one of {domain}'s own")


def groups_in(claim: object) -> frozenset[str]:
    if isinstance(claim, str):
        return frozenset({claim})
    return frozenset(item for item in claim if isinstance(item, str)) if isinstance(claim, list) else frozenset()


def names(claims: Mapping, email: str) -> tuple[str, str]:
    """First and last name, as ab_user takes them: 64 characters each."""
    whole = text_of(claims.get("name")) or email.partition("@")[0]
    first, _, last = whole.rpartition(" ") if " " in whole else (whole, "", "")
    given, family = text_of(claims.get("given_name")), text_of(claims.get("family_name"))
    return (given or first)[:64], (family or ("" if given else last))[:64]


def text_of(claim: object) -> str:
    return " ".join(claim.split()) if isinstance(claim, str) else ""
