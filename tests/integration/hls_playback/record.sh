#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes a spliced recording for play.mjs: two pushes by two processes, of another picture size and sample
# rate each. GST_PLUGIN_PATH must lead to splicesink.
#
#   record.sh DIR [ts|cmaf]
set -eu
dir=${1:?usage: record.sh DIR [ts|cmaf]}
format=${2:-ts}
mkdir -p "$dir"

# Live sources would begin apart on a busy machine: then sound lacks where pushes meet, and Shaka Player counts a hole.
push() { # WIDTH HEIGHT RATE SECONDS SPLICE_TIMEOUT_NS
  gst-launch-1.0 -q -e \
    videotestsrc num-buffers=$(($4 * 25)) ! \
    "video/x-raw,format=I420,width=$1,height=$2,framerate=25/1" ! identity sync=true ! \
    x264enc key-int-max=50 speed-preset=ultrafast tune=zerolatency ! h264parse ! s.video \
    audiotestsrc num-buffers=$(($4 * $3 / 1024)) samplesperbuffer=1024 ! \
    "audio/x-raw,rate=$3,channels=2" ! identity sync=true ! avenc_aac ! aacparse ! s.audio_0 \
    splicesink name=s "segment-format=$format" "playlist-location=$dir/live.m3u8" target-duration=2 "splice-timeout=$5"
}

# The first is taken over while it waits, and ends then.
push 640 360 48000 4 60000000000 &
first=$!
tries=0
until [ "$(grep -c '^#EXTINF' "$dir/live.m3u8" 2>/dev/null)" = 2 ] && grep -q '^state=paused' "$dir/.live.m3u8.splice"; do
  tries=$((tries + 1))
  [ $tries -lt 300 ] || { echo "the first push was not paused" >&2; exit 1; }
  sleep 0.1
done
push 320 180 44100 4 500000000
wait $first
