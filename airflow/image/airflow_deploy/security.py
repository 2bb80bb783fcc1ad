"""The web page's admin, made or reset, and the actions that DAG permissions are made of.

Straight through Airflow's models: its command line would start the whole web application (3 s), show the
password in the process list, and leave an existing user's password as it was.
"""

from __future__ import annotations

ROLE = "Admin"
# airflow/security/permissions.py, DAG_ACTIONS
DAG_ACTIONS = ("can_read", "can_edit", "can_delete")


class EmailTaken(Exception):
    """Another user has that e-mail address, which must be unique."""


def ensure_admin(username: str, password: str, email: str) -> str:
    """Gives `username` the password, the e-mail address and the role Admin; returns "created" or "reset".

    The role's permissions are the webserver's matter: it brings all roles up to date when it starts.
    """
    from airflow.utils.session import create_session
    from airflow.www.fab_security.sqla.models import Role, User
    from werkzeug.security import generate_password_hash

    with create_session() as session:
        other = session.query(User).filter(User.email == email, User.username != username).first()
        if other:
            raise EmailTaken(f"{email} is the e-mail address of user {other.username}")
        role = session.query(Role).filter(Role.name == ROLE).one_or_none() or Role(name=ROLE)
        user = session.query(User).filter(User.username == username).one_or_none()
        done = "reset" if user else "created"
        user = user or User(username=username, first_name="Airflow", last_name="Admin", login_count=0)
        user.email, user.password = email, generate_password_hash(password)
        user.active, user.fail_login_count = True, 0
        if role not in user.roles:
            user.roles.append(role)
        session.add(user)
    return done


def ensure_dag_actions() -> None:
    """Two DAG files parsed at once on an empty database would both insert these: an error in the log, and a
    permission without its action (www/fab_security/sqla/manager.py, create_action)."""
    from airflow.utils.session import create_session
    from airflow.www.fab_security.sqla.models import Action

    with create_session() as session:
        known = {name for (name,) in session.query(Action.name)}
        session.add_all(Action(name=name) for name in DAG_ACTIONS if name not in known)
