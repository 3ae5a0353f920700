#!/bin/sh
# Installs liveops from this directory or from an archive, upgrades it or removes it. docs: app/docs/installing.md
set -eu
umask 022

# Where archives are published; empty: nowhere yet.
RELEASES=

usage() {
  cat <<'END'
usage: install.sh [--prefix DIR] [--service]
       install.sh [--prefix DIR] --uninstall

Copies liveops to DIR/lib/liveops, and links commands, man pages and completion
into DIR/bin and DIR/share. A running daemon of an earlier install is restarted.
Running operations continue. Needs no root.

Outside of an unpacked archive, LIVEOPS_FROM names where the archive is: its
file or its URL, or the directory or the URL of several. SHA256SUMS stands
beside it.

  --prefix DIR   default: ~/.local, or where this install.sh is installed
  --service      let systemd start the daemon at login; on a terminal the script
                 asks
  --uninstall    remove the service, stop the daemon and remove liveops; running
                 operations continue, your config and state stay
END
}

say() { printf 'install.sh: %s\n' "$1"; }
fail() {
  printf 'install.sh: %s\n' "$2" >&2
  exit "$1"
}

# Whether the daemon that answers runs from this prefix.
daemon_is_ours() {
  "$lib/bin/liveopsd" status 2>/dev/null | grep -qxF "package     $lib/app"
}

# The files of bin/ and share/ in a directory, each as a path below the prefix.
files_in() (cd "$1" && find bin share ! -type d)

is_our_link() { [ "$(readlink "$prefix/$1")" = "$lib/$1" ]; }

check_place() {
  [ "$here" != "$lib" ] || fail 2 "this is the installed copy; run the install.sh of an unpacked archive, or --uninstall"
  for name in liveops liveopsd liveops-tui; do
    if { [ -e "$prefix/bin/$name" ] || [ -L "$prefix/bin/$name" ]; } && ! is_our_link "bin/$name"; then
      fail 5 "$prefix/bin/$name belongs to another install; remove it first, or give another --prefix"
    fi
  done
}

# Checks the files that SHA256SUMS of a directory names.
check_sums() {
  if command -v sha256sum >/dev/null; then
    summer=sha256sum
  elif command -v shasum >/dev/null; then
    summer='shasum -a 256'
  else
    fail 1 "the archive cannot be checked: neither sha256sum nor shasum is on the PATH; install coreutils"
  fi
  (cd "$1" && $summer -c SHA256SUMS >/dev/null) || fail 1 "$2"
}

check_archive() {
  check_sums "$here" "the archive is damaged; unpack it again"
  "$here/bin/liveops" --version >/dev/null ||
    fail 1 "the programs of this archive do not run on this system ($(uname -sm)); choose another archive (Linux needs glibc 2.28 or newer)"
}

# Copies or downloads a file of the place of the archive.
get() {
  case $place in
    http://* | https://*)
      if command -v curl >/dev/null; then
        curl -fsSL -o "$2" "$place/$1" || fail 1 "$place/$1 cannot be downloaded"
      elif command -v wget >/dev/null; then
        wget -q -O "$2" "$place/$1" || fail 1 "$place/$1 cannot be downloaded"
      else
        fail 1 "nothing can be downloaded: neither curl nor wget is on the PATH"
      fi
      ;;
    *) [ -f "$place/$1" ] && cp "$place/$1" "$2" || fail 1 "there is no file $place/$1" ;;
  esac
}

# The system and the processor, in the words of the archives.
target() {
  case $(uname -s) in
    Linux) system=linux ;;
    Darwin) system=darwin ;;
    *) fail 1 "there is no archive for $(uname -s); install Node and the npm package" ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) processor=x64 ;;
    aarch64 | arm64) processor=arm64 ;;
    *) fail 1 "there is no archive for $(uname -m); install Node and the npm package" ;;
  esac
  if [ "$system" = linux ] && ldd --version 2>&1 | grep -qi musl; then
    fail 1 "the Node of the archives needs glibc, and this system has musl; install Node with its package manager, and the npm package"
  fi
  printf '%s-%s' "$system" "$processor"
}

# Unpacks an archive and runs its install.sh.
install_from_archive() {
  from=${LIVEOPS_FROM:-$RELEASES}
  [ -n "$from" ] || fail 2 "archives are published nowhere yet; LIVEOPS_FROM must name one: its file, its directory or its URL"
  case $from in
    *.tar.gz | *.tar.xz)
      case $from in */*) place=${from%/*} ;; *) place=. ;; esac
      pattern=${from##*/}
      ;;
    *)
      place=${from%/}
      wanted=$(target)
      pattern="liveops-[^/]*-$wanted\.tar\.gz"
      ! command -v xz >/dev/null || pattern="liveops-[^/]*-$wanted\.tar\.[xg]z"
      ;;
  esac
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  get SHA256SUMS "$scratch/all"
  # The newest of several, and the small form of it.
  sum=$(grep "  $pattern\$" "$scratch/all" | sort -k 2 -V | tail -n 1) ||
    fail 1 "$place/SHA256SUMS names no archive ${pattern}"
  name=${sum##* }
  say "takes $name from $place"
  get "$name" "$scratch/$name"
  printf '%s\n' "$sum" >"$scratch/SHA256SUMS"
  check_sums "$scratch" "$place/$name is damaged: it does not match SHA256SUMS; download it again"
  tar -xf "$scratch/$name" -C "$scratch" || fail 1 "$name cannot be unpacked"
  "$scratch/${name%.tar.*}/install.sh" "$@"
}

