"""The pages of a login through a provider: the button, the way there, and the way back."""

from __future__ import annotations

import logging
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from airflow.configuration import conf
from airflow.www.views import get_safe_url
from flask import abort, flash, g, redirect, request, session, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.views import AuthOAuthView
from flask_login import logout_user
from werkzeug.wrappers import Response

from airflow_deploy.login import admission, pending
from airflow_deploy.login.pending import PendingLogin
from airflow_deploy.login.refusal import Refused

log = logging.getLogger("airflow_deploy.login")

TITLES = {"google": "Google", "github": "GitHub", "oidc": "single sign-on"}


class OAuthView(AuthOAuthView):
    """In place of FAB's: its state is the same for everybody, and its page runs what `next` says (CVE-2024-27083)."""

    template_folder = str(Path(__file__).parent / "templates")

    @expose("/login/")
    @expose("/login/<provider>")
    def login(self, provider: str | None = None) -> Response:
        if g.user is not None and g.user.is_authenticated:
            return redirect(self.appbuilder.get_url_for_index)
        if provider is None:
            return self.render_template("airflow_deploy/login.html", title=self.title, **self._texts())
        return self._answer(provider, self._start)

    @expose("/oauth-authorized/<provider>")
    def oauth_authorized(self, provider: str) -> Response:
        return self._answer(provider, self._finish)

    @expose("/logout/")
    def logout(self) -> Response:
        logout_user()
        self.appbuilder.sm.end_session()
        flash("You are logged out of Airflow.", "info")
        return redirect(self.appbuilder.get_url_for_login)

    def _start(self) -> Response:
        manager = self.appbuilder.sm
        manager.limit_logins()
        login = PendingLogin(
            redirect_uri=redirect_uri(manager.login_settings.auth), next_url=request.args.get("next", "")
        )
        url = manager.provider.authorization_url(login, choose_account="again" in request.args)
        pending.begin(session, login)
        return redirect(url)

    def _finish(self) -> Response:
        manager = self.appbuilder.sm
        login = pending.take(session, request.args.get("state"))
        if login is None:
            raise Refused("forged-answer", "this login was not started here, or is over already", 400)
        person = admission.admit(manager.login_settings, manager.provider.claims(login, request.args))
        manager.log_in(manager.account_of(person))
        return redirect(get_safe_url(login.next_url))

    def _answer(self, provider: str, make: Callable[[], Response]) -> Response | tuple[str, int]:
        if provider != self.appbuilder.sm.login_settings.auth:
            abort(404)
        try:
            return make()
        except Refused as refused:
            level = logging.ERROR if refused.status >= 500 else logging.WARNING
            log.log(level, "login refused: %s", refused, extra={"code": refused.code})
            page = self.render_template(
                "airflow_deploy/refused.html", title="Not logged in", refused=refused, **self._texts()
            )
            return page, refused.status

    def _texts(self) -> dict:
        settings = self.appbuilder.sm.login_settings
        return {
            "provider": settings.auth,
            "provider_title": TITLES[settings.auth],
            "next_url": request.args.get("next", ""),
            "admins": sorted(settings.admin_emails),
        }


def redirect_uri(provider: str) -> str:
    """Where the provider sends people back: below BASE_URL where that has a name, else below the address asked for.

    Raises Refused where it is neither HTTPS nor on this machine: the answer would cross the network in plain text.
    """
    path = url_for(".oauth_authorized", provider=provider)
    base = conf.get("webserver", "base_url")
    root = base if base.startswith("https://") else request.host_url
    parts = urlsplit(root)
    uri = f"{parts.scheme}://{parts.netloc}{path}"
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        why = f"{uri} is neither HTTPS nor on this machine: the provider's answer would cross the network unencrypted"
        raise Refused("insecure-redirect", f"{why}; this Airflow needs AIRFLOW_DEPLOY_DOMAIN", 400)
    return uri


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
