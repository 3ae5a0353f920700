#!/usr/bin/env bash
# What liveops is measured beside: servers from Debian, libraries from npm. Starts nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

npm ci

packages=()
command -v redis-server >/dev/null || packages+=(redis-server)
command -v tsp >/dev/null || packages+=(task-spooler)
compgen -G "/usr/lib/postgresql/*/bin/postgres" >/dev/null || packages+=(postgresql)
if [ "${#packages[@]}" -gt 0 ]; then
  sudo=""
  [ "$(id -u)" -eq 0 ] || sudo=sudo
  $sudo apt-get update -qq
  # policy-rc.d keeps the packages from starting servers of their own: the bench starts its own.
  DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 $sudo apt-get install -y -qq --no-install-recommends "${packages[@]}"
fi
