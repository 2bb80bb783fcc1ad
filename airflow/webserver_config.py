"""Configuration of the web page's login: users in Airflow's database.

Read by Flask-AppBuilder from $AIRFLOW_HOME/webserver_config.py:
https://flask-appbuilder.readthedocs.io/en/latest/security.html#authentication-methods
"""

from airflow.www.fab_security.manager import AUTH_DB

WTF_CSRF_ENABLED = True
WTF_CSRF_TIME_LIMIT = None

AUTH_TYPE = AUTH_DB
