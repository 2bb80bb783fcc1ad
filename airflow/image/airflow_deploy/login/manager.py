"""Airflow's security manager with logins through a provider, and with limits on how often a login is tried."""

from __future__ import annotations

import logging
import secrets
from functools import cached_property

from airflow.www.fab_security.sqla.models import User
from airflow.www.security import AirflowSecurityManager
from flask import current_app, request, session
from flask_login import login_user
from sqlalchemy import func
from werkzeug.exceptions import TooManyRequests

from airflow_deploy.login import emails
from airflow_deploy.login.admission import Person
from airflow_deploy.login.attempts import Attempts
from airflow_deploy.login.provider import Provider
from airflow_deploy.login.refusal import Refused
from airflow_deploy.login.settings import LoginSettings
from airflow_deploy.login.views import OAuthView

log = logging.getLogger("airflow_deploy.login")

# Per worker of the webserver.
FAILED_PASSWORDS = {"most": 10, "seconds": 300}
STARTED_LOGINS = {"most": 30, "seconds": 300}
SETTINGS = "AIRFLOW_DEPLOY_LOGIN"


class LoginSecurityManager(AirflowSecurityManager):
    """app.config[SETTINGS] holds the LoginSettings."""

    authoauthview = OAuthView

    def __init__(self, appbuilder) -> None:
        self.login_settings: LoginSettings = appbuilder.get_app.config[SETTINGS]
        self.failed_passwords = Attempts(**FAILED_PASSWORDS)
        self.started_logins = Attempts(**STARTED_LOGINS)
        super().__init__(appbuilder)

    @cached_property
    def provider(self) -> Provider:
        return Provider(self.login_settings, self.oauth_remotes[self.login_settings.auth])

    def limit_logins(self) -> None:
        key = str(request.remote_addr)
        assert_allowed(self.started_logins, [key])
        self.started_logins.count(key)

    def auth_user_db(self, username, password) -> User | None:
        """The login form's and the REST API's password. None where it is wrong, or passwords log nobody in."""
        if not self.login_settings.uses_passwords:
            return None
        keys = [f"address {request.remote_addr}", f"user {emails.lower(username or '')}"]
        assert_allowed(self.failed_passwords, keys)
        user = super().auth_user_db(username, password)
        if user is None:
            for key in keys:
                self.failed_passwords.count(key)
        return user

    def account_of(self, person: Person) -> User:
        """The account with the person's e-mail address, made where there is none. Raises Refused."""
        user = self._find_account(person) or self._make_account(person)
        if not user.is_active:
            raise Refused("inactive", f"the account of {person.email} is switched off")
        wanted = person.roles(frozenset(role.name for role in user.roles), self.login_settings.default_role)
        if {role.name for role in user.roles} != wanted:
            user.roles = self._roles(wanted)
            self.update_user(user)
        return user

    def log_in(self, user: User) -> None:
        """In a new session: whatever the browser had before is not what proves it from now on."""
        self.end_session()
        login_user(user)
        self.update_user_auth_stat(user)
        log.info("%s is logged in", user.email)

    def end_session(self) -> None:
        """An empty session under a new id, and no row of the old one."""
        # The flag lies in the session itself, and Flask-Session 0.4 cannot open one without an end.
        permanent = session.permanent
        session.clear()
        session.permanent = permanent
        rows = session_rows()
        if rows is None:
            return
        rows.filter_by(session_id=session.sid).delete()
        current_app.session_interface.db.session.commit()
        self._rotate_session_id()

    def reset_password(self, userid, password) -> None:
        """Ends the user's sessions as well, as Airflow does from 2.7 on (CVE-2023-40273)."""
        super().reset_password(userid, password)
        rows = session_rows()
        if rows is None:
            return
        interface = current_app.session_interface
        for row in rows:
            if str(interface.serializer.loads(row.data).get("_user_id")) == str(userid):
                interface.db.session.delete(row)
        interface.db.session.commit()

    def _find_account(self, person: Person) -> User | None:
        alike = self.get_session.query(User).filter(func.lower(User.email) == person.email).all()
        # The database's idea of lower case may be wider than ours.
        found = [user for user in alike if emails.lower(user.email) == person.email]
        if len(found) > 1:
            raise Refused("ambiguous", f"{len(found)} accounts have the e-mail address {person.email}")
        return found[0] if found else None

    def _make_account(self, person: Person) -> User:
        """Its user name is the whole address: two people may share what stands before the @."""
        if self.find_user(username=person.email):
            raise Refused("name-taken", f"an account named {person.email} has another e-mail address by now")
        roles = self._roles(person.roles(frozenset(), self.login_settings.default_role))
        # A password that nobody knows: an empty one would be one, once passwords log in again.
        password = secrets.token_urlsafe(32)
        made = self.add_user(person.email, person.first_name, person.last_name, person.email, roles, password)
        # Lost to another login of the same person at the same time: that one made it.
        user = made or self._find_account(person)
        if not user:
            raise Refused("no-account", f"no account can be made for {person.email}", 500)
        return user

    def _roles(self, names: frozenset[str]) -> list:
        roles = {name: self.find_role(name) for name in sorted(names)}
        missing = [name for name, role in roles.items() if role is None]
        if missing:
            raise Refused("no-role", f"this Airflow has no role {', '.join(missing)}", 500)
        return list(roles.values())


def session_rows():
    """The query of all sessions; None where cookies hold them."""
    model = getattr(current_app.session_interface, "sql_session_model", None)
    return None if model is None else model.query


def assert_allowed(attempts: Attempts, keys: list[str]) -> None:
    wait = max(attempts.wait(key) for key in keys)
    if wait > 0:
        log.warning("too many logins: %s", ", ".join(keys))
        raise TooManyRequests(f"Too many logins were tried: wait {round(wait)} s.", retry_after=round(wait))
