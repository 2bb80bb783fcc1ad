#!/bin/bash
# What https://airflow.apache.org/docs/docker-stack/entrypoint.html says of the official entry point.
set -euo pipefail
unset PIP_USER

if [[ $(id -g) != 0 ]]; then
	if [[ $(id -u) != 50000 ]]; then
		echo "ERROR! You should run the image with GID=0; it was started with UID=$(id -u) and GID=$(id -g)" >&2
		exit 1
	fi
	echo 'WARNING! You should run the image with GID (Group ID) set to 0' >&2
fi
umask 0002

# Any user of group 0 may run the image: it gets a name and airflow's home directory.
if ! whoami >/dev/null 2>&1; then
	[[ ! -w /etc/passwd ]] || echo "default:x:$(id -u):0:default user:$AIRFLOW_USER_HOME_DIR:/sbin/nologin" >>/etc/passwd
	export HOME=$AIRFLOW_USER_HOME_DIR
fi
# Airflow is installed for its user only.
if [[ $(id -u) == 0 ]]; then
	export PYTHONPATH="$AIRFLOW_USER_HOME_DIR/.local/lib/python3.10/site-packages:${PYTHONPATH:-}"
	echo 'The container is run as root user. For security, consider using a regular user account.' >&2
fi

# Tries a command so often, and so many seconds apart, as the environment says.
wait_for() {
	local left=${CONNECTION_CHECK_MAX_COUNT:-20} answer
	until answer=$("$@" 2>&1); do
		printf .
		left=$((left - 1))
		if [[ $left == 0 ]]; then
			printf '\nERROR! Maximum number of retries (%s) reached.\n\nLast check result:\n$ %s\n%s\n' "${CONNECTION_CHECK_MAX_COUNT:-20}" "$*" "$answer"
			exit 1
		fi
		sleep "${CONNECTION_CHECK_SLEEP_TIME:-3}"
	done
}

[[ ${CONNECTION_CHECK_MAX_COUNT:-20} == 0 ]] || wait_for airflow db check
# Neither of the two stops the container where it fails.
[[ -z ${_AIRFLOW_DB_UPGRADE:-} ]] || airflow db upgrade || true
if [[ -n ${_AIRFLOW_WWW_USER_CREATE:-} ]]; then
	password=${_AIRFLOW_WWW_USER_PASSWORD:-}
	[[ -z ${_AIRFLOW_WWW_USER_PASSWORD_CMD:-} ]] || password=$(bash -c "$_AIRFLOW_WWW_USER_PASSWORD_CMD")
	if [[ -z $password ]]; then
		echo 'ERROR! Airflow Admin password not set via _AIRFLOW_WWW_USER_PASSWORD or _AIRFLOW_WWW_USER_PASSWORD_CMD variables!'
		exit 1
	fi
	airflow users create --username "${_AIRFLOW_WWW_USER_USERNAME:-admin}" --firstname "${_AIRFLOW_WWW_USER_FIRSTNAME:-Airflow}" \
		--lastname "${_AIRFLOW_WWW_USER_LASTNAME:-Admin}" --email "${_AIRFLOW_WWW_USER_EMAIL:-airflowadmin@example.com}" \
		--role "${_AIRFLOW_WWW_USER_ROLE:-Admin}" --password "$password" || true
fi
if [[ -n ${_PIP_ADDITIONAL_REQUIREMENTS:-} ]]; then
	echo "Installing additional requirements: '$_PIP_ADDITIONAL_REQUIREMENTS'" >&2
	# shellcheck disable=SC2086 # several requirements in one variable, as documented
	python -m pip install --no-cache-dir $_PIP_ADDITIONAL_REQUIREMENTS
fi

case ${1:-} in
	bash) shift; exec /bin/bash "$@" ;;
	python) shift; exec python "$@" ;;
	airflow) shift ;;
esac
exec airflow "$@"
