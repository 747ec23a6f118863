#!/usr/bin/env bash
# The whole suite five times in a row: quiet, twice beside two busy loops, in random order, and as a user without root.
#
#   scripts/five_runs.sh [arguments for pytest]
#
# Stops at the first failure. PYTHON names the interpreter for the last run, which that user must be able to run.
set -euo pipefail
cd "$(dirname "$0")/.."
ARGUMENTS="-q $*"
PYTHON=${PYTHON:-python3}
loops=()
trap 'kill "${loops[@]}" 2> /dev/null || true' EXIT

run() { # what it is called, then the command
  echo "== $1"
  shift
  local begun=$SECONDS
  "$@"
  echo "== green after $((SECONDS - begun)) s"
}

busy() { # two loops, from now on
  for _ in 1 2; do
    while :; do :; done &
    loops+=($!)
  done
}

idle() {
  kill "${loops[@]}"
  wait "${loops[@]}" 2> /dev/null || true
  loops=()
}

as_user() {
  local folder
  folder=$(mktemp -d)
  git clone --quiet . "$folder/course"
  chown -R nobody: "$folder"
  setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups \
    env HOME="$folder" make -C "$folder/course" PYTHON="$PYTHON" test-all ARGS="$ARGUMENTS"
  rm -rf "$folder"
}

run "quiet" make test-all ARGS="$ARGUMENTS"
busy
run "beside two busy loops" make test-all ARGS="$ARGUMENTS"
run "beside two busy loops, again" make test-all ARGS="$ARGUMENTS"
idle
run "in random order" make test-all ARGS="$ARGUMENTS -p randomly"
if [ "$(id -u)" -ne 0 ]; then
  echo "== all of this ran without root"
elif ! setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups "$(command -v "$PYTHON")" -c '' 2> /dev/null; then
  echo "== not run without root: nobody cannot run $PYTHON; name another with PYTHON=/usr/bin/python3"
else
  run "without root" as_user
fi
