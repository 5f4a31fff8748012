// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/common/intake.h"

#include <algorithm>

namespace rec {
namespace {

// Of a frame whose successor is not known and whose stream does not say: 25 frames, or 1024 samples at 48
// kHz.
Nanoseconds usual_duration(MediaKind kind) {
  return kind == MediaKind::video ? std::chrono::milliseconds(40) : Nanoseconds(21333333);
}

// Only to tell a slow track from a dead one.
Nanoseconds arrival_time() { return std::chrono::steady_clock::now().time_since_epoch(); }

}  // namespace

std::size_t Intake::add_track(MediaKind kind) {
  Track track;
  track.kind = kind;
  tracks_.push_back(std::move(track));
  return order_.add_track();
}

void Intake::remove_track(std::size_t track) {
  end(track);
  tracks_[track].removed = true;
}

void Intake::reset() {
  timeline_ = Timeline(settings_.limits);
  order_ = Interleaver<Frame>(settings_.patience);
  had_media_ = false;
  for (Track &track : tracks_) {
    const bool removed = track.removed;
    const MediaKind kind = track.kind;
    track = Track();
    track.kind = kind;
    const std::size_t index = order_.add_track();
    if (removed) remove_track(index);
  }
}

void Intake::begin(std::size_t track) {
  if (!tracks_[track].ended || tracks_[track].removed) return;
  if (all_ended() && had_media_) {  // another push: what the last one brought is waited for
    timeline_.restart();
    for (std::size_t i = 0; i < tracks_.size(); ++i)
      if (tracks_[i].brought_media && !tracks_[i].removed) order_.begin_track(i);
  }
  tracks_[track].ended = false;
  tracks_[track].last_dts.reset();
  order_.begin_track(track);
}

void Intake::end(std::size_t track) {
  tracks_[track].ended = true;
  order_.end_track(track);
}

void Intake::push(std::size_t track, ParsedBuffer media, const Out &out) {
  Frame frame = frame_of(track, std::move(media));
  // Where times are equal video goes first: files begin with it.
  const Nanoseconds time = frame.kind == MediaKind::video ? frame.dts : frame.pts + Nanoseconds(1);
  const Nanoseconds now = arrival_time();
  order_.push(track, time, now, std::move(frame));
  if (order_.held() >= settings_.burst) order_.release(now, out);
}

void Intake::gap(std::size_t track, Nanoseconds until, const Out &out) {
  const auto &offset = tracks_[track].line_offset;
  if (!offset) return;
  const Nanoseconds now = arrival_time();
  order_.advance(track, until + *offset, now);
  if (order_.held() >= settings_.burst) order_.release(now, out);
}

Frame Intake::frame_of(std::size_t index, ParsedBuffer media) {
  Track &track = tracks_[index];
  GstBuffer *buffer = media.buffer.get();
  const Nanoseconds guess = track.last_dts.value_or(Nanoseconds(0)) + track.step;
  const Nanoseconds dts = media.dts ? *media.dts : media.pts.value_or(guess);
  const Nanoseconds pts = media.pts.value_or(dts);

  if (track.last_dts && dts > *track.last_dts) track.step = dts - *track.last_dts;
  track.last_dts = dts;
  Nanoseconds duration = track.step.count() > 0 && track.step <= std::chrono::seconds(1)
                             ? track.step
                             : usual_duration(track.kind);
  if (GST_BUFFER_DURATION_IS_VALID(buffer) && GST_BUFFER_DURATION(buffer) > 0)
    duration = Nanoseconds(static_cast<gint64>(GST_BUFFER_DURATION(buffer)));

  const Timeline::Place place = timeline_.place(index, dts, duration);
  track.line_offset = place.offset;
  track.caps = media.caps;
  track.brought_media = true;
  had_media_ = true;

  Frame frame;
  frame.track = index;
  frame.kind = track.kind;
  frame.dts = place.time;
  frame.pts = pts + place.offset;
  frame.duration = duration;
  frame.source_pts = pts;
  frame.keyframe =
      track.kind == MediaKind::audio || !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  frame.breaks = place.breaks;
  frame.caps = std::move(media.caps);
  frame.buffer = std::move(media.buffer);
  return frame;
}

bool Intake::all_ended() const {
  return std::all_of(tracks_.begin(), tracks_.end(), [](const Track &t) { return t.ended; });
}

bool Intake::alive(MediaKind kind) const {
  for (std::size_t i = 0; i < tracks_.size(); ++i)
    if (tracks_[i].kind == kind && tracks_[i].brought_media && !silent(i)) return true;
  return false;
}

bool Intake::expected(MediaKind kind) const {
  return std::any_of(tracks_.begin(), tracks_.end(),
                     [&](const Track &t) { return t.kind == kind && !t.ended; });
}

}  // namespace rec
