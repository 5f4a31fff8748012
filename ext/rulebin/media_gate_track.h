// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "ext/rulebin/media_gate.h"

namespace rec {

// One track of a gate. Guarded by the gate's lock, but for the pads.
struct MediaGate::Track : std::enable_shared_from_this<MediaGate::Track> {
  MediaGate *gate = nullptr;  // borrowed: outlives the pads
  Ref<GstPad> in, out;
  bool video = false;
  bool begun = false;      // the recorders have its sticky events
  bool ended = false;      // and had EOS after them
  bool cut = false;        // MediaGate::cut() has reached it
  bool came = false;       // a buffer, since its stream began
  bool under_way = false;  // its streaming thread pushes
  GstSegment segment = {};
  Nanoseconds last{0};
  std::vector<Ref<GstEvent>> base;  // sticky events before what is held

  // Running time of a buffer or a GAP; that of the one before where it has none.
  Nanoseconds time_of(GstClockTime stamp);
};

bool has_flag(GstEvent *event, GstEventTypeFlags flag);  // of its type
// The sticky events of a pad as new ones, without EOS.
std::vector<Ref<GstEvent>> sticky_copies(GstPad *pad);
// `events` with this one in the place of its predecessor.
void replace_sticky(std::vector<Ref<GstEvent>> &events, Ref<GstEvent> event);
// What caps and tags say.
MediaGate::Video video_of(GstPad *pad);

}  // namespace rec
