"""moto on a free port of 127.0.0.1, which it prints. Reads its settings (MOTO_...) from the environment.

Unlike `moto_server` it logs failures only, and loads the services that every deployment uses while it already answers.
"""

import sys
import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server


class QuietRequestHandler(MotoRequestHandler):
    def log_request(self, code="-", size="-"):
        pass


def load(application, services):
    for service in services:
        with application.lock:
            application.app_instances.setdefault(service, create_backend_app(service))


if __name__ == "__main__":
    application = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=QuietRequestHandler)
    print(f"listening on {server.port}", flush=True)
    threading.Thread(target=load, args=(application, sys.argv[1:]), daemon=True).start()
    server.serve_forever()
