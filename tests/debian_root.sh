#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs a command of this source tree in a Debian system of its own, made with debootstrap at the first time.
set -euo pipefail

usage() {
  cat <<'HELP'
usage: tests/debian_root.sh ROOT RELEASE BUILD -- COMMAND...

ROOT     where that system lies, or is made (some 2 GB with the packages that tests/run.sh installs in it)
RELEASE  trixie, bookworm...
BUILD    a folder that is seen at the same path inside, and may be written

The source tree is seen at its own path inside and is the current folder. Needs root.
HELP
}

if [ $# -lt 5 ] || [ "$4" != -- ]; then usage >&2 && exit 2; fi
[ "$(id -u)" -eq 0 ] || { echo "$0 needs root" >&2 && exit 1; }
root=$(realpath -m "$1") release=$2 build=$(realpath -m "$3")
shift 4
source=$(cd "$(dirname "$(realpath "$0")")/.." && pwd)

if [ ! -e "$root/.complete" ]; then
  rm -rf "$root"
  script=/usr/share/debootstrap/scripts/$release
  [ -e "$script" ] || script=${script%/*}/sid  # it is younger than this debootstrap
  debootstrap --variant=minbase "$release" "$root" "${REC_MIRROR:-http://deb.debian.org/debian}" "$script"
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"  # no service is started in it
  chmod +x "$root/usr/sbin/policy-rc.d"
  touch "$root/.complete"
fi
mkdir -p "$root$source" "$root$build" "$build"
cp -f /etc/resolv.conf "$root/etc/resolv.conf"

# Mounts of a namespace of our own: they are gone with the command, whichever way it ends.
export root source build
# shellcheck disable=SC2016  # the inner shell expands it
exec unshare --mount --pid --fork --kill-child --propagation private bash -euc '
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mount --bind /sys "$root/sys"
  mount --bind "$source" "$root$source"
  mount --bind "$build" "$root$build"
  cd "$root"
  exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    /bin/bash -c "cd \"\$0\" && exec \"\$@\"" "$source" "$@"
' bash "$@"
