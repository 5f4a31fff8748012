// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/common/intake.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "gst/common/encoding.h"

namespace rec {
namespace {

constexpr Nanoseconds kTooLate = std::chrono::seconds(1);
constexpr Nanoseconds kFarthestGap = std::chrono::hours(24 * 3653);
constexpr std::size_t kFrameCosts = 512;  // bytes, beside the media

// Only to tell a slow track from a dead one.
Nanoseconds arrival_time() { return std::chrono::steady_clock::now().time_since_epoch(); }

// Where times are equal video goes first: files begin with it.
Nanoseconds order_of(const Frame &frame) {
  return frame.kind == MediaKind::video ? frame.dts : frame.pts + Nanoseconds(1);
}

std::string in_seconds(Nanoseconds time) {
  char text[40];
  std::snprintf(text, sizeof text, "%.3f s", std::chrono::duration<double>(time).count());
  return text;
}

ExceptionType either(MediaKind kind, ExceptionType video, ExceptionType audio) {
  return kind == MediaKind::video ? video : audio;
}

std::string in_text(const PictureSize &size) {
  return std::to_string(size.width) + "x" + std::to_string(size.height);
}

}  // namespace

IntakeLedger &IntakeLedger::operator+=(const IntakeLedger &other) {
  received += other.received;
  handed_on += other.handed_on;
  held += other.held;
  refused += other.refused;
  empty += other.empty;
  after_end += other.after_end;
  estimated += other.estimated;
  video += other.video;
  bytes += other.bytes;
  held_bytes += other.held_bytes;
  return *this;
}

StructurePtr structure_of(const IntakeLedger &ledger) {
  const auto count = [](std::uint64_t n) { return static_cast<guint64>(n); };
  StructurePtr intake(gst_structure_new(
      "intake", "received", G_TYPE_UINT64, count(ledger.received), "handed-on", G_TYPE_UINT64,
      count(ledger.handed_on), "held", G_TYPE_UINT64, count(ledger.held), "dropped-refused", G_TYPE_UINT64,
      count(ledger.refused), "dropped-empty", G_TYPE_UINT64, count(ledger.empty), "dropped-after-end",
      G_TYPE_UINT64, count(ledger.after_end), "estimated-times", G_TYPE_UINT64, count(ledger.estimated),
      "video-frames", G_TYPE_UINT64, count(ledger.video), "audio-frames", G_TYPE_UINT64,
      count(ledger.received - ledger.video), "bytes", G_TYPE_UINT64, count(ledger.bytes), "held-bytes",
      G_TYPE_UINT64, count(ledger.held_bytes), nullptr));
  if (ledger.silent_for)
    gst_structure_set(intake.get(), "silent-for", G_TYPE_UINT64,
                      static_cast<guint64>(ledger.silent_for->count()), nullptr);
  return intake;
}

std::size_t Intake::add_track(MediaKind kind, const std::string &name) {
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    Track &track = tracks_[i];
    if (!track.removed || track.kind != kind || order_.holds(i)) continue;
    gone_ += track.ledger;
    track = Track(kind, name);
    timeline_.forget(i);
    order_.forget_track(i);
    return i;
  }
  tracks_.emplace_back(kind, name);
  return order_.add_track();
}

void Intake::remove_track(std::size_t track) {
  end(track);
  tracks_[track].removed = true;
}

void Intake::reset() {
  timeline_ = Timeline(settings_.limits);
  order_ = Interleaver<Frame>(settings_.patience);
  gone_ = {};
  had_media_ = false;
  arrived_.reset();
  handed_on_ = Nanoseconds::min();
  for (Track &track : tracks_) {
    const bool removed = track.removed;
    track = Track(track.kind, track.name);
    const std::size_t index = order_.add_track();
    if (removed) remove_track(index);
  }
}

void Intake::begin(std::size_t index) {
  Track &track = tracks_[index];
  track.tags = {};
  if (!track.ended || track.removed) return;
  if (all_ended() && had_media_) {  // another push: what the last one brought is waited for
    timeline_.restart();
    for (std::size_t i = 0; i < tracks_.size(); ++i)
      if (tracks_[i].brought_media && !tracks_[i].removed) order_.begin_track(i);
  }
  track.ended = false;
  track.clock.restart();
  order_.begin_track(index);
}

