#!/bin/sh
# Lints and tests the Python in airflow/, in an environment that is made on first use: test/airflow/run.sh [pytest arguments]
# Needs uv (on PATH, in $UV, or made here with python3) and Python 3.10 (on PATH, from pyenv, or fetched by uv).
set -eu
cd "$(dirname "$0")/../.."
cache=node_modules/.cache/airflow-tests

find_uv() {
	if [ -n "${UV:-}" ]; then echo "$UV"; return; fi
	if command -v uv; then return; fi
	if [ ! -x "$cache/uv/bin/uv" ]; then
		python3 -m venv "$cache/uv" >&2 && "$cache/uv/bin/pip" install -q uv >&2
	fi
	echo "$cache/uv/bin/uv"
}

find_python() {
	for python in "$(command -v python3.10 || true)" "$HOME"/.pyenv/versions/3.10.*/bin/python; do
		if [ -x "$python" ] && "$python" -c '' 2>/dev/null; then echo "$python"; return; fi
	done
	echo 3.10
}

mkdir -p "$cache"
uv=$(find_uv)
[ -x "$cache/venv/bin/python" ] || "$uv" venv -q --python "$(find_python)" "$cache/venv"
"$uv" pip install -q --python "$cache/venv/bin/python" -r test/airflow/requirements.txt -c airflow/constraints.txt --override templates/overrides.txt

"$cache/venv/bin/ruff" check --config airflow/ruff.toml airflow test/airflow
"$cache/venv/bin/ruff" format --check --config airflow/ruff.toml airflow test/airflow
exec "$cache/venv/bin/python" -m pytest -q -p no:cacheprovider -W ignore::DeprecationWarning test/airflow "$@"
