"""Configuration of the web page's login: all of it comes from environment variables, airflow-deploy's settings.

Read by Flask-AppBuilder from $AIRFLOW_HOME/webserver_config.py:
https://flask-appbuilder.readthedocs.io/en/latest/security.html#authentication-methods
"""

from airflow.www.fab_security.manager import AUTH_DB, AUTH_OAUTH

from airflow_deploy.login.manager import LoginSecurityManager
from airflow_deploy.login.provider import remote_app
from airflow_deploy.login.settings import from_environment

WTF_CSRF_ENABLED = True
WTF_CSRF_TIME_LIMIT = None

# Who gets in, and with which role: AIRFLOW_DEPLOY_AUTH, _ALLOWED_DOMAINS, _ADMIN_EMAILS …
AIRFLOW_DEPLOY_LOGIN = from_environment()
SECURITY_MANAGER_CLASS = LoginSecurityManager

AUTH_TYPE = AUTH_DB if AIRFLOW_DEPLOY_LOGIN.uses_passwords else AUTH_OAUTH
OAUTH_PROVIDERS = (
    []
    if AIRFLOW_DEPLOY_LOGIN.uses_passwords
    else [{"name": AIRFLOW_DEPLOY_LOGIN.auth, "remote_app": remote_app(AIRFLOW_DEPLOY_LOGIN)}]
)
