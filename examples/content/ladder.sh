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
record high rtmp://content.localhost/live/cam1_480p
record low rtmp://content.localhost/live/cam1_240p
pipeline+=(
  v. ! queue ! avdec_h264 ! tee name=raw
  raw. ! queue ! videoscale add-borders=true ! "video/x-raw,width=854,height=480,pixel-aspect-ratio=1/1" !
  "${high[@]}" ! high.video
  raw. ! queue ! videoscale add-borders=true ! "video/x-raw,width=426,height=240,pixel-aspect-ratio=1/1" !
  "${low[@]}" ! low.video
  a. ! queue ! high.audio_0
  a. ! queue ! low.audio_0)
launch
