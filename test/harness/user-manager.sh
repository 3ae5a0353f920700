# Runs the user's manager of systemd where no systemd runs: in namespaces of its own, so that nothing of it is left.
# The argument is the manager's runtime directory. The process is in the cgroup (v2) that becomes the root.
set -eu
mount -t tmpfs tmpfs /run
mkdir /run/systemd /run/systemd/system
umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir /sys/fs/cgroup/user@0.service
echo 0 > /sys/fs/cgroup/user@0.service/cgroup.procs
export XDG_RUNTIME_DIR="$1"
unset DBUS_SESSION_BUS_ADDRESS INVOCATION_ID NOTIFY_SOCKET
# The manager refuses to be the first process.
/lib/systemd/systemd --user --log-target=console --log-level=warning &
wait
