"""Logins through a provider in a real Airflow: from the button to the account, and every way that goes wrong."""

from __future__ import annotations

import re
import shutil
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import ADMIN, HOME, SOURCE
from issuer import ALICE, CLIENT, CODE, Issuer
from sqlalchemy import create_engine, text

from airflow_deploy import validation_session
from airflow_deploy.login import manager, pending
from airflow_deploy.login.provider import remote_app
from airflow_deploy.login.settings import LoginSettings

AT = "http://127.0.0.1:8080"
LISTS = {
    "allowed_domains": frozenset({"example.com"}),
    "admin_emails": frozenset({"boss@example.com"}),
}


@pytest.fixture
def issuer():
    made = Issuer()
    yield made
    made.close()


@pytest.fixture(scope="module")
def make_app(database):
    shutil.copy(SOURCE / "webserver_config.py", HOME)

    def make(settings: LoginSettings):
        from airflow.www.app import create_app
        from airflow.www.fab_security.manager import AUTH_DB, AUTH_OAUTH

        return create_app(
            config={
                "AIRFLOW_DEPLOY_LOGIN": settings,
                "AUTH_TYPE": AUTH_DB if settings.uses_passwords else AUTH_OAUTH,
                "OAUTH_PROVIDERS": [{"name": settings.auth, "remote_app": remote_app(settings)}],
            },
            testing=True,
        )

    return make


@pytest.fixture(scope="module")
def shared(make_app):
    """One application for most tests: making one takes seconds. Its provider changes with each test's issuer."""
    return make_app(LoginSettings(auth="oidc", issuer="http://127.0.0.1:1", **CLIENT, **LISTS))


@pytest.fixture
def app(shared, issuer, database):
    configure(shared, LoginSettings(auth="oidc", issuer=issuer.url, **CLIENT, **LISTS))
    yield shared
    with create_engine(database).begin() as connection:
        for table in ("ab_user_role", "ab_user", "session"):
            where = {"ab_user_role": "user_id > 1", "ab_user": "id > 1", "session": "1 = 1"}[table]
            connection.execute(text(f"DELETE FROM {table} WHERE {where}"))  # noqa: S608


def configure(app, settings: LoginSettings) -> None:
    sm = app.appbuilder.sm
    sm.login_settings = settings
    sm.__dict__.pop("provider", None)
    sm.started_logins = manager.Attempts(**manager.STARTED_LOGINS)
    sm.oauth_remotes = {settings.auth: sm.oauth.register(settings.auth, overwrite=True, **remote_app(settings))}
    sm.oauth._clients.clear()
    sm.oauth_remotes = {settings.auth: sm.oauth.create_client(settings.auth)}


def start(client, path: str = "/login/oidc") -> dict[str, str]:
    """Follows the button; returns what is asked of the provider."""
    answer = client.get(path, base_url=AT)
    assert answer.status_code == 302, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def come_back(client, issuer: Issuer, asked: dict[str, str], **changes: str):
    issuer.codes.add(CODE)
    issuer.nonce = asked.get("nonce", "")
    return client.get(
        "/oauth-authorized/oidc", base_url=AT, query_string={"code": CODE, "state": asked["state"], **changes}
    )


def log_in(app, issuer: Issuer, **claims: object):
    issuer.claims = {**ALICE, **claims}
    client = app.test_client()
    return client, come_back(client, issuer, start(client))


def code_of(answer) -> str:
    return re.search(r'data-code="([^"]+)"', answer.text)[1]


def users(database: str) -> dict[str, set[str]]:
    statement = (
        "SELECT username, r.name FROM ab_user u JOIN ab_user_role ON user_id = u.id JOIN ab_role r ON r.id = role_id"
    )
    found: dict[str, set[str]] = {}
    with create_engine(database).connect() as connection:
        for username, role in connection.execute(text(statement)):
            found.setdefault(username, set()).add(role)
    return found


def run(database: str, statement: str) -> None:
    with create_engine(database).begin() as connection:
        connection.execute(text(statement))


