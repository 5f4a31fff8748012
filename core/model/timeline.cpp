// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/timeline.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace rec {
namespace {

Nanoseconds distance(Nanoseconds a, Nanoseconds b) { return a < b ? b - a : a - b; }

}  // namespace

bool Timeline::continues(const Track &track, Nanoseconds dts) const {
  const Nanoseconds step = dts - track.last_dts;
  if (step < -limits_.backward) return false;
  // A track may be silent for as long as others go on.
  return step <= track.last_duration + limits_.forward || dts + track.offset <= end_ + limits_.forward;
}

bool Timeline::joins_new_period(const Track &track, Nanoseconds dts) const {
  if (!track.started) return distance(dts + offset_, end_) <= limits_.start;
  return track.period != period_ &&
         distance(dts + offset_, track.last_time + track.last_duration) <= limits_.resync;
}

// Whether one wrap more or less, or none, makes a track go on where it was; or begin where the others are.
bool Timeline::take_wrap(Track &track, Nanoseconds dts) const {
  const Nanoseconds known = track.started ? track.wraps : wraps_;
  for (const Nanoseconds wrap : {Nanoseconds(0), kRtmpWrap, kTsWrap, -kRtmpWrap, -kTsWrap}) {
    const Nanoseconds at = dts + known + wrap;
    if (track.started ? !continues(track, at) : !joins_new_period(track, at)) continue;
    track.wraps = known + wrap;
    return true;
  }
  return false;
}

void Timeline::join(Track &track) const {
  track.offset = offset_;
  track.period = period_;
}

void Timeline::begin_period(Track &track, Nanoseconds dts) {
  ++period_;
  offset_ = end_ - dts;
  track.wraps = Nanoseconds(0);
  join(track);
}

// Gives the track its place among the periods; false: it begins a new one.
bool Timeline::find_period(Track &track, Nanoseconds dts) const {
  const bool flushed = std::exchange(track.restarting, false);
  if (flushed && track.period == period_) return false;
  if (flushed) track.started = false;
  const bool goes_on = track.started && take_wrap(track, dts);
  if (goes_on) return true;
  const bool joins = track.started ? joins_new_period(track, dts + track.wraps) : take_wrap(track, dts);
  if (joins) join(track);
  return joins;
}

Timeline::Place Timeline::place(std::size_t index, Nanoseconds dts, Nanoseconds duration) {
  if (index >= tracks_.size()) tracks_.resize(index + 1);
  Track &track = tracks_[index];
  const bool had_media = track.started && !restarting_ && !track.restarting;
  const Nanoseconds before = track.last_dts;

  Place place{};
  if (!started_ || restarting_) {
    place.breaks = started_;
    for (Track &other : tracks_) other.started = other.restarting = false;
    begin_period(track, dts);
    started_ = true;
    restarting_ = false;
  } else if (!find_period(track, dts)) {
    place.breaks = true;
    begin_period(track, dts);
  }
  wraps_ = track.wraps;
  dts += track.wraps;

  place.step = had_media ? dts - before : Nanoseconds(0);
  place.jumps =
      had_media && (place.step < -limits_.backward || place.step > track.last_duration + limits_.jump);
  place.offset = track.offset + track.wraps;
  place.time = dts + track.offset;
  if (had_media && !place.jumps) dts = std::max(dts, before);  // jitter does not add up
  if (track.started) place.time = std::max(place.time, track.last_time);
  track.started = true;
  track.last_dts = dts;
  track.last_time = place.time;
  track.last_duration = duration;
  end_ = std::max(end_, place.time + duration);
  return place;
}

void Timeline::restart() { restarting_ = true; }

void Timeline::restart(std::size_t track) {
  if (track < tracks_.size() && tracks_[track].started) tracks_[track].restarting = true;
}

void Timeline::forget(std::size_t track) {
  if (track < tracks_.size()) tracks_[track] = Track();
}

}  // namespace rec