void Intake::set_tags(std::size_t index, Ref<GstTagList> tags) {
  const bool is_global = gst_tag_list_get_scope(tags.get()) == GST_TAG_SCOPE_GLOBAL;
  tracks_[index].tags[is_global ? 1 : 0] = std::move(tags);
}

void Intake::end(std::size_t index) {
  Track &track = tracks_[index];
  if (!track.ended && !track.brought_media && had_media_) tell_silent(track);
  track.ended = true;
  order_.end_track(index);
}

void Intake::end_push() {
  if (had_media_) timeline_.restart();
}

void Intake::flush(std::size_t track) {
  begin(track);  // an EOS is flushed, too
  timeline_.restart(track);
  tracks_[track].clock.restart();
}

void Intake::receive(Track &track) {
  ++track.ledger.received;
  track.ledger.video += track.kind == MediaKind::video;
}

void Intake::drop_refused(std::size_t index) {
  Track &track = tracks_[index];
  receive(track);
  ++track.ledger.refused;
  note(either(track.kind, ExceptionType::video_dropped, ExceptionType::audio_dropped), track,
       "not recorded: a warning says why");
}

void Intake::drop_empty(std::size_t index) {
  Track &track = tracks_[index];
  receive(track);
  ++track.ledger.empty;
  note(either(track.kind, ExceptionType::video_dropped, ExceptionType::audio_dropped), track,
       "a buffer without bytes");
}

void Intake::push(std::size_t index, ParsedBuffer media, const Out &out) {
  Track &track = tracks_[index];
  receive(track);
  if (track.ended) {
    ++track.ledger.after_end;
    note(either(track.kind, ExceptionType::video_dropped, ExceptionType::audio_dropped), track,
         "it came after the end of the stream");
    return;
  }
  const std::size_t size = gst_buffer_get_size(media.buffer.get());
  track.ledger.bytes += size;
  Frame frame = frame_of(index, std::move(media));
  const Nanoseconds time = order_of(frame);
  const Nanoseconds now = arrival_time();
  track.told_silent = false;
  arrived_ = now;
  order_.push(index, time, now, std::move(frame), size + kFrameCosts);
  for (std::size_t i = 0; i < tracks_.size(); ++i)
    if (tracks_[i].gap_until) skip_gap(i, now);
  if (order_.held() >= settings_.burst || order_.held_bytes() > settings_.patience.most_bytes)
    release(now, out);
}

void Intake::gap(std::size_t index, Nanoseconds until, const Out &out) {
  if (until < -kFarthestGap || until > kFarthestGap) return;
  tracks_[index].gap_until = until;
  if (!had_media_) return;
  const Nanoseconds now = arrival_time();
  skip_gap(index, now);
  if (order_.held() >= settings_.burst) release(now, out);
}

// A track that has brought no media yet is in the newest period.
void Intake::skip_gap(std::size_t index, Nanoseconds now) {
  Track &track = tracks_[index];
  order_.advance(index, *track.gap_until + track.line_offset.value_or(timeline_.offset()), now);
  if (track.line_offset) track.gap_until.reset();
}

void Intake::release(Nanoseconds now, const Out &out) {
  order_.release(now, [&](Frame frame) { hand_on(std::move(frame), out); });
  for (std::size_t i = 0; i < tracks_.size(); ++i)
    if (order_.stalled(i)) tell_silent(tracks_[i]);
}

void Intake::drain(const Out &out) {
  order_.drain([&](Frame frame) { hand_on(std::move(frame), out); });
}

void Intake::hand_on(Frame frame, const Out &out) {
  Track &track = tracks_[frame.track];
  ++track.ledger.handed_on;
  const Nanoseconds time = order_of(frame);
  if (handed_on_ > time && handed_on_ - time > kTooLate)
    note(ExceptionType::out_of_sync, track,
         "it is " + in_seconds(handed_on_ - time) + " behind what other tracks brought before it");
  handed_on_ = std::max(handed_on_, time);
  out(std::move(frame));
}

void Intake::note(ExceptionType type, const Track &track, std::string description) {
  if (note_) note_(type, track.name, std::move(description));
}

void Intake::tell_silent(Track &track) {
  if (std::exchange(track.told_silent, true)) return;
  note(either(track.kind, ExceptionType::no_video, ExceptionType::no_audio), track,
       track.brought_media ? "it brings nothing any more: nobody waits for it"
                           : "it was announced and brought nothing");
}

