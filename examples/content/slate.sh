#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
set -uo pipefail
# shellcheck source=examples/content/common.sh
. "$(dirname "$(realpath "$0")")/common.sh"

options "Records one unbroken file of a stream that is sometimes gone: a slate is shown meanwhile, and nothing is heard.
The stream comes as MPEG-TS to UDP port ${PORT:=5004} (PORT=) on loopback; without a sender there is the slate alone:

  ffmpeg -re -i FILE -c copy -f mpegts udp://127.0.0.1:$PORT?pkt_size=1316" "$@"
[ -z "$url" ] || { echo "the stream comes by UDP, not from an address" >&2 && exit 2; }

endless=1
# The stream's picture lies over the slate and is taken away when it is a second old. Slate and silence never end, so
# the recording does not either; both mixers are live and wait for nobody. A compositor (1.22) that takes other caps
# when the stream comes goes back in time for a picture: videorate drops that.
x264 50 1500
record record rtmp://content.localhost/live/cam1
pipeline+=(
  compositor name=pictures background=black sink_0::zorder=0 sink_1::zorder=1 sink_1::max-last-buffer-repeat=1000000000
  sink_1::width=640 sink_1::height=360 sink_1::sizing-policy=keep-aspect-ratio latency=200000000 !
  "video/x-raw,format=I420,width=640,height=360,framerate=25/1" ! videorate ! "${encoder[@]}" ! record.video
  audiomixer name=sounds latency=200000000 !
  "audio/x-raw,rate=48000,channels=2" ! audioconvert ! avenc_aac ! record.audio_0
  videotestsrc is-live=true pattern=blue !
  "video/x-raw,width=640,height=360,framerate=25/1" ! pictures.sink_0
  audiotestsrc is-live=true wave=silence samplesperbuffer=1920 !
  "audio/x-raw,rate=48000,channels=2" ! sounds.
  udpsrc address=127.0.0.1 "port=$PORT" "caps=video/mpegts,systemstream=true,packetsize=188" !
  tsparse ! tsdemux name=demux
  demux. ! queue ! h264parse ! avdec_h264 ! videoconvert ! queue ! pictures.sink_1
  demux. ! queue ! aacparse ! avdec_aac ! audioconvert ! audioresample ! queue ! sounds.)
launch