class TestFirstLogin:
    def test_makes_an_account_with_the_default_role(self, app, issuer, database):
        client, answer = log_in(app, issuer)
        assert answer.status_code == 302
        assert users(database)["alice@example.com"] == {"Viewer"}
        assert client.get("/home", base_url=AT).status_code == 200

    def test_of_a_listed_admin_makes_an_admin(self, app, issuer, database):
        log_in(app, issuer, email="Boss@Example.com")
        assert users(database)["boss@example.com"] == {"Admin"}

    def test_goes_on_to_the_page_that_was_asked_for(self, app, issuer):
        client = app.test_client()
        assert "/login/" in client.get("/hello", base_url=AT).headers["Location"]
        answer = come_back(client, issuer, start(client, f"/login/oidc?next={AT}/hello"))
        assert answer.headers["Location"] == f"{AT}/hello"
        assert client.get("/hello", base_url=AT).text == "Hello, world"

    @pytest.mark.parametrize("elsewhere", ["https://evil.org/x", "//evil.org", "javascript:alert(1)"])
    def test_goes_nowhere_else(self, app, issuer, elsewhere):
        client = app.test_client()
        answer = come_back(client, issuer, start(client, f"/login/oidc?next={elsewhere}"))
        assert urlsplit(answer.headers["Location"]).netloc in ("", "127.0.0.1:8080")

    def test_reads_what_the_id_token_lacks_from_userinfo(self, app, issuer, database):
        issuer.userinfo = {**ALICE, "email": "carol@example.com"}
        client = app.test_client()
        issuer.claims = {"sub": "1"}
        come_back(client, issuer, start(client))
        assert users(database)["carol@example.com"] == {"Viewer"}

    def test_two_people_with_the_same_local_part_are_two(self, app, issuer, database):
        configure(
            app,
            LoginSettings(
                auth="oidc", issuer=issuer.url, **CLIENT, allowed_domains=frozenset({"example.com", "example.org"})
            ),
        )
        log_in(app, issuer)
        log_in(app, issuer, email="alice@example.org", sub="2")
        assert {"alice@example.com", "alice@example.org"} <= users(database).keys()

    def test_without_the_default_role_says_so(self, app, issuer, database):
        configure(app, LoginSettings(auth="oidc", issuer=issuer.url, default_role="Nobody", **CLIENT, **LISTS))
        _, answer = log_in(app, issuer)
        assert (answer.status_code, code_of(answer)) == (500, "no-role")
        assert "alice@example.com" not in users(database)


class TestLaterLogin:
    def test_finds_the_account_and_leaves_its_roles(self, app, issuer, database):
        log_in(app, issuer)
        run(database, "UPDATE ab_user_role SET role_id = (SELECT id FROM ab_role WHERE name = 'Op') WHERE user_id > 1")
        _, answer = log_in(app, issuer, email="ALICE@example.com")
        assert answer.status_code == 302
        assert users(database)["alice@example.com"] == {"Op"}

    def test_matches_an_account_of_the_user_table_by_its_email(self, app, issuer, database):
        run(
            database,
            "INSERT INTO ab_user (id, first_name, last_name, username, email, active) "
            "VALUES (7, 'A', 'S', 'alice', 'Alice@Example.com', 1)",
        )
        run(
            database,
            "INSERT INTO ab_user_role (id, user_id, role_id) SELECT 77, 7, id FROM ab_role WHERE name = 'User'",
        )
        client, _ = log_in(app, issuer)
        assert users(database)["alice"] == {"User"}
        assert "alice@example.com" not in users(database)
        assert "Alice@Example.com" in client.get("/users/userinfo/", base_url=AT, follow_redirects=True).text

    def test_an_account_that_is_switched_off_is_refused(self, app, issuer, database):
        log_in(app, issuer)
        run(database, "UPDATE ab_user SET active = 0 WHERE id > 1")
        client, answer = log_in(app, issuer)
        assert (answer.status_code, code_of(answer)) == (403, "inactive")
        assert client.get("/home", base_url=AT).status_code == 302

    def test_a_changed_email_is_somebody_else_until_the_account_is_changed_too(self, app, issuer, database):
        log_in(app, issuer)
        run(database, "UPDATE ab_user_role SET role_id = (SELECT id FROM ab_role WHERE name = 'Op') WHERE user_id > 1")
        log_in(app, issuer, email="alice.jones@example.com")
        assert users(database)["alice.jones@example.com"] == {"Viewer"}
        run(database, "DELETE FROM ab_user WHERE username = 'alice.jones@example.com'")
        run(database, "UPDATE ab_user SET email = 'alice.jones@example.com' WHERE username = 'alice@example.com'")
        log_in(app, issuer, email="alice.jones@example.com")
        assert users(database)["alice@example.com"] == {"Op"}
        assert "alice.jones@example.com" not in users(database)

    def test_who_gets_an_old_address_does_not_get_the_account_that_left_it(self, app, issuer, database):
        log_in(app, issuer)
        run(database, "UPDATE ab_user SET email = 'alice.jones@example.com' WHERE username = 'alice@example.com'")
        _, answer = log_in(app, issuer, sub="9")
        assert code_of(answer) == "name-taken"

    def test_who_was_taken_off_the_lists_is_out(self, app, issuer, database):
        log_in(app, issuer)
        configure(
            app, LoginSettings(auth="oidc", issuer=issuer.url, admin_emails=frozenset({"boss@example.com"}), **CLIENT)
        )
        _, answer = log_in(app, issuer)
        assert code_of(answer) == "not-on-list"


