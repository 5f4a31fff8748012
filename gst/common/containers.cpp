// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/common/containers.h"

namespace rec {
namespace {

constexpr const char *kAac = "audio/mpeg,mpegversion=4,stream-format=raw";
constexpr const char *kAacOrMp3 =
    "audio/mpeg,mpegversion=4,stream-format=raw; audio/mpeg,mpegversion=1,layer=3";

constexpr Container kFlv = {
    "flv", "flvmux name=mux", "video", "audio", "video/x-h264,stream-format=avc", kAacOrMp3, true, true};

// Fragmented while it grows, so that a killed process leaves a file that plays; plain once it is closed. The
// other fragment mode loses the distance between the first audio and the first video frame (1.22 to 1.28).
// mp4mux orders tracks by their last real frame, so that a GAP lets no other track pass it.
constexpr Container kMp4 = {"mp4",
                            "mp4mux name=mux fragment-duration=500 fragment-mode=first-moov-then-finalise",
                            "video_%u",
                            "audio_%u",
                            "video/x-h264,stream-format=avc; video/x-h265,stream-format=hvc1",
                            kAacOrMp3,
                            false};

// The queue is the thread that writes, as a muxer's own is for the others.
constexpr Container kAacFile = {"aac",
                                "aacparse name=mux ! audio/mpeg,stream-format=adts,framed=true ! "
                                "queue max-size-buffers=0 max-size-bytes=0 max-size-time=0",
                                nullptr,
                                "sink",
                                nullptr,
                                kAac};
constexpr Container kMp3File = {"mp3",   "queue name=mux max-size-buffers=0 max-size-bytes=0 max-size-time=0",
                                nullptr, "sink",
                                nullptr, "audio/mpeg,mpegversion=1,layer=3"};

constexpr Container kTs = {"ts",
                           "mpegtsmux name=mux",
                           "sink_%d",
                           "sink_%d",
                           "video/x-h264,stream-format=byte-stream; video/x-h265,stream-format=byte-stream",
                           "audio/mpeg,mpegversion=4,stream-format=adts; audio/mpeg,mpegversion=1,layer=3"};

}  // namespace

bool Container::holds(MediaKind kind, GstCaps *caps) const {
  if (!takes(kind) || !caps) return false;
  const auto known = Ref<GstCaps>::adopt(gst_caps_from_string(caps_of(kind)));
  return gst_caps_can_intersect(caps, known.get());
}

const Container &flv_container() { return kFlv; }
const Container &mp4_container() { return kMp4; }
const Container &aac_container() { return kAacFile; }
const Container &mp3_container() { return kMp3File; }
const Container &ts_container() { return kTs; }

}  // namespace rec
