"""A session of the web page for `airflow-deploy validate`, where people log in through a provider and no password does.

    python -m airflow_deploy.validation_session open    prints {"cookie": "session=…"}
    python -m airflow_deploy.validation_session close   removes it, and the user that it was for

Who may run commands in this container has its database and its secret key anyway.
"""

from __future__ import annotations

import json
import pickle
import secrets
import sys
import warnings
from datetime import datetime, timedelta
from uuid import uuid4

USER = "airflow-deploy-validate"
# A name that no mail server has (RFC 6761), so that nobody can log in as this user.
EMAIL = f"{USER}@invalid"
MINUTES = 30


def open_session() -> str:
    """Makes the user anew, an Admin, with one session of half an hour; returns its cookie."""
    from airflow.configuration import conf
    from airflow.utils.session import create_session
    from airflow.www.fab_security.sqla.models import Role, User
    from itsdangerous import Signer
    from sqlalchemy import text
    from werkzeug.security import generate_password_hash

    close_session()
    with create_session() as session:
        user = User(
            username=USER, email=EMAIL, first_name="airflow-deploy", last_name="validate", active=True, login_count=0
        )
        user.password = generate_password_hash(secrets.token_urlsafe(32))
        user.roles.append(session.query(Role).filter(Role.name == "Admin").one())
        session.add(user)
        session.flush()
        session_id = str(uuid4())
        values = {
            "session_id": session_id,
            "data": pickle.dumps({"_permanent": True, "_fresh": True, "_user_id": user.id}),
            "expiry": datetime.utcnow() + timedelta(minutes=MINUTES),
        }
        session.execute(
            text("INSERT INTO session (session_id, data, expiry) VALUES (:session_id, :data, :expiry)"), values
        )
    # As Flask-Session signs them (0.4.0, sessions.py).
    signer = Signer(conf.get("webserver", "secret_key"), salt="flask-session", key_derivation="hmac")
    return f"session={signer.sign(session_id).decode()}"


def close_session() -> None:
    from airflow.utils.session import create_session
    from airflow.www.fab_security.sqla.models import User
    from sqlalchemy import text

    with create_session() as session:
        user = session.query(User).filter(User.username == USER).one_or_none()
        if user is None:
            return
        for row in session.execute(text("SELECT id, data FROM session")).all():
            if pickle.loads(row.data).get("_user_id") == user.id:  # noqa: S301
                session.execute(text("DELETE FROM session WHERE id = :id"), {"id": row.id})
        session.delete(user)


def main(argv: list[str]) -> int:
    warnings.simplefilter("ignore")
    if argv == ["open"]:
        print(json.dumps({"cookie": open_session()}))
    elif argv == ["close"]:
        close_session()
        print(json.dumps({"closed": USER}))
    else:
        print("usage: python -m airflow_deploy.validation_session open|close", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
