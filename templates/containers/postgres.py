"""docker-entrypoint.sh of the official postgres image, for the embedded PostgreSQL, which has no psql.

As there: the first start initialises PGDATA from POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB, POSTGRES_INITDB_ARGS and
POSTGRES_HOST_AUTH_METHOD, later ones leave all that alone; `postgres` and options start the server, any other command
runs instead of it. Otherwise than there: the server listens at the task's address only, asks for a password there too,
locks its data directory, and runs as `nobody` where we are root. /docker-entrypoint-initdb.d is not looked at.
Source: https://github.com/docker-library/postgres/blob/master/15/bookworm/docker-entrypoint.sh
"""

import os
import shlex
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import data_directory  # noqa: E402  (stands beside this file)

# For a server of one small Airflow whose data need to survive its end, not a power failure.
THRIFT = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "max_wal_size": "256MB",
    "min_wal_size": "32MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
NO_PASSWORD = """Error: Database is uninitialized and superuser password is not specified.
       You must specify POSTGRES_PASSWORD to a non-empty value for the
       superuser. For example, "-e POSTGRES_PASSWORD=password" on "docker run"."""


def main(arguments):
    if not arguments or arguments[0].startswith("-"):
        arguments = ["postgres", *arguments]
    if os.path.basename(arguments[0]) in ("postgres", "initdb", "pg_ctl"):
        os.environ["LD_LIBRARY_PATH"] = os.path.join(os.path.dirname(os.path.dirname(shutil.which("postgres"))), "lib")
    if arguments[0] == "postgres" and not {"-?", "--help", "--describe-config", "-V", "--version"} & set(arguments):
        arguments = prepare(arguments)
    os.execvp(arguments[0], arguments)


def prepare(arguments):
    directory = os.environ["PGDATA"] = data_directory.here(os.environ["PGDATA"])
    account = data_directory.account_for_server()
    data_directory.claim(directory, account)
    data_directory.clear_interrupted(directory)
    if os.path.exists(os.path.join(directory, "PG_VERSION")):
        print("\nPostgreSQL Database directory appears to contain a database; Skipping initialization\n", flush=True)
    else:
        with data_directory.initialising(directory):
            initialise(directory, account)
        print("\nPostgreSQL init process complete; ready for start up.\n", flush=True)
    # We hold the lock, so it names a server that was killed; its process id may meanwhile be another program's.
    remove(os.path.join(directory, "postmaster.pid"))
    data_directory.become(account)
    try:
        os.chdir(directory)
    except PermissionError:
        data_directory.fail(f"FATAL: {directory}: the account that PostgreSQL runs as cannot reach it")
    here = {"listen_addresses": os.environ["AIRFLOW_DEPLOY_TASK_ADDRESS"], "unix_socket_directories": "", "dynamic_shared_memory_type": "mmap"}
    return [arguments[0], *settings(THRIFT), *arguments[1:], *settings(here)]


def remove(path):
    if os.path.exists(path):
        os.remove(path)


def settings(values):
    return [argument for name, value in values.items() for argument in ("-c", f"{name}={value}")]


def initialise(directory, account):
    user = data_directory.setting("POSTGRES_USER", "postgres")
    database = data_directory.setting("POSTGRES_DB", user)
    password = data_directory.setting("POSTGRES_PASSWORD")
    method = data_directory.setting("POSTGRES_HOST_AUTH_METHOD", "scram-sha-256")
    if password == "" and method != "trust":
        data_directory.fail(NO_PASSWORD)
    run_initdb(directory, account, user, password)
    with open(os.path.join(directory, "pg_hba.conf"), "a") as file:
        file.write(f"\nhost all all all {method}\n")
    if database != "postgres":
        create_database(directory, account, database)


def run_initdb(directory, account, user, password):
    command = ["initdb", "-D", directory, f"--username={user}", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]
    trusted = password == ""
    command += ["--auth=trust" if trusted else "--auth=scram-sha-256"]
    options = shlex.split(data_directory.setting("POSTGRES_INITDB_ARGS"))
    with password_pipe(password, account) as pipe:
        given = [] if trusted else [f"--pwfile=/dev/fd/{pipe.fileno()}"]
        code = subprocess.run([*command, *given, *options], pass_fds=[pipe.fileno()], **running_as(account)).returncode
    if code != 0:
        sys.exit(code)


def password_pipe(password, account):
    """Never on a command line or in a file: a pipe holds it, which initdb opens by its name."""
    reader, writer = os.pipe()
    os.write(writer, f"{password}\n".encode())
    os.close(writer)
    if account:
        os.fchown(reader, account.pw_uid, account.pw_gid)
    return os.fdopen(reader)


def running_as(account):
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}


def create_database(directory, account, name):
    """In single-user mode, for want of psql: -j ends a statement at a semicolon and an empty line."""
    quoted = '"' + name.replace('"', '""') + '"'
    command = ["postgres", "--single", "-j", *settings({**THRIFT, "dynamic_shared_memory_type": "mmap"}), "-D", directory, "postgres"]
    statement = f"CREATE DATABASE {quoted};\n\n"
    done = subprocess.run(command, input=statement, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=directory, **running_as(account))
    # It ends with 0 whatever became of its statements.
    if done.returncode != 0 or any(word in done.stdout for word in ("ERROR:", "FATAL:", "PANIC:")):
        data_directory.fail(f"CREATE DATABASE {quoted} failed:", done.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
