#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Proves README's promise: on a Debian with nothing installed, "./dev test" and "./dev demo" just
# work. Run by hand and as root; it takes some minutes and leaves nothing behind.
#
#   bare-machine.sh [bookworm|trixie] [root|sudo]
#
# A fresh root directory is made from the package mirror that this machine uses, HEAD of the git
# tree is put into it, and the two commands run inside: as root, or as a user who has sudo.
set -euo pipefail

suite=${1:-bookworm}
who=${2:-root}
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
[[ $(id -u) == 0 ]] || { printf 'bare-machine: only root can make such a directory\n' >&2; exit 1; }
"$top/dev" packages bare

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The machine's own Debian sources; for another suite only the main archive, under that name.
sources() {
    local own uri codename
    own=$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")
    apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' \
        'Origin: Debian' 'Component: main' 'Architecture: '"$(dpkg --print-architecture)" |
        while read -r uri codename; do
            if [[ $suite == "$own" ]]; then printf 'deb %s %s main\n' "$uri" "$codename"
            elif [[ $codename == "$own" ]]; then printf 'deb %s %s main\n' "$uri" "$suite"
            fi
        done
}

printf 'bare-machine: making a bare %s\n' "$suite"
sources >"$work/sources.list"
# mmdebstrap reads the sources from its standard input, and gives them to the new system as well.
mmdebstrap --quiet --variant=minbase "$suite" "$work/root" - <"$work/sources.list"
cp /etc/resolv.conf /etc/hosts "$work/root/etc/"
apt-config dump | grep -iE '^Acquire::[a-z]+::Proxy' >"$work/root/etc/apt/apt.conf.d/proxy" || true

mkdir "$work/root/src"
git -C "$top" archive HEAD | tar -x -C "$work/root/src"

cat >"$work/root/usr/local/bin/prove" <<'INSIDE'
set -eu
cd /src
printf 'bare-machine: %s packages installed; running as %s\n' \
    "$(dpkg-query -W | wc -l)" "$(id -un)"
./dev test
./dev demo
INSIDE

command=(bash /usr/local/bin/prove)
if [[ $who == sudo ]]; then
    chroot "$work/root" bash -ec 'apt-get -q update >/dev/null
        apt-get -q -y install --no-install-recommends sudo >/dev/null
        useradd -m someone && chown -R someone /src
        printf "someone ALL=(ALL) NOPASSWD: ALL\n" >/etc/sudoers.d/someone'
    command=(su someone -c 'bash /usr/local/bin/prove')
fi

# In name spaces of its own, so that mounts and processes are gone with the last command.
inside='mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && mount --make-rslave "$1/dev"
    root=$1; shift; exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
    TERM="${TERM:-dumb}" LANG=C.UTF-8 "$@"'
if unshare --mount --pid --fork --kill-child bash -c "$inside" bash "$work/root" \
    "${command[@]}" </dev/null; then
    printf 'bare-machine: %s (%s): both commands work\n' "$suite" "$who"
else
    printf 'bare-machine: %s (%s): FAILED\n' "$suite" "$who"
    exit 1
fi
