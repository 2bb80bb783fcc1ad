"""moto on a free port of 127.0.0.1, which it prints. Reads its settings (MOTO_...) from the environment.

Unlike `moto_server` it logs failures only, and loads the services that every deployment uses while it already answers.
"""

import io
import sys
import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server


class QuietRequestHandler(MotoRequestHandler):
    def log_request(self, code="-", size="-"):
        pass


class OneAtATime:
    """moto's books are plain dictionaries: a listing fails where another thread changes one under it.

    What is sent is read before, so that nobody waits for a slow sender; large objects pass by.
    """

    largest = 1024 * 1024

    def __init__(self, application):
        self.application = application
        self.lock = threading.Lock()

    def __call__(self, environ, start_response):
        size = int(environ.get("CONTENT_LENGTH") or 0)
        if size > self.largest or environ.get("HTTP_TRANSFER_ENCODING"):
            return self.application(environ, start_response)
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(size))
        with self.lock:
            return self.application(environ, start_response)


def load(application, services):
    for service in services:
        with application.lock:
            application.app_instances.setdefault(service, create_backend_app(service))


if __name__ == "__main__":
    application = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, OneAtATime(application), threaded=True, request_handler=QuietRequestHandler)
    print(f"listening on {server.port}", flush=True)
    threading.Thread(target=load, args=(application, sys.argv[1:]), daemon=True).start()
    server.serve_forever()
