"""Gunicorn's own lines as JSON, access lines too.

airflow_deploy.webserver asks for it by `--logger-class gunicorn_json.JsonLogger`.
"""

from __future__ import annotations

from gunicorn.glogging import Logger

from airflow_deploy import json_logs


class JsonLogger(Logger):
    def setup(self, cfg) -> None:
        # First, so that gunicorn's handlers, the workers and what they import print through it.
        json_logs.wrap_standard_streams()
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            for handler in log.handlers:
                handler.setFormatter(json_logs.JsonFormatter())

    def access(self, resp, req, environ, request_time) -> None:
        """One object per request. Without its query: an OAuth answer carries its code there."""
        path = environ.get("PATH_INFO", "")
        status = int(str(resp.status).split()[0])
        fields = {
            "method": environ.get("REQUEST_METHOD"),
            "path": path,
            "status": status,
            "bytes": getattr(resp, "sent", None),
            "seconds": round(request_time.total_seconds(), 4),
            "client": environ.get("REMOTE_ADDR"),
            "user_agent": environ.get("HTTP_USER_AGENT"),
        }
        self.access_log.info("%s %s %s", fields["method"], path, status, extra=fields)
