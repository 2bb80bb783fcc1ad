#!/bin/bash
# What https://github.com/docker-library/docs/tree/master/postgres says of the official entry point.
set -euo pipefail

# The value of a variable, or of the file that <variable>_FILE names.
from_file() {
	local name=$1 file="$1_FILE"
	if [[ -n ${!file:-} ]]; then
		[[ -z ${!name:-} ]] || { echo "error: both $name and $file are set (but are exclusive)" >&2; exit 1; }
		export "$name=$(<"${!file}")"
		unset "$file"
	fi
}

# Runs one statement, or a file, as the new superuser over the socket.
sql() { psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" "$@"; }

initialize() {
	local pass=${POSTGRES_PASSWORD:-} method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256} file
	if [[ -z $pass && $method != trust ]]; then
		echo 'Error: Database is uninitialized and superuser password is not specified.' >&2
		echo '       You must specify POSTGRES_PASSWORD to a non-empty value for the superuser.' >&2
		exit 1
	fi
	# shellcheck disable=SC2086 # several arguments in one variable, as documented
	initdb --username "$POSTGRES_USER" --pwfile <(printf '%s\n' "$pass") ${POSTGRES_INITDB_ARGS:-} ${POSTGRES_INITDB_WALDIR:+--waldir "$POSTGRES_INITDB_WALDIR"}
	printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
	# Only on its socket, until the first database is there.
	pg_ctl --pgdata "$PGDATA" --options "-c listen_addresses=''" --wait --silent start
	if [[ $POSTGRES_DB != postgres ]]; then
		POSTGRES_DB=postgres sql --set "name=$POSTGRES_DB" <<<'CREATE DATABASE :"name"'
	fi
	for file in /docker-entrypoint-initdb.d/*; do
		case $file in
			# shellcheck disable=SC1090 # it is not known before
			*.sh) if [[ -x $file ]]; then "$file"; else . "$file"; fi ;;
			*.sql) sql --file "$file" ;;
			*.sql.gz) gunzip --stdout "$file" | sql ;;
		esac
	done
	pg_ctl --pgdata "$PGDATA" --mode fast --wait --silent stop
	echo 'PostgreSQL init process complete; ready for start up.'
}

[[ ${1:-} == -* ]] && set -- postgres "$@"
if [[ ${1:-} == postgres ]]; then
	mkdir -p "$PGDATA"
	chmod 0700 "$PGDATA" 2>/dev/null || true
	if [[ $(id -u) == 0 ]]; then
		find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
		exec gosu postgres "$0" "$@"
	fi
	if [[ ! -s $PGDATA/PG_VERSION ]]; then
		for name in POSTGRES_PASSWORD POSTGRES_USER POSTGRES_DB POSTGRES_INITDB_ARGS; do from_file "$name"; done
		export POSTGRES_USER=${POSTGRES_USER:-postgres}
		export POSTGRES_DB=${POSTGRES_DB:-$POSTGRES_USER}
		initialize
	fi
fi
exec "$@"
