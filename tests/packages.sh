# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Sourced: which Debian 12 packages what needs, and how to get those that are missing.

# shellcheck disable=SC2034  # read by the scripts that source this
PACKAGES_BUILD=(
  g++ meson ninja-build pkg-config
  libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev
  libjson-glib-dev libsqlite3-dev libsoup-3.0-dev
)
# The stock muxers and parsers that the elements stand on, gst-launch-1.0, and whom https trusts.
PACKAGES_RUN=(
  gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad ca-certificates
)
PACKAGES_INGEST=(nginx-light libnginx-mod-rtmp ffmpeg python3)
PACKAGES_TEST=(git libgtest-dev gstreamer1.0-plugins-ugly gstreamer1.0-libav ffmpeg sqlite3 python3-jsonschema locales)
# clang's own libraries hold libFuzzer and the sanitizers.
PACKAGES_LINT=(clang clang-format clang-tidy libclang-rt-14-dev shellcheck)
# The last ones: examples/cloud-native-recording and examples/srt_listener.py.
PACKAGES_INTEGRATION=(libfaketime openssl radosgw ceph-mon ceph-osd ceph-common python3-swift
  chromium firefox-esr xvfb pulseaudio gstreamer1.0-pulseaudio python3-gi gir1.2-gstreamer-1.0)
PACKAGES_NEWER=(debootstrap)
PACKAGES_NODE=(nodejs npm)  # unless another npm is there already

# missing_packages PACKAGE...: prints those that are not installed.
missing_packages() {
  local package
  for package in "$@"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || echo "$package"
  done
}

APT_GET_AS=()  # sudo, where root is needed and we are not

# apt_get LOG ARGUMENT...: waits while another one works (a machine that has just started updates itself), tries
# again when a mirror fails.
apt_get() {
  local log=$1 try
  shift
  for try in 1 2 3; do
    "${APT_GET_AS[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@" >>"$log" 2>&1 </dev/null && return 0
    echo "apt-get $1: try $try failed" >>"$log"
    sleep 10
  done
  return 1
}

# install_packages LOG PACKAGE...: installs what is missing, without questions. Needs root or sudo, and only then.
install_packages() {
  local log=$1 missing
  shift
  mapfile -t missing < <(missing_packages "$@")
  [ "${#missing[@]}" -gt 0 ] || return 0
  echo "installing: ${missing[*]}"
  if ! command -v apt-get >/dev/null; then
    echo "this system has no apt-get: install what the packages above are called here, then start again" >&2
    return 1
  fi
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "neither root nor sudo: run as root: apt-get install ${missing[*]}" >&2
      return 1
    fi
    APT_GET_AS=(sudo)
  fi
  if ! apt_get "$log" update || ! apt_get "$log" install -y --no-install-recommends "${missing[@]}"; then
    echo "apt-get failed; the end of $log:" >&2
    tail -n 15 "$log" >&2
    return 1
  fi
}
