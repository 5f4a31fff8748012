// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/timeline.h"

#include <algorithm>

namespace rec {
namespace {

Nanoseconds distance(Nanoseconds a, Nanoseconds b) { return a < b ? b - a : a - b; }

}  // namespace

bool Timeline::continues(const Track &track, Nanoseconds dts) const {
  const Nanoseconds step = dts - track.last_dts;
  return step >= -limits_.backward && step <= track.last_duration + limits_.forward;
}

bool Timeline::joins_new_period(const Track &track, Nanoseconds dts) const {
  if (!track.started) return distance(dts + offset_, end_) <= limits_.start;
  return track.offset != offset_ &&
         distance(dts + offset_, track.last_time + track.last_duration) <= limits_.resync;
}

Timeline::Place Timeline::place(std::size_t index, Nanoseconds dts, Nanoseconds duration) {
  if (index >= tracks_.size()) tracks_.resize(index + 1);
  Track &track = tracks_[index];

  bool breaks = false;
  if (!started_ || restarting_) {
    breaks = started_;
    offset_ = end_ - dts;
    for (Track &other : tracks_) other.started = false;
    started_ = true;
    restarting_ = false;
    track.offset = offset_;
  } else if (!track.started || !continues(track, dts)) {
    if (!joins_new_period(track, dts)) {
      offset_ = end_ - dts;
      breaks = true;
    }
    track.offset = offset_;
  }

  Nanoseconds time = dts + track.offset;
  if (track.started && time < track.last_time) time = track.last_time;
  track.started = true;
  track.last_dts = dts;
  track.last_time = time;
  track.last_duration = duration;
  end_ = std::max(end_, time + duration);
  return {time, track.offset, breaks};
}

void Timeline::restart() { restarting_ = true; }

}  // namespace rec
