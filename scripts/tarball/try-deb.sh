#!/bin/sh
# `scripts/tarball/try-deb.sh FILE.deb`: checks a Debian package, installs it, uses it and removes it. Needs root or
# sudo, lintian and script.
set -eu
deb=$1
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
clean() { env -i HOME="$home" XDG_RUNTIME_DIR="$home" PATH=/usr/bin:/bin TERM=xterm NODE_OPTIONS=--wrong "$@"; }

lintian --fail-on error "$deb"
as_root dpkg -i "$deb"
dpkg -L liveops | grep -q man1/liveops-submit
clean liveopsd start
id=$(clean liveops submit shell -- echo hello)
clean liveops wait "$id"
printf q | clean script -qec liveops-tui /dev/null | grep -q hello
clean liveopsd install --print | grep -F ':/usr/lib/liveops/node/bin/node'
clean liveopsd stop
as_root dpkg -r liveops
[ ! -e /usr/lib/liveops ] && [ ! -L /usr/bin/liveops ]
