#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
set -uo pipefail
# shellcheck source=examples/content/common.sh
. "$(dirname "$(realpath "$0")")/common.sh"

options "Records a stream in two sizes that it is transcoded to, 480p and 240p; decoded once, sound as it came." "$@"

input
x264 50 1200
high=("${encoder[@]}")
x264 50 400
low=("${encoder[@]}")
record record rtmp://content.localhost/live/ladder
pipeline+=(
  v. ! queue ! avdec_h264 ! tee name=raw
  raw. ! queue ! videoscale add-borders=true ! "video/x-raw,width=854,height=480,pixel-aspect-ratio=1/1" !
  "${high[@]}" ! record.video_transcoded_480p
  raw. ! queue ! videoscale add-borders=true ! "video/x-raw,width=426,height=240,pixel-aspect-ratio=1/1" !
  "${low[@]}" ! record.video_transcoded_240p
  a. ! queue ! record.audio_transcoded_480p
  a. ! queue ! record.audio_transcoded_240p)
launch