class TestRefusedPeople:
    @pytest.mark.parametrize(
        ("claims", "code"),
        [
            ({"email": "eve@evil.org"}, "not-on-list"),
            ({"email": "alice@example.com.evil.org"}, "not-on-list"),
            ({"email_verified": False}, "unverified-email"),
            ({"hd": "evil.org"}, "wrong-hosted-domain"),
            ({"email": " alice@example.com"}, "malformed-email"),
            ({"email": ""}, "no-email"),
        ],
    )
    def test_see_why_and_whom_to_ask_and_get_no_account(self, app, issuer, database, claims, code):
        before = users(database)
        client, answer = log_in(app, issuer, **claims)
        assert (answer.status_code, code_of(answer)) == (403, code)
        assert "You are not logged in: " in answer.text
        assert 'href="mailto:boss@example.com"' in answer.text
        assert users(database) == before
        assert client.get("/home", base_url=AT).status_code == 302

    def test_ask_the_deployer_where_no_admin_is_listed(self, app, issuer):
        configure(
            app, LoginSettings(auth="oidc", issuer=issuer.url, allowed_domains=LISTS["allowed_domains"], **CLIENT)
        )
        _, answer = log_in(app, issuer, email="eve@evil.org")
        assert "Ask whoever deployed this Airflow." in answer.text
        assert "Sign in as somebody else" in answer.text

    def test_may_try_as_somebody_else(self, app, issuer):
        assert start(app.test_client(), "/login/oidc?again=1")["prompt"] == "login"
        assert "prompt" not in start(app.test_client())

    def test_text_of_the_provider_is_not_run(self, app, issuer):
        _, answer = log_in(app, issuer, email="<script>alert(1)</script>@evil.org")
        assert "<script>alert(1)" not in answer.text
        page = app.test_client().get("/login/?next=');alert(1);//", base_url=AT)
        assert "alert(1);//" not in page.text.replace("%29%3Balert", "")


