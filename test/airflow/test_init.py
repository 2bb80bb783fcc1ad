import shutil
import sqlite3

import pytest
from conftest import ADMIN, run_program
from werkzeug.security import check_password_hash


def rows(url: str, statement: str) -> list[tuple]:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    try:
        found = connection.execute(statement).fetchall()
        connection.commit()
        return found
    finally:
        connection.close()


USERS = (
    "SELECT username, email, password, active, name FROM ab_user u "
    "JOIN ab_user_role ON user_id = u.id JOIN ab_role r ON r.id = role_id"
)


@pytest.fixture
def own_database(database, tmp_path) -> str:
    """A copy, to change at will."""
    shutil.copy(database.removeprefix("sqlite:///"), tmp_path / "own.db")
    return f"sqlite:///{tmp_path}/own.db"


def test_an_empty_database_gets_the_schema_and_the_admin(database):
    ((username, email, password, active, role),) = rows(database, USERS)
    assert (username, email, active, role) == ("admin", "admin@example.com", 1, "Admin")
    assert check_password_hash(password, "first-password")
    assert {"can_read", "can_edit", "can_delete"} <= {
        name for (name,) in rows(database, "SELECT name FROM ab_permission")
    }


def test_again_it_resets_password_email_and_role(own_database):
    rows(own_database, "DELETE FROM ab_user_role")
    rows(own_database, "UPDATE ab_user SET active = 0")
    changed = {**ADMIN, "AIRFLOW_DEPLOY_ADMIN_PASSWORD": "second", "AIRFLOW_DEPLOY_ADMIN_EMAIL": "new@example.com"}
    lines = run_program("init", AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=own_database, **changed)
    ((_, email, password, active, role),) = rows(own_database, USERS)
    assert (email, active, role) == ("new@example.com", 1, "Admin")
    assert check_password_hash(password, "second")
    assert lines[-1]["message"] == "init done"
    assert any(line["message"].endswith("user admin reset") for line in lines)
    assert not any("second" in line["message"] for line in lines)


def test_an_email_of_another_user_fails_with_the_reason(own_database):
    changed = {**ADMIN, "AIRFLOW_DEPLOY_ADMIN_USERNAME": "other"}
    lines = run_program("init", exit_code=1, AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=own_database, **changed)
    failed = next(line for line in lines if line["level"] == "ERROR")
    assert failed["message"] == "database failed: admin@example.com is the e-mail address of user admin"
    assert lines[-1]["message"] == "init failed: database"


def test_a_failing_part_does_not_hide_the_other(own_database, tmp_path):
    lines = run_program(
        "init",
        exit_code=1,
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=own_database,
        AIRFLOW_DEPLOY_BUCKET="b",
        AIRFLOW_DEPLOY_ENVIRONMENT="main",
        AIRFLOW_DEPLOY_BUNDLE_DIR=str(tmp_path / "bundle"),
        AWS_ENDPOINT_URL="http://127.0.0.1:1",
    )
    messages = [line["message"] for line in lines]
    assert messages[-1] == "init failed: bundle"
    assert any(message.startswith("database: schema is current") for message in messages)


def test_without_a_user_name_no_user_is_made(own_database):
    rows(own_database, "DELETE FROM ab_user")
    run_program("init", AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=own_database)
    assert rows(own_database, "SELECT * FROM ab_user") == []
