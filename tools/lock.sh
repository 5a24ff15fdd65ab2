#!/bin/sh
# lock.sh POETRY_ENVIRONMENT DIRECTORY: locks a directory's pyproject.toml, and exports requirements.txt from the lock.
# The markers stay in the export: without them, packages of other systems would be installed, and fail.
set -eu
poetry="$1/bin/poetry"
cd "$2"
if [ -n "${POETRY_PYPI_MIRROR:-}" ]; then
    # Where the package index serves only its simple pages, Poetry needs this plugin; it leaves no address in the lock.
    "$1/bin/pip" install --quiet --disable-pip-version-check poetry-plugin-pypi-mirror
    POETRY_PYPI_MIRROR_URL="$("$1/bin/python" -c \
        "from poetry.repositories.pypi_repository import PyPiRepository as P; print(P(disable_cache=True)._base_url + 'simple/')")"
    export POETRY_PYPI_MIRROR_URL
fi
"$poetry" env use "python${2#py}"
"$poetry" lock
"$poetry" export --format requirements.txt --without-hashes --output requirements.txt
"$poetry" check --lock
