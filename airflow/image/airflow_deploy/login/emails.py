"""E-mail addresses as identities: compared without case, and otherwise exactly."""

from __future__ import annotations

import string

# ab_user.email has room for 256 characters; RFC 5321 allows 254.
LONGEST = 254

_ASCII_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def lower(text: str) -> str:
    """Lower case of ASCII letters only: str.lower() makes a "k" of the Kelvin sign, which is another address."""
    return text.translate(_ASCII_LOWER)


def parse(email: object) -> tuple[str, str] | None:
    """The address in lower case, and its domain; None for what is none, or holds white space or unseen letters."""
    if not isinstance(email, str) or len(email) > LONGEST:
        return None
    if any(character.isspace() or not character.isprintable() for character in email):
        return None
    local, _, domain = email.partition("@")
    if not local or not domain or "@" in domain:
        return None
    return lower(email), lower(domain)
