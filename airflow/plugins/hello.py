"""A page of its own in Airflow's web interface: /hello, and an entry in the menu."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin
from airflow.security import permissions
from airflow.www.auth import has_access
from flask_appbuilder import BaseView, expose


class Hello(BaseView):
    route_base = ""
    default_view = "hello"

    @expose("/hello")
    @has_access([(permissions.ACTION_CAN_READ, permissions.RESOURCE_WEBSITE)])
    def hello(self) -> str:
        """Greets whoever is logged in."""
        return "Hello, world"


class HelloPlugin(AirflowPlugin):
    name = "hello"
    # Airflow needs the key; empty, the entry stands in the menu bar itself.
    appbuilder_views = [{"name": "Hello", "category": "", "view": Hello()}]  # noqa: RUF012
