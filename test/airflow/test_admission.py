"""Who gets in, and with which roles."""

import pytest

from airflow_deploy.login import emails
from airflow_deploy.login.admission import admit
from airflow_deploy.login.attempts import MOST_KEYS, Attempts
from airflow_deploy.login.pending import KEY, MOST, PendingLogin, begin, take
from airflow_deploy.login.refusal import Refused
from airflow_deploy.login.settings import BadLoginSettings, LoginSettings, from_environment

OIDC = LoginSettings(
    auth="oidc",
    allowed_domains=frozenset({"example.com"}),
    allowed_emails=frozenset({"guest@partner.org"}),
    admin_emails=frozenset({"boss@example.com", "root@elsewhere.net"}),
)


def claims(email: object = "alice@example.com", **others: object) -> dict:
    return {"email": email, "email_verified": True, **others}


def refused(settings: LoginSettings, person: dict) -> str:
    with pytest.raises(Refused) as caught:
        admit(settings, person)
    assert str(caught.value)
    return caught.value.code


def new_roles(settings: LoginSettings, person: dict) -> set[str]:
    return set(admit(settings, person).roles(frozenset(), settings.default_role))


@pytest.mark.parametrize(
    ("email", "roles"),
    [
        ("alice@example.com", {"Viewer"}),
        ("guest@partner.org", {"Viewer"}),
        ("boss@example.com", {"Admin"}),
        ("root@elsewhere.net", {"Admin"}),
        ("ALICE@Example.COM", {"Viewer"}),
        ("Guest@Partner.org", {"Viewer"}),
        ("BOSS@example.com", {"Admin"}),
    ],
)
def test_people_of_the_lists_get_in(email, roles):
    assert new_roles(OIDC, claims(email)) == roles
    assert admit(OIDC, claims(email)).email == email.lower()


@pytest.mark.parametrize(
    ("email", "code"),
    [
        ("someone@partner.org", "not-on-list"),
        ("alice@example.com.evil.org", "not-on-list"),
        ("alice@evilexample.com", "not-on-list"),
        ("alice@sub.example.com", "not-on-list"),
        ("alice@xn--exmple-cua.com", "not-on-list"),
        ("guest+tag@partner.org", "not-on-list"),
        ("g.uest@partner.org", "not-on-list"),
        # The Kelvin sign, which str.lower() makes a plain k of.
        ("boss@example.\u212aom", "not-on-list"),
        ("alice@example.com@evil.org", "malformed-email"),
        ("alice@evil.org@example.com", "malformed-email"),
        (" alice@example.com", "malformed-email"),
        ("alice@example.com\n", "malformed-email"),
        ("alice @example.com", "malformed-email"),
        ("alice\u00a0@example.com", "malformed-email"),
        ("alice\u200b@example.com", "malformed-email"),
        ("@example.com", "malformed-email"),
        ("alice@", "malformed-email"),
        ("alice", "malformed-email"),
        (["alice@example.com"], "malformed-email"),
        (f"{'a' * 250}@example.com", "malformed-email"),
        ("", "no-email"),
        (None, "no-email"),
    ],
)
def test_everybody_else_is_refused(email, code):
    assert refused(OIDC, claims(email)) == code


def test_a_missing_claim_is_no_email():
    assert refused(OIDC, {"sub": "1", "email_verified": True}) == "no-email"


def test_letters_that_only_unicode_calls_equal_are_others():
    settings = LoginSettings(auth="oidc", allowed_emails=frozenset({"kate@example.com"}))
    assert refused(settings, claims("\u212aate@example.com")) == "not-on-list"
    assert emails.lower("\u212aATE") == "\u212aate"


@pytest.mark.parametrize("verified", [False, None, "false", "", 0, 1, "yes"])
def test_an_unverified_address_is_refused_even_of_an_admin(verified):
    assert refused(OIDC, {"email": "boss@example.com", "email_verified": verified}) == "unverified-email"
    assert refused(OIDC, {"email": "boss@example.com"}) == "unverified-email"


def test_some_providers_write_true_as_text():
    assert new_roles(OIDC, claims(email_verified="true")) == {"Viewer"}


class TestHostedDomain:
    google = LoginSettings(auth="google", allowed_domains=OIDC.allowed_domains, allowed_emails=OIDC.allowed_emails)

    def test_a_google_account_of_the_domain_gets_in(self):
        assert new_roles(self.google, claims(hd="example.com")) == {"Viewer"}
        assert new_roles(self.google, claims(hd="Example.com")) == {"Viewer"}

    def test_a_personal_account_with_an_address_of_the_domain_does_not(self):
        assert refused(self.google, claims()) == "wrong-hosted-domain"

    @pytest.mark.parametrize("hosted", ["evil.org", "example.com.evil.org", "", ["example.com"], True])
    def test_nor_does_one_of_another_organisation(self, hosted):
        assert refused(self.google, claims(hd=hosted)) == "wrong-hosted-domain"
        assert refused(OIDC, claims(hd=hosted)) == "wrong-hosted-domain"

    def test_a_person_who_is_named_needs_no_domain(self):
        assert new_roles(self.google, claims("guest@partner.org")) == {"Viewer"}


