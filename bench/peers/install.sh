#!/usr/bin/env bash
# What liveops is measured beside: servers from Debian, libraries from npm.
set -euo pipefail
cd "$(dirname "$0")/.."

npm ci

packages=()
command -v redis-server >/dev/null || packages+=(redis-server)
compgen -G "/usr/lib/postgresql/*/bin/postgres" >/dev/null || packages+=(postgresql)
command -v ninja >/dev/null || packages+=(ninja-build)
command -v parallel >/dev/null || packages+=(parallel)
command -v tsp >/dev/null || packages+=(task-spooler)
[ "${#packages[@]}" -gt 0 ] || exit 0

sudo=()
[ "$(id -u)" -eq 0 ] || sudo=(sudo)
"${sudo[@]}" apt-get update -qq
"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"

# The bench starts servers of its own; those that Debian starts with the packages are not used.
if [ -d /run/systemd/system ]; then
  echo "To end the services that came along: systemctl disable --now redis-server postgresql"
fi
