#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Records a live push from end to end: installs, builds, publishes, records by rule, stores, announces, shows.
set -uo pipefail

usage() {
  cat <<'HELP'
usage: examples/quickstart.sh [URL [SECONDS]]

Without URL: starts an RTMP server on loopback, publishes a generated 1080p stream to it for half a minute with
an interruption of some seconds, and records that. With rtmp://host/app/stream: records that stream for SECONDS
(default 30), or until it ends. Ends with a page to replay it; at a terminal until Ctrl-C.

What is recorded, and where it goes, says examples/quickstart.json. Everything lands in build/quickstart/.
HELP
}

case ${1:-} in
  -h | --help) usage && exit 0 ;;
  '' | rtmp://* | rtmps://*) ;;
  *) usage >&2 && exit 2 ;;
esac
url=${1:-}
seconds=${2:-30}

root=$(cd "$(dirname "$(realpath "$0")")/.." && pwd)
# shellcheck source=tests/packages.sh
. "$root/tests/packages.sh"
build=$root/build/quickstart/plugins
run=$root/build/quickstart/$(date -u +%Y%m%dT%H%M%SZ)
started=$SECONDS
pids=()
recorders=()

say() { printf '[%3d s] %s\n' $((SECONDS - started)) "$*"; }

# fail WHAT [LOG]: says what failed and shows the end of its log
fail() {
  say "FAILED: $1"
  if [ -n "${2:-}" ] && [ -s "$2" ]; then
    echo "--- from $2:"
    if grep -q '^ERROR' "$2"; then grep -A2 '^ERROR' "$2" | head -n 15; else tail -n 15 "$2"; fi
  fi
  exit 1
}

# Ends every process that this script started, whichever way it ends.
clean_up() {
  local pid
  trap - EXIT
  for pid in "${recorders[@]}" "${pids[@]}"; do kill "$pid" 2>/dev/null; done
  for pid in "${recorders[@]}" "${pids[@]}"; do
    timeout 3 tail --pid="$pid" -f /dev/null || kill -9 "$pid" 2>/dev/null
  done
}
trap clean_up EXIT
trap 'echo; say "stopped"; exit 130' INT TERM

# wait_for SECONDS COMMAND...: until the command succeeds
wait_for() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" 2>/dev/null; do
    [ $SECONDS -lt $deadline ] || return 1
    sleep 0.1
  done
}

is_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

install_and_build() {
  local element
  say "looking for missing packages"
  install_packages "$run/packages.log" "${PACKAGES_BUILD[@]}" || fail "the installation of the build tools"
  compile >"$run/build.log" 2>&1 &
  local compiling=$!
  pids+=("$compiling")
  say "building the plugins (build/quickstart/plugins)"
  install_packages "$run/packages.log" "${PACKAGES_RUN[@]}" "${PACKAGES_INGEST[@]}" ||
    fail "the installation of what the demonstration runs on"
  while kill -0 "$compiling" 2>/dev/null; do
    timeout 5 tail --pid="$compiling" -f /dev/null && break
    say "  $(grep -oE '^\[[0-9]+/[0-9]+\]' "$run/build.log" | tail -n 1)"
  done
  wait "$compiling" || fail "the build" "$run/build.log"
  export GST_PLUGIN_PATH_1_0=$build/gst:$build/ext GST_REGISTRY_1_0=$build/registry.bin
  for element in recsink splicesink rulebin vodupload; do
    gst-inspect-1.0 $element >>"$run/build.log" 2>&1 || fail "GStreamer does not load $element from $build"
  done
}

compile() {
  cd "$root" || return
  [ -f "$build/build.ninja" ] || meson setup "$build" --buildtype=plain -Doptimization=0 -Dtests=false || return
  ninja -C "$build"
}

