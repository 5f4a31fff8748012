// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include "gst/common/frame.h"
#include "gst/common/track_input.h"

namespace rec {

// A container and the stock element that writes it. Another writer of a container is another row.
struct Container {
  const char *name;       // "flv": element names, logs
  const char *launch;     // gst_parse_bin_from_description(); the element named "mux" takes the pads
  const char *video_pad;  // request pad templates of "mux"; nullptr: this kind is left out
  const char *audio_pad;
  const char *video_caps;  // what it can hold of a StreamFormat::packetized (files) or byte_stream (ts) track
  const char *audio_caps;
  // A GAP event keeps "mux" from waiting for a silent track; otherwise the track has to end.
  bool heeds_gaps = true;
  // "mux" indexes what is not DELTA_UNIT: with video, audio must say that it is.
  bool indexes_keyframes = false;

  const char *pad_of(MediaKind kind) const { return kind == MediaKind::video ? video_pad : audio_pad; }
  const char *caps_of(MediaKind kind) const { return kind == MediaKind::video ? video_caps : audio_caps; }
  bool takes(MediaKind kind) const { return pad_of(kind) != nullptr; }
  bool holds(MediaKind kind, GstCaps *caps) const;
};

const Container &flv_container();
const Container &mp4_container();
const Container &aac_container();
const Container &mp3_container();
const Container &ts_container();

}  // namespace rec
