#!/bin/sh
# `credence` of the image: the command line as the only process, which gets the signals itself.
set -eu
# A core dump of a vault would hold secrets. (Where kernel.core_pattern is a pipe the limit is only advice: see README.md.)
ulimit -c 0
# Settings that are secrets may come as a file, so that no listing of the container shows them.
secrets=/run/secrets/credence.env
# --disable-sigusr1: no inspector by a signal.
if [ -e "$secrets" ]; then
  exec node --disable-sigusr1 --env-file="$secrets" /app/libs/cli/src/main.ts "$@"
fi
exec node --disable-sigusr1 /app/libs/cli/src/main.ts "$@"
