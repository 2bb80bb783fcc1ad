#!/bin/bash
# What https://github.com/docker-library/docs/tree/master/mysql says of the official entry point.
set -euo pipefail

fail() { echo "[ERROR] [Entrypoint]: $1" >&2; exit 1; }

# The value of a variable, or of the file that <variable>_FILE names.
from_file() {
	local name=$1 file="$1_FILE"
	if [[ -n ${!file:-} ]]; then
		[[ -z ${!name:-} ]] || fail "Both $name and $file are set (but are exclusive)"
		export "$name=$(<"${!file}")"
		unset "$file"
	fi
}

quoted() { local text=${1//\\/\\\\}; printf "'%s'" "${text//\'/\\\'}"; }

# What makes root, the database and its user, on standard output.
first_statements() {
	local root host=${MYSQL_ROOT_HOST-%}
	root=$(quoted "${MYSQL_ROOT_PASSWORD:-}")
	echo "ALTER USER 'root'@'localhost' IDENTIFIED BY $root;"
	if [[ -n $host && $host != localhost ]]; then
		echo "CREATE USER 'root'@$(quoted "$host") IDENTIFIED BY $root; GRANT ALL ON *.* TO 'root'@$(quoted "$host") WITH GRANT OPTION;"
	fi
	[[ -z ${MYSQL_DATABASE:-} ]] || echo "CREATE DATABASE IF NOT EXISTS \`$MYSQL_DATABASE\`;"
	if [[ -n ${MYSQL_USER:-} && -n ${MYSQL_PASSWORD:-} ]]; then
		echo "CREATE USER $(quoted "$MYSQL_USER")@'%' IDENTIFIED BY $(quoted "$MYSQL_PASSWORD");"
		[[ -z ${MYSQL_DATABASE:-} ]] || echo "GRANT ALL ON \`${MYSQL_DATABASE//_/\\_}\`.* TO $(quoted "$MYSQL_USER")@'%';"
	fi
}

run_files() {
	local file
	for file in /docker-entrypoint-initdb.d/*; do
		case $file in
			# shellcheck disable=SC1090 # it is not known before
			*.sh) if [[ -x $file ]]; then "$file"; else . "$file"; fi ;;
			*.sql) client <"$file" ;;
			*.sql.gz) gunzip --stdout "$file" | client ;;
		esac
	done
}

client() { MYSQL_PWD=${MYSQL_ROOT_PASSWORD:-} mysql --no-defaults --protocol socket --socket "$socket" --user root ${MYSQL_DATABASE:+--database "$MYSQL_DATABASE"} "$@"; }

# $1: the data directory; the rest: the server with its arguments.
initialize() {
	local directory=$1 socket=/var/run/mysqld/first.sock server
	shift
	mariadb-install-db --no-defaults --datadir="$directory" --auth-root-authentication-method=normal --skip-test-db >/dev/null
	# Only on its socket, until the first database is there.
	"$@" --skip-networking --socket="$socket" &
	server=$!
	for _ in {1..120}; do
		mysqladmin --no-defaults --socket="$socket" --user=root --silent ping >/dev/null 2>&1 && break
		kill -0 "$server" 2>/dev/null || fail 'Unable to start server.'
		sleep 0.5
	done
	first_statements | mysql --no-defaults --protocol socket --socket "$socket" --user root
	run_files
	kill "$server"
	wait "$server"
	echo '[Note] [Entrypoint]: MySQL init process done. Ready for start up.'
}

[[ ${1:-} == -* ]] && set -- mysqld "$@"
if [[ ${1:-} == mysqld ]]; then
	directory=/var/lib/mysql
	for argument in "$@"; do [[ $argument == --datadir=* ]] && directory=${argument#--datadir=}; done
	if [[ $(id -u) == 0 ]]; then
		mkdir -p "$directory"
		find "$directory" \! -user mysql -exec chown mysql '{}' +
		exec gosu mysql "$0" "$@"
	fi
	if [[ ! -d $directory/mysql ]]; then
		for name in MYSQL_ROOT_PASSWORD MYSQL_ROOT_HOST MYSQL_DATABASE MYSQL_USER MYSQL_PASSWORD; do from_file "$name"; done
		if [[ -n ${MYSQL_RANDOM_ROOT_PASSWORD:-} ]]; then
			MYSQL_ROOT_PASSWORD=$(head --bytes 24 /dev/urandom | base64)
			echo "[Note] [Entrypoint]: GENERATED ROOT PASSWORD: $MYSQL_ROOT_PASSWORD"
		fi
		[[ -n ${MYSQL_ROOT_PASSWORD:-}${MYSQL_ALLOW_EMPTY_PASSWORD:-} ]] || fail 'Database is uninitialized and password option is not specified: MYSQL_ROOT_PASSWORD, MYSQL_ALLOW_EMPTY_PASSWORD or MYSQL_RANDOM_ROOT_PASSWORD'
		[[ ${MYSQL_USER:-} != root ]] || fail 'MYSQL_USER="root", MYSQL_USER and MYSQL_PASSWORD are for configuring a regular user and cannot be used for the root user'
		mkdir -p "$directory"
		initialize "$directory" "$@"
	fi
fi
exec "$@"