start_receiver() {
  local port domain=${url#*://}
  domain=${domain%%/*}
  domain=${domain%:*}
  port=$(free_port)
  export RECORDING_CALLBACK_KEY=quickstart-key
  sed -e "s|127.0.0.1:8090|127.0.0.1:$port|" -e "s|/tmp/gst-recording/|$run/|" \
    -e "s|\"domain\": \"127.0.0.1\"|\"domain\": \"${domain:-127.0.0.1}\"|" "$root/examples/quickstart.json" >"$run/recording.json"
  python3 "$root/examples/callback_receiver.py" "$port" "$run/callbacks.jsonl" >"$run/receiver.log" 2>&1 &
  pids+=($!)
  wait_for 10 is_open "$port" || fail "the callback receiver" "$run/receiver.log"
}

start_server() {
  rtmp_port=$(free_port)
  http_port=$(free_port)
  mkdir -p "$run/nginx"
  sed -e "s|@PORT@|$rtmp_port|" -e "s|@HTTP_PORT@|$http_port|" -e "s|@DIR@|$run/nginx|g" \
    "$root/examples/nginx-rtmp.conf.in" >"$run/nginx/nginx.conf"
  /usr/sbin/nginx -c "$run/nginx/nginx.conf" >"$run/nginx/output.log" 2>&1 &
  pids+=($!)
  wait_for 10 is_open "$rtmp_port" || fail "the RTMP server" "$run/nginx/output.log"
  url=rtmp://127.0.0.1:$rtmp_port/live/cam1
  say "RTMP server at $url"
}

# start_recorder: one process per push. It waits for the publisher, so nothing of the beginning is lost.
start_recorder() {
  recorder_log=$run/recorder-$((${#recorders[@]} + 1)).log
  gst-launch-1.0 -e -m rtmp2src location="$url" ! flvdemux name=demux \
    rulebin name=record uri="$url" config="$run/recording.json" catalogue="$run/catalogue.db" \
    directory="$run/spool" \
    vodupload config="$run/recording.json" catalogue="$run/catalogue.db" \
    demux.video ! record.video demux.audio ! record.audio_0 >"$recorder_log" 2>&1 </dev/null &
  recorders+=($!)
}

recorder_waits() {
  python3 - "$http_port" <<'PYTHON'
import sys, urllib.request, xml.etree.ElementTree as tree
with urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/stat", timeout=2) as answer:
    clients = [c for s in tree.parse(answer).iter("stream") for c in s.iter("client")]
sys.exit(not any(c.find("publishing") is None for c in clients))
PYTHON
}

recorder_waits_or_died() { ! kill -0 "${recorders[-1]}" || recorder_waits; }

# publish SECONDS: a generated 1080p stream at its own pace
publish() {
  wait_for 15 recorder_waits_or_died
  recorder_waits || fail "the recorder does not wait for the stream" "$recorder_log"
  ffmpeg -v error -nostdin -re -f lavfi -i "testsrc2=size=1920x1080:rate=25" \
    -re -f lavfi -i "sine=frequency=440:beep_factor=4:sample_rate=44100" -t "$1" \
    -c:v libx264 -preset ultrafast -tune zerolatency -g 50 -b:v 3M -maxrate 3M -bufsize 3M -pix_fmt yuv420p \
    -c:a aac -b:a 96k -f flv -flvflags no_duration_filesize "$url" >"$run/publisher.log" 2>&1 &
  publisher=$!
  pids+=("$publisher")
  while kill -0 "$publisher" 2>/dev/null; do
    timeout 4 tail --pid="$publisher" -f /dev/null || progress
  done
  wait "$publisher" || fail "the publisher" "$run/publisher.log"
}

progress() {
  local stored
  stored=$(find "$run/archive" -type f ! -name '.*' 2>/dev/null | wc -l)
  say "  recording: $(du -sh "$run/spool" 2>/dev/null | cut -f1) in the spool, $stored files stored," \
    "$(wc -l 2>/dev/null <"$run/callbacks.jsonl" || echo 0) callbacks received"
}

paused() { grep -q 'splicesink-recording-paused' "$1"; }

# wait_for_recorders SECONDS: until the last one ended, which is when everything is stored and announced
wait_for_recorders() {
  local deadline=$((SECONDS + $1)) pid number=0
  for pid in "${recorders[@]}"; do
    number=$((number + 1))
    while kill -0 "$pid" 2>/dev/null; do
      [ $SECONDS -lt $deadline ] || fail "recorder $number did not finish" "$run/recorder-$number.log"
      timeout 4 tail --pid="$pid" -f /dev/null || progress
    done
    # One that nothing came to has nothing to finish.
    wait "$pid" || ! grep -q 'rulebin-recording-started' "$run/recorder-$number.log" ||
      fail "recorder $number" "$run/recorder-$number.log"
  done
}

record_demonstration() {
  start_server
  start_recorder
  say "publishing 1080p H.264/AAC"
  publish 12
  wait_for 10 paused "$recorder_log" || fail "the recorder did not notice the end" "$recorder_log"
  say "the publisher is gone; the recording waits for it"
  start_recorder
  sleep 2
  say "the publisher is back"
  publish 13
  say "the publisher ended; the recording is closed when nobody comes back for 8 s"
  wait_for_recorders 40
}

# The stream of somebody else: another recorder for every time it comes back, until the time is over.
record_url() {
  local deadline=$((SECONDS + seconds)) pid
  start_recorder
  say "recording $url for $seconds s"
  while [ $SECONDS -lt $deadline ]; do
    pid=${recorders[-1]}
    if timeout 3 tail --pid="$pid" -f /dev/null; then
      if wait "$pid"; then break; fi
      [ ${#recorders[@]} -gt 1 ] || fail "the recorder of $url" "$recorder_log"
      unset 'recorders[-1]' # the server refuses it while nobody publishes
      sleep 1
      start_recorder
      continue
    fi
    progress
    if paused "$recorder_log"; then
      say "the stream was interrupted; waiting for it"
      start_recorder
    fi
  done
  grep -q 'rulebin-recording-started' "$run"/recorder-*.log || fail "no stream came from $url" "$recorder_log"
  for pid in "${recorders[@]}"; do kill -INT "$pid" 2>/dev/null; done
  wait_for_recorders 40
}

show() {
  local file
  echo
  echo "Recorded (in $run/archive):"
  while read -r file; do
    printf '  %-64s %9s bytes %8.2f s\n' "${file#"$run/archive/"}" "$(stat -c %s "$file")" \
      "$(ffprobe -v error -show_entries format=duration -of csv=p=0 "$file" 2>/dev/null || echo 0)"
  done < <(find "$run/archive" -type f \( -name '*.m3u8' -o -name '*.mp4' -o -name '*.flv' -o -name '*.aac' \) | sort)
  playlist=$(find "$run/archive" -name '*.m3u8' | head -n 1)
  [ -n "$playlist" ] || fail "nothing was stored" "$recorder_log"
  echo
  echo "$(wc -l <"$run/callbacks.jsonl") callbacks came, one per finished file; the one of the playlist:"
  python3 - "$run/callbacks.jsonl" <<'PYTHON' || fail "the callbacks" "$run/callbacks.jsonl"
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
if not lines or not all(line["accepted"] for line in lines):
    sys.exit("a callback was missing or wrongly signed")
chosen = [line for line in lines if line["body"].get("file_format") == "hls"] or lines
print("  " + json.dumps(chosen[-1]["body"], indent=2, ensure_ascii=False).replace("\n", "\n  "))
PYTHON
  echo
  echo "What the catalogue says: $build/tools/gst-recording-1.0 list --catalogue $run/catalogue.db"
  echo "Play it:"
  echo "  ffplay $playlist"
  echo "  gst-play-1.0 file://$playlist"
}

# The page to replay it. Whoever sits at a terminal may look at it as long as they like.
show_page() {
  local address page
  "$build/tools/gst-recording-1.0" serve --catalogue "$run/catalogue.db" --config "$run/recording.json" --port 0 \
    >"$run/page.log" 2>&1 &
  page=$!
  pids+=("$page")
  wait_for 20 grep -q '^http' "$run/page.log" || fail "the replay page" "$run/page.log"
  address=$(grep -m 1 '^http' "$run/page.log")
  python3 - "$address" <<'PYTHON' || fail "the replay page" "$run/page.log"
import sys, urllib.parse, urllib.request
page, token = urllib.parse.urldefrag(sys.argv[1])
asked = urllib.request.Request(page + "api/v1/recordings", headers={"Authorization": "Bearer " + token.removeprefix("token=")})
for what in (page, asked):
    with urllib.request.urlopen(what, timeout=10) as answer:
        answer.read()
PYTHON
  echo
  echo "Watch it in a browser, clip it, download it: $address"
  if [ -t 0 ] && [ -t 1 ]; then
    say "Ctrl-C ends the page"
    wait "$page"
  fi
}

mkdir -p "$run" || exit 1
install_and_build
start_receiver
if [ -n "$url" ]; then record_url; else record_demonstration; fi
show
say "done; logs are in $run"
show_page