void Intake::judge(const Track &track, const FrameTimes &times, const Timeline::Place &place) {
  using T = ExceptionType;
  const MediaKind kind = track.kind;
  if (times.illegal)
    note(either(kind, T::illegal_video_time, T::illegal_audio_time), track,
         "a timestamp or a duration is missing or cannot be true: the time was estimated");
  if (times.frozen)
    note(either(kind, T::video_frozen, T::audio_frozen), track,
         "the same time for more than a second of media: the time was estimated");
  if (times.uneven)
    note(either(kind, T::video_uneven, T::audio_uneven), track,
         "a quarter of the last 64 frames came at another distance than usual");
  if (times.long_gop) note(T::long_gop, track, "no keyframe for more than ten seconds");
  if (place.jumps)
    note(either(kind, T::video_jump, T::audio_jump), track,
         (place.step < Nanoseconds(0) ? "back by " + in_seconds(-place.step)
                                      : "forward by " + in_seconds(place.step)) +
             (place.breaks ? ": a new period begins" : ""));
}

void Intake::judge_encoding(const Track &track, const Ref<GstCaps> &caps) {
  if (track.kind != MediaKind::video || !track.caps || track.caps.get() == caps.get()) return;
  const std::string was = codec_name(track.caps);
  const std::string is = codec_name(caps);
  if (was != is) note(ExceptionType::codec_changed, track, "from " + was + " to " + is);
  const PictureSize before = picture_size(track.caps);
  const PictureSize now = picture_size(caps);
  if (before.width != now.width || before.height != now.height)
    note(ExceptionType::resolution_changed, track, "from " + in_text(before) + " to " + in_text(now));
}

Frame Intake::frame_of(std::size_t index, ParsedBuffer media) {
  Track &track = tracks_[index];
  GstBuffer *buffer = media.buffer.get();
  const bool keyframe =
      track.kind == MediaKind::audio || !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  SentTimes sent;
  sent.dts = media.dts;
  sent.pts = media.pts;
  sent.repeats = media.repeats;
  sent.may_reorder = !media.dts && track.kind == MediaKind::video && may_reorder(media.caps);
  if (GST_BUFFER_DURATION_IS_VALID(buffer))
    sent.duration = Nanoseconds(
        static_cast<gint64>(std::min(GST_BUFFER_DURATION(buffer), static_cast<GstClockTime>(G_MAXINT64))));

  const FrameTimes times = track.clock.read(sent, keyframe, timeline_.now());
  const Timeline::Place place = timeline_.place(index, times.dts, times.duration);
  judge(track, times, place);
  judge_encoding(track, media.caps);
  track.ledger.estimated += times.estimated && times.illegal;
  track.line_offset = place.offset;
  track.caps = media.caps;
  track.brought_media = true;
  had_media_ = true;

  Frame frame;
  frame.track = index;
  frame.kind = track.kind;
  frame.dts = place.time;
  frame.pts = times.pts + place.offset;
  if (place.time > times.dts + place.offset) frame.pts = std::max(frame.pts, place.time);  // not back
  frame.duration = times.duration;
  frame.source_pts = times.pts;
  frame.sent_at = media.sent_at;
  frame.keyframe = keyframe;
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

TrackStates Intake::states() const {
  TrackStates states;
  states.tracks.reserve(tracks_.size());
  for (std::size_t i = 0; i < tracks_.size(); ++i)
    states.tracks.push_back({tracks_[i].kind, caps(i), silent(i), tracks_[i].brought_media});
  return states;
}

bool Intake::expected(MediaKind kind) const {
  return std::any_of(tracks_.begin(), tracks_.end(),
                     [&](const Track &t) { return t.kind == kind && !t.ended; });
}

IntakeLedger Intake::ledger(std::size_t track) const {
  IntakeLedger ledger = tracks_[track].ledger;
  ledger.held = order_.count(track);
  return ledger;
}

IntakeLedger Intake::total() const {
  IntakeLedger total = gone_;
  for (std::size_t i = 0; i < tracks_.size(); ++i) total += ledger(i);
  total.held_bytes = order_.held_bytes();
  if (arrived_) total.silent_for = std::max(Nanoseconds(0), arrival_time() - *arrived_);
  return total;
}

}  // namespace rec