class TestAnswers:
    """What comes back must be the answer to what this very session asked."""

    def test_every_login_has_its_own_state_nonce_and_challenge(self, app, issuer):
        client = app.test_client()
        asked = [start(client), start(client), start(app.test_client())]
        for name in ("state", "nonce", "code_challenge"):
            assert len({one[name] for one in asked}) == 3
        assert asked[0]["code_challenge_method"] == "S256"
        assert asked[0]["redirect_uri"] == f"{AT}/oauth-authorized/oidc"

    def test_a_replayed_one_is_refused(self, app, issuer):
        client = app.test_client()
        asked = start(client)
        assert come_back(client, issuer, asked).status_code == 302
        again = come_back(client, issuer, asked)
        assert (again.status_code, code_of(again)) == (400, "forged-answer")

    def test_one_that_another_session_started_is_refused(self, app, issuer):
        asked, victim = start(app.test_client()), app.test_client()
        answer = come_back(victim, issuer, asked)
        assert (answer.status_code, code_of(answer)) == (400, "forged-answer")
        assert victim.get("/home", base_url=AT).status_code == 302

    @pytest.mark.parametrize("state", ["", "guessed"])
    def test_one_with_a_guessed_state_is_refused(self, app, issuer, state):
        client = app.test_client()
        answer = come_back(client, issuer, {**start(client), "state": state})
        assert code_of(answer) == "forged-answer"
        # An error is believed no more than a code.
        assert code_of(client.get("/oauth-authorized/oidc?error=access_denied", base_url=AT)) == "forged-answer"

    def test_one_that_came_too_late_is_refused(self, app, issuer, monkeypatch):
        client = app.test_client()
        asked = start(client)
        monkeypatch.setattr(pending, "MINUTES", -1)
        assert code_of(come_back(client, issuer, asked)) == "forged-answer"

    @pytest.mark.parametrize(
        "changes",
        [
            {"nonce": "of another login"},
            {"nonce": None},
            {"aud": "another client"},
            {"iss": "https://evil.org"},
            {"exp": 1},
            {"alg": "HS256"},
        ],
    )
    def test_an_id_token_that_is_not_for_this_login_is_refused(self, app, issuer, database, changes):
        issuer.changes = changes
        _, answer = log_in(app, issuer)
        assert (answer.status_code, code_of(answer)) == (502, "no-identity")
        assert "alice@example.com" not in users(database)

    def test_userinfo_about_somebody_else_is_refused(self, app, issuer):
        issuer.userinfo = {**ALICE, "sub": "2"}
        client = app.test_client()
        issuer.claims = {"sub": "1"}
        assert code_of(come_back(client, issuer, start(client))) == "no-identity"

    def test_the_answer_of_another_issuer_is_refused(self, app, issuer):
        client = app.test_client()
        assert code_of(come_back(client, issuer, start(client), iss="https://evil.org")) == "forged-answer"

    def test_the_code_is_exchanged_with_its_verifier(self, app, issuer):
        log_in(app, issuer)
        path, form = issuer.asked[-1]
        assert path == "/token"
        assert len(form["code_verifier"]) == 43
        assert form["redirect_uri"] == f"{AT}/oauth-authorized/oidc"
        assert CLIENT["client_secret"] not in str({**form, "authorization": ""})


class TestProvider:
    def test_that_does_not_know_the_client_is_recognised_before_the_way_there(self, app, issuer, caplog):
        issuer.refuses_client = True
        answer = app.test_client().get("/login/oidc", base_url=AT)
        assert (answer.status_code, code_of(answer)) == (502, "wrong-client")
        assert "its client id or client secret is wrong (invalid_client: client authentication failed)" in answer.text
        assert any("client id or client secret is wrong" in record.message for record in caplog.records)
        assert CLIENT["client_secret"] not in answer.text + caplog.text
        issuer.refuses_client = False
        start(app.test_client())

    def test_that_does_not_know_the_redirect_uri_names_it(self, app, issuer):
        issuer.refuses_redirect = True
        answer = app.test_client().get("/login/oidc", base_url=AT)
        assert code_of(answer) == "wrong-redirect"
        assert f"{AT}/oauth-authorized/oidc is not registered" in answer.text

    def test_that_is_down_is_named(self, app):
        configure(app, LoginSettings(auth="oidc", issuer="http://127.0.0.1:1", **CLIENT, **LISTS))
        answer = app.test_client().get("/login/oidc", base_url=AT)
        assert (answer.status_code, code_of(answer)) == (502, "unreachable")

    def test_that_calls_itself_otherwise_is_refused(self, app, issuer):
        configure(
            app, LoginSettings(auth="oidc", issuer=issuer.url.replace("127.0.0.1", "localhost"), **CLIENT, **LISTS)
        )
        assert code_of(app.test_client().get("/login/oidc", base_url=AT)) == "wrong-issuer"

    def test_that_signs_with_nothing_that_proves_who_signed_is_refused(self, app, issuer):
        issuer.signatures = ["HS256", "none"]
        answer = app.test_client().get("/login/oidc", base_url=AT)
        assert (answer.status_code, code_of(answer)) == (502, "no-identity")

    def test_where_the_person_cancels(self, app, issuer):
        client = app.test_client()
        asked = start(client)
        answer = client.get(f"/oauth-authorized/oidc?error=access_denied&state={asked['state']}", base_url=AT)
        assert (answer.status_code, code_of(answer)) == (403, "cancelled")
        assert "Sign in again" in answer.text

    def test_of_another_name_does_not_exist(self, app):
        assert app.test_client().get("/login/google", base_url=AT).status_code == 404
        assert app.test_client().get("/oauth-authorized/github?code=1&state=2", base_url=AT).status_code == 404


