#!/bin/sh
# Gates, then tests; the arguments go to pytest, whose closing line comes last. `./tertia test` runs this inside
# the environment. All parts run even if one fails, so that one look shows everything that is wrong.
cd "$(dirname "$0")/.." || exit
failed=
gate() {
    echo "== $*"
    "$@" || failed="$failed '$*'"
}
gate ruff check .
gate ruff format --check .
gate mypy --strict meshes solver cases postprocess verification env
gate lint-imports
[ -z "$failed" ] || echo "== gates that failed:$failed"
echo "== pytest $*"
python3 -m pytest "$@" || exit
[ -z "$failed" ]