class TestGroups:
    settings = LoginSettings(
        auth="oidc",
        allowed_domains=OIDC.allowed_domains,
        admin_emails=OIDC.admin_emails,
        role_mapping={"data": "Op", "cn=admins,dc=x": "Admin"},
    )

    @pytest.mark.parametrize(
        ("groups", "roles"),
        [
            (["data"], {"Op"}),
            (["data", "cn=admins,dc=x", "others"], {"Op", "Admin"}),
            ("data", {"Op"}),
            ([], {"Viewer"}),
            (None, {"Viewer"}),
            ([["data"], 7], {"Viewer"}),
            ({"data": True}, {"Viewer"}),
        ],
    )
    def test_give_roles_to_a_new_account(self, groups, roles):
        assert new_roles(self.settings, claims(groups=groups)) == roles

    def test_take_back_what_they_gave_and_nothing_else(self):
        person = admit(self.settings, claims(groups=[]))
        assert person.roles(frozenset({"Op", "Team"}), "Viewer") == {"Team"}
        assert person.roles(frozenset({"Op"}), "Viewer") == {"Viewer"}

    def test_do_not_take_admin_from_who_is_listed(self):
        person = admit(self.settings, claims("boss@example.com", groups=["data"]))
        assert person.roles(frozenset({"Admin"}), "Viewer") == {"Op", "Admin"}

    def test_let_nobody_in_who_is_not_listed(self):
        assert refused(self.settings, claims("eve@evil.org", groups=["data"])) == "not-on-list"


def test_existing_roles_stay_and_a_listed_admin_becomes_one():
    assert admit(OIDC, claims()).roles(frozenset({"Op", "User"}), "Viewer") == {"Op", "User"}
    assert admit(OIDC, claims("boss@example.com")).roles(frozenset({"User"}), "Viewer") == {"User", "Admin"}


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"given_name": "Ada", "family_name": "Lovelace"}, ("Ada", "Lovelace")),
        ({"name": "Ada King Lovelace"}, ("Ada King", "Lovelace")),
        ({"name": "Ada"}, ("Ada", "")),
        ({"given_name": "Ada"}, ("Ada", "")),
        ({"given_name": 7, "family_name": None}, ("alice", "")),
        ({"given_name": "x" * 100, "family_name": "y" * 100}, ("x" * 64, "y" * 64)),
    ],
)
def test_names_fit_the_table(given, names):
    person = admit(OIDC, claims(**given))
    assert (person.first_name, person.last_name) == names


class TestSettings:
    def test_without_any_passwords_log_in(self):
        assert from_environment({}) == LoginSettings()

    def test_lists_are_compared_in_lower_case(self):
        env = {
            "AIRFLOW_DEPLOY_AUTH": "oidc",
            "AIRFLOW_DEPLOY_OAUTH_ISSUER": "https://issuer.example.com/",
            "AIRFLOW_DEPLOY_OAUTH_CLIENT_ID": "id",
            "AIRFLOW_DEPLOY_OAUTH_CLIENT_SECRET": "not-to-be-seen",
            "AIRFLOW_DEPLOY_ALLOWED_DOMAINS": "Example.com, example.org",
            "AIRFLOW_DEPLOY_ADMIN_EMAILS": "Boss@Example.com",
            "AIRFLOW_DEPLOY_ROLE_MAPPING": "data = Op,cn=a=Admin",
        }
        settings = from_environment(env)
        assert settings.issuer == "https://issuer.example.com"
        assert settings.allowed_domains == {"example.com", "example.org"}
        assert settings.admin_emails == {"boss@example.com"}
        assert settings.role_mapping == {"data": "Op", "cn=a": "Admin"}
        assert "not-to-be-seen" not in repr(settings)

    @pytest.mark.parametrize(
        ("env", "said"),
        [
            ({"AUTH": "saml"}, "is saml, not one of db, google, github, oidc"),
            ({"AUTH": "google"}, "needs AIRFLOW_DEPLOY_OAUTH_CLIENT_ID, AIRFLOW_DEPLOY_OAUTH_CLIENT_SECRET"),
            ({"AUTH": "oidc", "OAUTH_CLIENT_ID": "i", "OAUTH_CLIENT_SECRET": "s"}, "needs AIRFLOW_DEPLOY_OAUTH_ISSUER"),
            ({"ROLE_MAPPING": "data"}, "is not group=Role,group=Role"),
        ],
    )
    def test_half_a_configuration_does_not_start(self, env, said):
        with pytest.raises(BadLoginSettings, match=said):
            from_environment({f"AIRFLOW_DEPLOY_{name}": value for name, value in env.items()})


class TestPendingLogins:
    def test_each_is_good_for_one_answer_in_its_own_session(self):
        session, other = {}, {}
        login = PendingLogin("https://a/oauth-authorized/oidc", "/home")
        begin(session, login)
        assert take(other, login.state) is None
        assert take(session, None) is None
        assert take(session, "") is None
        assert take(session, login.state) == login
        assert take(session, login.state) is None

    def test_every_one_is_random(self):
        logins = [PendingLogin("https://a", "") for _ in range(3)]
        values = {value for login in logins for value in (login.state, login.nonce, login.code_verifier)}
        assert len(values) == 9
        assert all(len(value) == 43 for value in values)

    def test_old_ones_are_forgotten(self):
        session = {}
        old = PendingLogin("https://a", "", began=0)
        begin(session, old)
        assert take(session, old.state) is None
        logins = [PendingLogin("https://a", str(number)) for number in range(MOST + 2)]
        for login in logins:
            begin(session, login)
        assert [entry["state"] for entry in session[KEY]] == [login.state for login in logins[-MOST:]]


class TestAttempts:
    def test_a_window_slides(self):
        now = 0.0
        attempts = Attempts(2, 60, lambda: now)
        attempts.count("a")
        now = 30.0
        attempts.count("a")
        assert attempts.wait("a") == 30
        assert attempts.wait("b") == 0
        now = 60.0
        assert attempts.wait("a") == 0
        attempts.count("a")
        assert attempts.wait("a") == 30

    def test_memory_is_bounded_and_the_oldest_key_goes_first(self):
        attempts = Attempts(1, 60, lambda: 0)
        for number in range(MOST_KEYS + 1):
            attempts.count(str(number))
        assert attempts.wait("0") == 0
        assert attempts.wait("1") == 60