class TestRedirectUri:
    @pytest.mark.parametrize("base", ["http://airflow.example.com", "http://10.0.0.7:8080"])
    def test_that_is_neither_https_nor_loopback_is_refused(self, app, issuer, base):
        answer = app.test_client().get("/login/oidc", base_url=base)
        assert (answer.status_code, code_of(answer)) == (400, "insecure-redirect")
        assert "neither HTTPS nor on this machine" in answer.text
        assert issuer.asked == []

    @pytest.mark.parametrize("base", ["http://127.9.8.7:8080", "http://localhost:8080", "http://[::1]:8080"])
    def test_on_this_machine_is_the_address_asked_for(self, app, issuer, base):
        answer = app.test_client().get("/login/oidc", base_url=base)
        assert parse_qs(urlsplit(answer.headers["Location"]).query)["redirect_uri"] == [f"{base}/oauth-authorized/oidc"]

    def test_below_base_url_where_that_is_https_whatever_host_was_asked_for(self, app, issuer, monkeypatch):
        monkeypatch.setenv("AIRFLOW__WEBSERVER__BASE_URL", "https://airflow.example.com")
        answer = app.test_client().get("/login/oidc", base_url="http://evil.org")
        asked = parse_qs(urlsplit(answer.headers["Location"]).query)
        assert asked["redirect_uri"] == ["https://airflow.example.com/oauth-authorized/oidc"]


class TestSession:
    def test_gets_a_new_id_at_login_and_the_old_one_is_gone(self, app, issuer, database):
        client = app.test_client()
        asked = start(client)
        before = (
            client.get_cookie("session", domain="127.0.0.1") if hasattr(client, "get_cookie") else session_of(client)
        )
        answer = come_back(client, issuer, asked)
        flags = answer.headers["Set-Cookie"]
        assert "HttpOnly" in flags
        assert "SameSite=Lax" in flags
        assert session_of(client) != before
        with create_engine(database).connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM session")).scalar() == 1

    def test_ends_at_logout(self, app, issuer):
        client, _ = log_in(app, issuer)
        answer = client.get("/logout/", base_url=AT)
        assert answer.headers["Location"].endswith("/login/")
        assert "Sign in with single sign-on" in client.get("/login/", base_url=AT).text
        assert client.get("/home", base_url=AT).status_code == 302


def session_of(client) -> str:
    return next(cookie.value for cookie in client.cookie_jar if cookie.name == "session")


class TestLimits:
    def test_logins_that_are_started_again_and_again_must_wait(self, app, issuer):
        client = app.test_client()
        for _ in range(manager.STARTED_LOGINS["most"]):
            assert client.get("/login/oidc", base_url=AT).status_code == 302
        answer = client.get("/login/oidc", base_url=AT)
        assert answer.status_code == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 300


class TestGithub:
    def test_knows_the_primary_address(self, app, issuer, database):
        configure(app, LoginSettings(auth="github", issuer=issuer.url, **CLIENT, **LISTS))
        issuer.emails = [
            {"email": "alice@home.net", "primary": False, "verified": True},
            {"email": "Alice@example.com", "primary": True, "verified": True},
        ]
        client = app.test_client()
        asked = start(client, "/login/github")
        assert asked["scope"] == "read:user user:email"
        issuer.codes.add(CODE)
        client.get("/oauth-authorized/github", base_url=AT, query_string={"code": CODE, "state": asked["state"]})
        assert users(database)["alice@example.com"] == {"Viewer"}

    @pytest.mark.parametrize(
        ("emails", "code"),
        [
            ([{"email": "alice@example.com", "primary": True, "verified": False}], "unverified-email"),
            ([{"email": "alice@example.com", "primary": False, "verified": True}], "no-email"),
            ([], "no-email"),
        ],
    )
    def test_refuses_other_addresses(self, app, issuer, emails, code):
        configure(app, LoginSettings(auth="github", issuer=issuer.url, **CLIENT, **LISTS))
        issuer.emails = emails
        client = app.test_client()
        asked = start(client, "/login/github")
        issuer.codes.add(CODE)
        answer = client.get(
            "/oauth-authorized/github", base_url=AT, query_string={"code": CODE, "state": asked["state"]}
        )
        assert code_of(answer) == code


