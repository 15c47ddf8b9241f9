#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The shipped units under a real systemd: it runs as process 1 of namespaces of its own, with nothing but
# our units, and nothing of the machine changes. By hand, as root; needs the packages systemd and curl.
#
#     tests/integration/systemd.sh BUILD-DIRECTORY
set -euo pipefail

build=$(cd "$1" && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
name=smtp-probe-exporter
kinds=(systemd unified memory pids devices) # cgroups that systemd wants, where the machine is hybrid

# --- inside: what systemd is to find, and then systemd -------------------------------------------------

inside() {
    local work=$1 kind node minor
    mount --make-rprivate /
    # What is not ours is out of reach.
    mount --bind /proc/sys /proc/sys
    mount -o remount,ro,bind /proc/sys
    if [[ -e /sys/fs/cgroup/cgroup.procs ]]; then
        umount -l /sys/fs/cgroup
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
    else
        umount -l /sys/fs/cgroup
        mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
        for kind in "${kinds[@]}"; do
            mkdir "/sys/fs/cgroup/$kind"
            case $kind in
                systemd) mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd ;;
                unified) mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified ;;
                *) mount -t cgroup -o "$kind" cgroup "/sys/fs/cgroup/$kind" ;;
            esac
        done
    fi
    mkdir "$work/dev"
    mount -t tmpfs -o mode=755 tmpfs "$work/dev"
    mkdir "$work/dev/"{pts,shm,mqueue,hugepages}
    while read -r node minor; do mknod -m 666 "$work/dev/$node" c 1 "$minor"; done \
        <<<$'null 3\nzero 5\nfull 7\nrandom 8\nurandom 9'
    mknod -m 666 "$work/dev/tty" c 5 0
    mount -t devpts -o newinstance,ptmxmode=0666 devpts "$work/dev/pts"
    ln -s pts/ptmx "$work/dev/ptmx"
    ln -s /proc/self/fd "$work/dev/fd"
    mount -t tmpfs tmpfs "$work/dev/shm"
    mount --move "$work/dev" /dev
    mount -t tmpfs -o mode=755 tmpfs /run
    mkdir /run/{etc,etc.work,var,var.work,units}
    mount -t overlay -o lowerdir=/etc,upperdir=/run/etc,workdir=/run/etc.work overlay /etc
    mount -t overlay -o lowerdir=/var,upperdir=/run/var,workdir=/run/var.work overlay /var
    mount -t tmpfs -o mode=755 tmpfs /opt
    cp "$work/$name" /opt
    cp -r "$work/units" /opt
    cp -r "$work/etc/." /etc
    ip link set lo up 2>/dev/null || : # without it ::1 and 127.0.0.1 refuse
    # How secrets get into the service's own view.
    mount --make-rshared /
    exec env container=other SYSTEMD_UNIT_PATH=/opt/units /lib/systemd/systemd --system --unit=go.target \
        --log-target=null
}

# --- outside -------------------------------------------------------------------------------------------

if [[ ${2-} == --inside ]]; then inside "$3"; fi
[[ $(id -u) == 0 ]] || { echo "only root can do this" >&2; exit 1; }
work=$(mktemp -d)
own=smtp-probe-$$

write_files() {
    local target
    mkdir -p "$work/units/$name.service.d" "$work/etc/smtp-probe/credentials"
    chmod 755 "$work"
    for target in sysinit basic sockets shutdown multi-user network-online nss-lookup; do
        printf '[Unit]\nDescription=%s\n' "$target" >"$work/units/$target.target"
    done
    printf '[Unit]\nDescription=go\nWants=%s.service\n' "$name" >"$work/units/go.target"
    cp "$here/../../packaging/systemd/$name.socket" "$work/units"
    sed "s|^ExecStart=[^ ]*|ExecStart=/opt/$name|" "$build/$name.service" >"$work/units/$name.service"
    printf '[Service]\nStandardOutput=append:/run/log\nStandardError=append:/run/log\n' \
        >"$work/units/$name.service.d/log.conf"
    cp "$build/$name" "$work"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=Test Root" -days 30 \
        -keyout "$work/key" -out "$work/etc/smtp-probe/credentials/root.pem" 2>/dev/null
    chmod 600 "$work/etc/smtp-probe/credentials/root.pem"
    printf 'modules:\n  smtp: {tls: starttls, ca_file: /run/credentials/%s.service/secret_root.pem}\n' "$name" \
        >"$work/etc/smtp-probe/smtp-probe.yml"
}

cgroups() {
    if [[ -e /sys/fs/cgroup/cgroup.procs ]]; then
        echo /sys/fs/cgroup
    else
        printf '/sys/fs/cgroup/%s\n' "${kinds[@]}"
    fi
}

end() {
    # Whoever is in the namespace goes with its process 1.
    if [[ -n ${shell-} ]]; then kill -KILL "$shell" 2>/dev/null || :; wait "$shell" 2>/dev/null || :; fi
    sleep 0.2
    cgroups | while read -r folder; do
        find "$folder/$own" -depth -type d -exec rmdir {} \; 2>/dev/null || :
    done
    rm -rf "$work"
}
trap end EXIT

write_files
(
    for folder in $(cgroups); do
        mkdir "$folder/$own"
        echo "$BASHPID" >"$folder/$own/cgroup.procs"
    done
    exec unshare --mount --pid --fork --mount-proc --cgroup --uts --ipc --net --kill-child=SIGKILL \
        bash "${BASH_SOURCE[0]}" "$build" --inside "$work"
) </dev/null >"$work/log" 2>&1 &
shell=$!

within() { timeout 20 nsenter -t "$init" -m -p -n -i -u "$@"; }
ask() { within curl -fsS -m 5 "http://127.0.0.1:10587$1"; }
property() { within systemctl show --value -p "$1" "$name.service"; }
wrong() { echo "WRONG: $*" >&2; within cat /run/log >&2 || cat "$work/log" >&2; exit 1; }

for ((i = 0; i < 100; i++)); do
    init=$(pgrep -P "$shell" || :)
    if [[ -n $init && $(property ActiveState 2>/dev/null) == active ]]; then break; fi
    sleep 0.1
done
[[ -n $init && $(property ActiveState) == active ]] || wrong "the service does not start"
main=$(property MainPID)
[[ $(within sed -n 's/^Uid:\t\([0-9]*\).*/\1/p' "/proc/$main/status") -ge 61184 ]] || wrong "it has no user of its own"
[[ $(within sed -n 's/^CapBnd:\t//p' "/proc/$main/status") =~ ^0+$ ]] || wrong "it has capabilities"
ask /-/healthy >/dev/null || wrong "it does not answer"
ask '/probe?target=127.0.0.1:1&module=smtp' | grep -q 'reason="connect-refused"' || wrong "it cannot probe"
within systemctl reload "$name.service" || wrong "it cannot be reloaded"
sleep 0.3
within grep -q 'configuration reloaded' /run/log || wrong "a reload did nothing"
within systemctl restart "$name.service" || wrong "it cannot be restarted"
ask /metrics | grep -q '^process_open_fds ' || wrong "it does not answer after the restart"
within kill -STOP "$(property MainPID)"
for ((i = 0; i < 450; i++)); do
    if [[ $(property NRestarts) == 1 ]]; then break; fi
    sleep 0.1
done
[[ $(property NRestarts) == 1 ]] || wrong "the watchdog does not restart it"
ask /-/healthy >/dev/null || wrong "it does not answer after the watchdog"
within systemctl stop "$name.socket" "$name.service" || wrong "it does not stop"
echo "the units work under $(within systemctl --version | head -n 1)"
