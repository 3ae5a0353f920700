#!/bin/sh
# Runs @NAME@ with the Node of this directory, whatever link led here and whatever Node is on the PATH.
case $0 in */*) file=$0 ;; *) file=./$0 ;; esac
while [ -L "$file" ]; do
  target=$(readlink "$file")
  case $target in /*) file=$target ;; *) file=${file%/*}/$target ;; esac
done
home=$(CDPATH='' cd -- "${file%/*}/.." && pwd -P) || exit
# Options for another Node, which this one may refuse.
unset NODE_OPTIONS
exec "$home/node/bin/node" -- "$home/app/dist/bin/@NAME@.cjs" "$@"
