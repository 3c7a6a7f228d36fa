#!/bin/sh
# Run the tests on a wheel, outside the repository: test_wheel.sh DIST PLACE [TEST ...]
# PLACE gets a virtual environment with the wheel, and all that the tests need but the
# two packages: of those it gets the wheel's files. ENVIRONMENT names another python.
set -eu
dist=$(realpath "$1") place=$2
shift 2
mkdir "$place"
place=$(realpath "$place")
git archive HEAD | tar -x -C "$place"
rm -r "$place/ifcn_lab" "$place/ifcn_course"
cd "$place"
python=${ENVIRONMENT:-$place/.venv/bin/python}
if [ -z "${ENVIRONMENT:-}" ]; then
    python3 -m venv .venv
    "$python" -m pip install -q -c constraints.txt "$(echo "$dist"/*.whl)[test]"
fi
there=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
cp -R "$there/ifcn_lab" "$there/ifcn_course" .
git init -q .  # tests ask git which files there are
if [ $# -eq 0 ]; then
    set -- ifcn_lab ifcn_course tests notebooks --nbval --nbval-cell-timeout=3600 \
        --nbval-kernel-startup-timeout=3600
fi
exec "$python" -m pytest --doctest-modules "$@"
