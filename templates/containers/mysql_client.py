"""A client program of MySQL in a task: `localhost`, its socket or no host at all mean the task's own server.

    mysql_client.py PROGRAM [ARGUMENT ...]

The server has no socket at the usual place, and this machine's option files are not the image's.
"""

import os
import sys

LOOPBACK = ("localhost", "127.0.0.1", "")


def main(program, *arguments):
    host = host_of(arguments)
    address = os.environ["AIRFLOW_DEPLOY_TASK_ADDRESS"] if host in LOOPBACK else host
    first = [] if any(argument.startswith(("--defaults", "--no-defaults")) for argument in arguments) else ["--no-defaults"]
    os.execv(program, [program, *first, *arguments, "--protocol=tcp", f"--host={address}"])


def host_of(arguments):
    """The last -h HOST, -hHOST, --host HOST or --host=HOST."""
    host = os.environ.get("MYSQL_HOST", "")
    for at, argument in enumerate(arguments):
        if argument in ("-h", "--host"):
            host = "".join(arguments[at + 1 : at + 2])
        elif argument.startswith("--host="):
            host = argument.partition("=")[2]
        elif argument.startswith("-h"):
            host = argument[2:]
    return host


if __name__ == "__main__":
    main(*sys.argv[1:])