# Links what the prefix does not have yet, and removes links of the version before.
link_files() {
  files_in "$lib" | while IFS= read -r path; do
    mkdir -p "$prefix/${path%/*}"
    if [ ! -e "$prefix/$path" ] && [ ! -L "$prefix/$path" ]; then
      ln -s "$lib/$path" "$prefix/$path"
    elif ! is_our_link "$path"; then
      say "kept $prefix/$path, which another program made"
    fi
  done
  [ ! -d "$lib.old" ] || files_in "$lib.old" | while IFS= read -r path; do
    [ -e "$lib/$path" ] || ! is_our_link "$path" || rm "$prefix/$path"
  done
}

install_liveops() {
  check_place
  check_archive
  mkdir -p "$prefix/lib"
  rm -rf "$lib.new" "$lib.old"
  cp -RP "$here" "$lib.new"
  [ ! -d "$lib" ] || mv "$lib" "$lib.old"
  mv "$lib.new" "$lib"
  link_files
  rm -rf "$lib.old"
  say "installed liveops $("$lib/bin/liveops" --version) in $lib"
  ! daemon_is_ours || "$lib/bin/liveopsd" restart
  offer
}

offer() {
  case :$PATH: in
    *:"$prefix/bin":*)
      [ "$(command -v liveops)" = "$prefix/bin/liveops" ] ||
        say "$(command -v liveops) comes first on your PATH"
      ;;
    *) say "add to your PATH: export PATH=\"$prefix/bin:\$PATH\"" ;;
  esac
  say "completion: new shells of bash and fish load it; for zsh, before compinit: fpath=('$prefix/share/zsh/site-functions' \$fpath)"
  if [ "$service" = ask ] && [ -t 0 ] && [ "$(uname)" = Linux ] && ! service_is_ours; then
    printf 'install.sh: let systemd start the daemon at login? [y/N] '
    read -r answer || answer=
    case $answer in [yY]*) service=yes ;; esac
  fi
  if [ "$service" = yes ]; then start_service; else say "begin with: liveops; a service that starts the daemon at login: liveops install"; fi
}

start_service() {
  "$lib/bin/liveopsd" install >/dev/null
  "$lib/bin/liveopsd" stop
  systemctl --user daemon-reload
  systemctl --user enable --now liveopsd
}

# Whether the service of this user runs this install.
service_is_ours() {
  grep -qF "$lib/app/" "${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user/liveopsd.service" 2>/dev/null
}

uninstall_liveops() {
  [ -x "$lib/bin/liveopsd" ] || fail 4 "no liveops is installed in $lib"
  if service_is_ours; then
    systemctl --user disable --now liveopsd
    "$lib/bin/liveopsd" install --remove >/dev/null
    systemctl --user daemon-reload
  fi
  ! daemon_is_ours || "$lib/bin/liveopsd" stop
  files_in "$lib" | while IFS= read -r path; do
    ! is_our_link "$path" || rm "$prefix/$path"
  done
  directories=$(cd "$lib" && find bin share -type d)
  rm -rf "$lib" "$lib.new" "$lib.old"
  (cd "$prefix" && for each in $directories lib; do rmdir -p "$each" 2>/dev/null || :; done)
  say "removed $lib; your config and state stay (${XDG_CONFIG_HOME:-$HOME/.config}/liveops, ${XDG_STATE_HOME:-$HOME/.local/state}/liveops)"
}

main() {
  # A shell that reads this text from a pipe has another $0.
  here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
  prefix=
  service=ask
  action=install_liveops
  while [ $# -gt 0 ]; do
    case $1 in
      --prefix) [ $# -gt 1 ] && [ -n "$2" ] || fail 2 "--prefix needs a directory"; prefix=$2; shift ;;
      --prefix=?*) prefix=${1#--prefix=} ;;
      --service) service=yes ;;
      --uninstall) action=uninstall_liveops ;;
      -h | --help) usage; exit 0 ;;
      *) printf 'install.sh: %s is not an option\n' "$1" >&2; usage >&2; exit 2 ;;
    esac
    shift
  done
  if [ "$action" = install_liveops ] && [ ! -x "$here/bin/liveops" ]; then
    [ "$service" = ask ] || set -- --service
    install_from_archive ${prefix:+--prefix "$prefix"} "$@"
    exit
  fi
  if [ -z "$prefix" ]; then
    case $here in
      */lib/liveops) prefix=${here%/lib/liveops} ;;
      *) prefix=$HOME/.local ;;
    esac
  fi
  [ "$action" = install_liveops ] || [ -d "$prefix" ] || fail 4 "no liveops is installed in $prefix"
  mkdir -p "$prefix"
  prefix=$(CDPATH='' cd -- "$prefix" && pwd -P)
  lib=$prefix/lib/liveops
  $action
  exit
}

# One call at the end: an uninstall removes this file while the shell reads it.
main "$@"
