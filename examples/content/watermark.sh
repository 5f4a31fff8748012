#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
set -uo pipefail
# shellcheck source=examples/content/common.sh
. "$(dirname "$(realpath "$0")")/common.sh"

options "Records a stream as it comes, and with a logo (LOGO=file.png) in its upper right corner." "$@"
logo=${LOGO:-$directory/logo.png}
[ -e "$logo" ] || gst-launch-1.0 -q videotestsrc num-buffers=1 pattern=white ! "video/x-raw,width=64,height=64" ! \
  pngenc ! filesink location="$logo" || exit 1

input
x264 50 1500
record record rtmp://content.localhost/live/marked
pipeline+=(
  v. ! queue ! record.video
  a. ! queue ! record.audio_0
  v. ! queue ! avdec_h264 ! videoconvert !
  gdkpixbufoverlay "location=$logo" offset-x=-16 offset-y=16 overlay-width=64 overlay-height=64 !
  "${encoder[@]}" ! record.video_watermarked
  a. ! queue ! record.audio_watermarked)
launch
