"""pg_isready, which the embedded PostgreSQL does not bring: the same options, words and exit codes.

0: accepts connections, 1: is starting or stopping, 2: does not answer, 3: wrong usage. No host, a socket's directory and
`localhost` mean the task. Source: https://www.postgresql.org/docs/15/app-pg-isready.html
"""

import getopt
import os
import socket
import struct
import sys

PROTOCOL = 3 << 16
ACCEPTS, REJECTS, SILENT, USAGE = range(4)
WORDS = {ACCEPTS: "accepting connections", REJECTS: "rejecting connections", SILENT: "no response"}
LONG = ["host=", "port=", "username=", "dbname=", "timeout=", "quiet"]
NAMES = {"-h": "--host", "-p": "--port", "-U": "--username", "-d": "--dbname", "-t": "--timeout", "-q": "--quiet"}


def main(arguments):
    try:
        found, rest = getopt.gnu_getopt(arguments, "h:p:U:d:t:q", LONG)
        given = {NAMES.get(name, name): value for name, value in found}
        host = given.get("--host", os.environ.get("PGHOST", "/var/run/postgresql"))
        port = int(given.get("--port", os.environ.get("PGPORT", "5432")))
        timeout = float(given.get("--timeout", "3")) or None
        if rest:
            raise ValueError(f'too many command-line arguments (first is "{rest[0]}")')
    except (getopt.GetoptError, ValueError) as error:
        print(f"pg_isready: error: {error}", file=sys.stderr)
        return USAGE
    user = given.get("--username", os.environ.get("PGUSER", "postgres"))
    state = ask(address_of(host), port, user, given.get("--dbname", user), timeout)
    if "--quiet" not in given:
        print(f"{host}:{port} - {WORDS[state]}")
    return state


def address_of(host):
    return os.environ["AIRFLOW_DEPLOY_TASK_ADDRESS"] if host in ("", "localhost", "127.0.0.1") or host.startswith("/") else host


def ask(host, port, user, database, timeout):
    """Begins a connection as libpq's PQping does: a request for a password is an answer, and so is an error."""
    parameters = b"".join(item.encode() + b"\0" for item in ("user", user, "database", database)) + b"\0"
    try:
        with socket.create_connection((host, port), timeout) as connection:
            connection.sendall(struct.pack("!ii", len(parameters) + 8, PROTOCOL) + parameters)
            answer = connection.recv(4096)
    except OSError:
        return SILENT
    if answer == b"":
        return SILENT
    # cannot_connect_now: the server starts, stops or recovers.
    return REJECTS if answer[:1] == b"E" and b"C57P03\0" in answer else ACCEPTS


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
