"""docker-entrypoint.sh of the official mysql image, for the MySQL or MariaDB server of this machine.

    mysql.py SERVER INSTALLER NOTICE -- [COMMAND ...]

INSTALLER is MariaDB's mariadb-install-db, empty where the server is MySQL; NOTICE is printed if it is not empty.
As there: the first start initialises the data directory from MYSQL_ROOT_PASSWORD (or MYSQL_ALLOW_EMPTY_PASSWORD,
MYSQL_RANDOM_ROOT_PASSWORD), MYSQL_ROOT_HOST, MYSQL_DATABASE, MYSQL_USER and MYSQL_PASSWORD, later ones leave all that
alone; `mysqld` and options start the server, any other command runs instead of it. Otherwise than there: the server
listens at the task's address only and locks its data directory; this machine's option files and
/docker-entrypoint-initdb.d are not looked at.
Source: https://github.com/docker-library/mysql/blob/master/8.0/docker-entrypoint.sh
"""

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import data_directory  # noqa: E402  (stands beside this file)

# For one small Airflow. Written data reach the kernel with each commit: they survive a killed server.
THRIFT = [
    "--character-set-server=utf8mb4",
    "--innodb-buffer-pool-size=32M",
    "--innodb-flush-log-at-trx-commit=2",
    "--key-buffer-size=8M",
    "--performance-schema=OFF",
    "--skip-log-bin",
    "--skip-name-resolve",
]
OF_MARIADB = ["--aria-pagecache-buffer-size=8M", "--innodb-log-file-size=16M"]
OF_MYSQL = ["--mysqlx=OFF"]
NO_PASSWORD = """[ERROR] [Entrypoint]: Database is uninitialized and password option is not specified
    You need to specify one of the following as an environment variable:
    - MYSQL_ROOT_PASSWORD
    - MYSQL_ALLOW_EMPTY_PASSWORD
    - MYSQL_RANDOM_ROOT_PASSWORD"""
IS_ROOT = """[ERROR] [Entrypoint]: MYSQL_USER="root", MYSQL_USER and MYSQL_PASSWORD are for configuring a regular user and cannot be used for the root user"""


def main(server, installer, notice, _, *arguments):
    if not arguments or arguments[0].startswith("-"):
        arguments = ("mysqld", *arguments)
    if arguments[0] != "mysqld" or {"-?", "--help", "--print-defaults", "-V", "--version"} & set(arguments):
        os.execvp(arguments[0], arguments)
    if notice:
        print(notice, flush=True)
    directory, options = data_directory_of(arguments[1:])
    data_directory.claim(directory)
    data_directory.clear_interrupted(directory)
    # No option files: they are this machine's.
    command = [server, "--no-defaults", *as_root(), f"--datadir={directory}", *THRIFT, *(OF_MARIADB if installer else OF_MYSQL), *options, *own_files()]
    if not os.path.isdir(os.path.join(directory, "mysql")):
        with data_directory.initialising(directory):
            initialise(command, installer, directory)
        print("[Note] [Entrypoint]: MySQL init process done. Ready for start up.", flush=True)
    os.execv(server, [*command, f"--bind-address={os.environ['AIRFLOW_DEPLOY_TASK_ADDRESS']}"])


def as_root():
    """Both servers refuse to be root unless told."""
    return ["--user=root"] if os.geteuid() == 0 else []


def own_files():
    temporary = tempfile.gettempdir()
    return [f"--socket={temporary}/mysqld.sock", f"--pid-file={temporary}/mysqld.pid", f"--secure-file-priv={temporary}"]


def data_directory_of(arguments):
    """Where the last --datadir leads on this machine, and the other options."""
    path, others, items = "/var/lib/mysql", [], iter(arguments)
    for item in items:
        name, _, value = item.partition("=")
        if name in ("--datadir", "-h"):
            path = value or next(items, "")
        else:
            others.append(item)
    return data_directory.here(path), others


def initialise(command, installer, directory):
    statements = list(setup(mariadb=bool(installer)))
    if installer:
        make = [installer, "--no-defaults", *as_root(), f"--datadir={directory}", "--auth-root-authentication-method=normal", "--skip-test-db"]
        made = subprocess.run(make, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    else:
        made = subprocess.run([*command, "--initialize-insecure"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if made.returncode != 0:
        data_directory.fail(made.stdout, f"[ERROR] [Entrypoint]: the initialisation of {directory} ended with {made.returncode}")
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write("".join(f"{statement};\n" for statement in statements))
        file.flush()
        run_once([*command, "--skip-networking", f"--init-file={file.name}"])


def setup(mariadb):
    """Statements for the accounts and the database, each of one line, as an init file needs them."""
    root, user, database = root_password(), data_directory.setting("MYSQL_USER"), data_directory.setting("MYSQL_DATABASE")
    if user == "root":
        data_directory.fail(IS_ROOT)
    if mariadb:  # It comes with more roots, and with anonymous users.
        yield "DELETE FROM mysql.global_priv WHERE User = '' OR (User = 'root' AND Host <> 'localhost')"
        yield "FLUSH PRIVILEGES"
    yield f"ALTER USER 'root'@'localhost' IDENTIFIED BY {text(root)}"
    host = data_directory.setting("MYSQL_ROOT_HOST", "%")
    if host not in ("", "localhost"):
        yield f"CREATE USER 'root'@{text(host)} IDENTIFIED BY {text(root)}"
        yield f"GRANT ALL ON *.* TO 'root'@{text(host)} WITH GRANT OPTION"
    if database:
        yield f"CREATE DATABASE IF NOT EXISTS {name(database)}"
    if user and (password := data_directory.setting("MYSQL_PASSWORD")):
        yield f"CREATE USER {text(user)}@'%' IDENTIFIED BY {text(password)}"
        if database:
            yield f"GRANT ALL ON {name(database.replace('_', chr(92) + '_'))}.* TO {text(user)}@'%'"


def root_password():
    password = data_directory.setting("MYSQL_ROOT_PASSWORD")
    if password == "" and os.environ.get("MYSQL_RANDOM_ROOT_PASSWORD"):
        password = secrets.token_urlsafe(24)
        print(f"[Note] [Entrypoint]: GENERATED ROOT PASSWORD: {password}", flush=True)
    if password == "" and not os.environ.get("MYSQL_ALLOW_EMPTY_PASSWORD"):
        data_directory.fail(NO_PASSWORD)
    return password


def text(value):
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"


def name(value):
    return "`" + value.replace("`", "``") + "`"


def run_once(command):
    """A server that reads its init file and is stopped as soon as it greets: it does so after the file."""
    with tempfile.TemporaryFile("w+") as log:
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        while server.poll() is None and not greets(f"{tempfile.gettempdir()}/mysqld.sock"):
            time.sleep(0.05)
        server.terminate()
        code = server.wait()
        log.seek(0)
        lines = log.read()
    if code != 0 or "[ERROR]" in lines:
        data_directory.fail(lines, f"[ERROR] [Entrypoint]: the accounts and the database could not be made (exit code {code})")


def greets(path):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(path)
            return connection.recv(1) != b""
        except OSError:
            return False


if __name__ == "__main__":
    main(*sys.argv[1:])
