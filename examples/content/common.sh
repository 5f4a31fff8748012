# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Sourced by the scripts beside it: their options, and the parts that their pipelines share.

# shellcheck disable=SC2034  # read by the scripts that source this
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
directory=$PWD/recordings
seconds=20
url=
endless=0 # the input does not end by itself after its time

# options DESCRIPTION ARGUMENT...: sets url, endless, seconds, directory
options() {
  local description=$1
  shift
  while [ $# -gt 0 ]; do
    case $1 in
      --seconds) seconds=${2:?} && shift ;;
      --directory) directory=$(realpath -m "${2:?}") && shift ;;
      rtmp://* | rtmps://*) url=$1 endless=1 ;;
      *)
        printf '%s\n\n' "$description"
        echo "usage: $(basename "$0") [--seconds N] [--directory DIR] [rtmp://host/app/stream]"
        echo
        echo "Without an address the stream is generated. N is 20, DIR is ./recordings if not said otherwise."
        [ "$1" = --help ] && exit 0
        exit 2
        ;;
    esac
    shift
  done
  mkdir -p "$directory" || exit 1
}

# A tee for each kind of coded media: "v." H.264, "a." AAC.
input() {
  if [ -n "$url" ]; then
    pipeline=(rtmp2src "location=$url" ! flvdemux name=demux
      demux.video ! queue ! h264parse ! tee name=v
      demux.audio ! queue ! aacparse ! tee name=a)
  else
    pipeline=(videotestsrc is-live=true pattern=smpte "num-buffers=$((seconds * 25))" !
      "video/x-raw,width=640,height=360,framerate=25/1" !
      x264enc tune=zerolatency speed-preset=ultrafast key-int-max=50 ! "video/x-h264,profile=main" !
      h264parse ! tee name=v
      audiotestsrc is-live=true samplesperbuffer=1920 "num-buffers=$((seconds * 25))" !
      "audio/x-raw,rate=48000,channels=2" ! avenc_aac ! aacparse ! tee name=a)
  fi
}

# x264 PICTURES-BETWEEN-KEYFRAMES KBIT/S: raw pictures to what rulebin takes. The queue drops pictures when the machine
# is too slow to encode them: the origin's recording, which hangs on the same tee, must not wait.
x264() {
  encoder=(queue leaky=downstream max-size-buffers=50 max-size-bytes=0 max-size-time=0 ! videoconvert !
    x264enc tune=zerolatency speed-preset=veryfast "key-int-max=$1" "bitrate=$2" ! "video/x-h264,profile=main")
}

# record NAME URI: a rulebin called so
record() {
  pipeline+=(rulebin "name=$1" "uri=$2" "config=$here/content.json" "directory=$directory"
    "catalogue=$directory/catalogue.db")
}

# launch: runs the pipeline until its input ends, or its time is over (EOS by SIGINT), and shows the files
launch() {
  timeout --signal=INT --kill-after=60 --foreground $((endless ? seconds : seconds + 60)) \
    gst-launch-1.0 -e -q "${pipeline[@]}"
  local status=$?
  [ $status -eq 0 ] || { [ $endless -eq 1 ] && [ $status -eq 124 ]; } || exit $status
  find "$directory" -type f \( -name '*.mp4' -o -name '*.m3u8' \) | sort
}
