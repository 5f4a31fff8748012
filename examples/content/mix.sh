#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
set -uo pipefail
# shellcheck source=examples/content/common.sh
. "$(dirname "$(realpath "$0")")/common.sh"

options "Records two streams and their mix: side by side, both to be heard. The first is yours, if you name one." "$@"

# A compositor (1.22) that takes other caps when an input comes goes back in time for a picture: videorate drops that.
# The mix has a name of its own, C of A and B: three recordings (a mix that takes A's name would be in A's place).
input
x264 50 2000
record a_only rtmp://content.localhost/live/a
record b_only rtmp://content.localhost/live/b
record mix rtmp://content.localhost/live/mix
pipeline+=(
  videotestsrc is-live=true pattern=ball "num-buffers=$((seconds * 25))" !
  "video/x-raw,width=640,height=360,framerate=25/1" ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=50 !
  "video/x-h264,profile=main" ! h264parse ! tee name=bv
  audiotestsrc is-live=true freq=660 samplesperbuffer=1920 "num-buffers=$((seconds * 25))" !
  "audio/x-raw,rate=48000,channels=2" ! avenc_aac ! aacparse ! tee name=ba
  v. ! queue ! a_only.video
  a. ! queue ! a_only.audio_0
  bv. ! queue ! b_only.video
  ba. ! queue ! b_only.audio_0
  compositor name=pictures background=black sink_0::width=640 sink_0::height=360 sink_0::sizing-policy=keep-aspect-ratio
  sink_1::xpos=640 sink_1::width=640 sink_1::height=360 sink_1::sizing-policy=keep-aspect-ratio !
  "video/x-raw,format=I420,width=1280,height=360,framerate=25/1" ! videorate ! "${encoder[@]}" ! mix.video
  audiomixer name=sounds ! "audio/x-raw,rate=48000,channels=2" ! audioconvert ! avenc_aac ! mix.audio_0
  v. ! queue ! avdec_h264 ! videoconvert ! queue ! pictures.sink_0
  bv. ! queue ! avdec_h264 ! videoconvert ! queue ! pictures.sink_1
  a. ! queue ! avdec_aac ! audioconvert ! audioresample ! volume volume=0.5 ! queue ! sounds.
  ba. ! queue ! avdec_aac ! audioconvert ! audioresample ! volume volume=0.5 ! queue ! sounds.)
launch
