#!/bin/sh
# Put the packages of requirements.txt into a virtual environment on top of Debian's:  venv.sh DIR
# Runs inside the environment; build.sh and the Dockerfile both call it.
set -eu
python3=/usr/bin/python3
$python3 -m venv --system-site-packages --without-pip "$1"
# Newer ones from PyPI would come in with VTK, and Debian's scipy refuses them.
held=$(mktemp)
$python3 -c 'import numpy, scipy; print(f"numpy=={numpy.__version__}\nscipy=={scipy.__version__}")' >"$held"
"$1/bin/python3" -m pip install --quiet --no-cache-dir --constraint "$held" --requirement "$(dirname "$0")/requirements.txt"
rm "$held"
"$1/bin/python3" -m pip check --quiet || echo "venv.sh: pip check complains, see above"
