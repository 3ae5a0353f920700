#!/bin/sh
# Installs liveops from this directory, upgrades it or removes it. docs: app/docs/installing.md
set -eu
umask 022

usage() {
  cat <<'END'
usage: install.sh [--prefix DIR] [--service]
       install.sh [--prefix DIR] --uninstall

Copies liveops to DIR/lib/liveops, and links commands, man pages and completion
into DIR/bin and DIR/share. A running daemon of an earlier install is restarted.
Running operations continue.

  --prefix DIR   default: ~/.local, or where this install.sh is installed
  --service      let systemd start the daemon (liveopsd install); on a terminal
                 the script asks
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

check_archive() {
  if command -v sha256sum >/dev/null; then
    sum=sha256sum
  elif command -v shasum >/dev/null; then
    sum='shasum -a 256'
  else
    fail 1 "the archive cannot be checked: neither sha256sum nor shasum is on the PATH; install coreutils"
  fi
  (cd "$here" && $sum -c SHA256SUMS >/dev/null) || fail 1 "the archive is damaged; unpack it again"
  "$here/bin/liveops" --version >/dev/null ||
    fail 1 "the programs of this archive do not run on this system ($(uname -sm)); choose another archive (Linux needs glibc 2.28 or newer)"
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
  if [ "$service" = ask ] && [ -t 0 ] && [ "$(uname)" = Linux ] && [ -z "$(units)" ]; then
    printf 'install.sh: let systemd start the daemon at login? [y/N] '
    read -r answer || answer=
    case $answer in [yY]*) service=yes ;; esac
  fi
  if [ "$service" = yes ]; then "$lib/bin/liveopsd" install; else say "begin with: liveops; a service that starts the daemon at login: liveops install"; fi
}

# The units of this user that run this install.
units() {
  grep -lF "$lib/app/" "${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user"/liveopsd*.service 2>/dev/null || :
}

uninstall_liveops() {
  [ -x "$lib/bin/liveopsd" ] || fail 4 "no liveops is installed in $lib"
  units | while IFS= read -r unit; do
    name=${unit##*/liveopsd}
    name=${name%.service}
    "$lib/bin/liveopsd" uninstall ${name:+--name "${name#-}"}
  done
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