def test_google_is_googles_own():
    app = remote_app(LoginSettings(auth="google", **CLIENT))
    assert app["server_metadata_url"] == "https://accounts.google.com/.well-known/openid-configuration"
    assert app["client_kwargs"]["scope"] == "openid email profile"


class TestPasswords:
    """With AUTH=db the same file and the same manager."""

    @pytest.fixture(scope="class")
    def app(self, make_app):
        return make_app(LoginSettings())

    @staticmethod
    def form(client, password: str):
        token = re.search(r'csrf_token[^>]*value="([^"]+)"', client.get("/login/").text)[1]
        return client.post("/login/", data={"username": "admin", "password": password, "csrf_token": token})

    def test_log_in_and_too_many_wrong_ones_must_wait(self, app):
        client = app.test_client()
        app.appbuilder.sm.failed_passwords = manager.Attempts(**manager.FAILED_PASSWORDS)
        for _ in range(manager.FAILED_PASSWORDS["most"]):
            assert self.form(client, "wrong").headers["Location"].endswith("/login/")
        answer = self.form(client, ADMIN["AIRFLOW_DEPLOY_ADMIN_PASSWORD"])
        assert answer.status_code == 429
        assert "Too many logins were tried: wait" in answer.text
        # The REST API's passwords count as well.
        with app.test_request_context(), pytest.raises(manager.TooManyRequests):
            app.appbuilder.sm.auth_user_db("admin", "another")
        app.appbuilder.sm.failed_passwords = manager.Attempts(**manager.FAILED_PASSWORDS)
        assert self.form(client, ADMIN["AIRFLOW_DEPLOY_ADMIN_PASSWORD"]).headers["Location"].endswith("/home")
        assert client.get("/home").status_code == 200

    def test_a_reset_ends_the_sessions_of_its_user(self, app):
        client = app.test_client()
        self.form(client, ADMIN["AIRFLOW_DEPLOY_ADMIN_PASSWORD"])
        assert client.get("/home").status_code == 200
        with app.test_request_context():
            sm = app.appbuilder.sm
            sm.reset_password(sm.find_user("admin").id, ADMIN["AIRFLOW_DEPLOY_ADMIN_PASSWORD"])
        assert client.get("/home").status_code == 302


def test_passwords_log_nobody_in_while_a_provider_does(shared):
    with shared.test_request_context():
        assert shared.appbuilder.sm.auth_user_db("admin", ADMIN["AIRFLOW_DEPLOY_ADMIN_PASSWORD"]) is None


class TestValidationSession:
    """What `airflow-deploy validate` uses where nobody has a password."""

    def test_opens_the_page_and_is_gone_afterwards(self, shared, database):
        from airflow.configuration import conf

        shared.secret_key = conf.get("webserver", "secret_key")
        cookie = validation_session.open_session()
        client = shared.test_client(use_cookies=False)
        headers = {"Cookie": cookie}
        assert client.get("/hello", headers=headers).text == "Hello, world"
        assert "Admin" in users(database)[validation_session.USER]
        assert client.get("/home", headers={"Cookie": cookie[:-1] + "x"}).status_code == 302
        # Once more in place of the first one, which is no longer good.
        again = validation_session.open_session()
        assert client.get("/home", headers=headers).status_code == 302
        assert client.get("/home", headers={"Cookie": again}).status_code == 200
        validation_session.close_session()
        assert client.get("/home", headers={"Cookie": again}).status_code == 302
        assert validation_session.USER not in users(database)
        validation_session.close_session()
