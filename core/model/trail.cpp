// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/trail.h"

#include <algorithm>
#include <cstring>

namespace rec {
namespace {

constexpr Nanoseconds kRounding = std::chrono::milliseconds(2);
constexpr unsigned kReordered = 16;  // frames: the last one that was sent is not always the last one shown
constexpr Nanoseconds kFarthest = std::chrono::seconds(10);  // such frames are from each other

// Times that no publisher sends, but a damaged file may hold.
constexpr Nanoseconds kAbsurd = std::chrono::hours(24 * 365 * 100);

// A record: its type, flags, two bytes of zero, and then numbers, the least significant byte first.
constexpr char kFrame = 'F';
constexpr char kPeriod = 'P';
constexpr unsigned kVideo = 1, kKeyframe = 2, kBegins = 4;

std::uint64_t mixed(std::uint64_t state, std::uint64_t word) {
  state = (state ^ word) * 0x9e3779b97f4a7c15u;
  return state ^ state >> 32;
}

void put(std::string &out, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) out += static_cast<char>(value >> 8 * i & 0xff);
}

std::uint64_t get(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = size; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  return value;
}

// The same time or offset in both kinds of record.
Nanoseconds get_time(std::string_view record) {
  return Nanoseconds(static_cast<std::int64_t>(get(record, 16, 8)));
}

Nanoseconds distance(Nanoseconds a, Nanoseconds b) {
  const auto x = static_cast<std::uint64_t>(a.count());
  const auto y = static_cast<std::uint64_t>(b.count());
  const std::uint64_t d = a < b ? y - x : x - y;  // of hostile times it may be more than 2^63
  return Nanoseconds(static_cast<std::int64_t>(std::min<std::uint64_t>(d, INT64_MAX)));
}

}  // namespace

std::span<const std::uint8_t> last_slice(std::span<const std::uint8_t> picture) {
  for (std::size_t at = picture.size(); at >= 3; --at)
    if (picture[at - 1] == 1 && picture[at - 2] == 0 && picture[at - 3] == 0) return picture.subspan(at);
  return picture;
}

std::uint64_t frame_digest(std::span<const std::uint8_t> bytes) {
  std::uint64_t state = bytes.size();
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, 8);
    state = mixed(state, word);
  }
  std::uint64_t rest = 0;
  for (; at < bytes.size(); ++at) rest = rest << 8 | bytes[at];
  return mixed(mixed(state, rest), bytes.size());
}

void Trail::add(const TrailFrame &frame) {
  frames_.push_back({frame, period_});
  if (frames_.size() <= kMostFrames) return;
  frames_.pop_front();
  ++dropped_;
}

void Trail::keep_listed(std::uint64_t next, const std::optional<SegmentFrames> &salvaged) {
  std::uint64_t video = 0, audio = 0;
  std::deque<Entry> kept;
  for (const Entry &entry : frames_) {
    if (entry.frame.segment >= next) continue;
    if (salvaged && entry.frame.segment == salvaged->segment) {
      const bool is_video = entry.frame.kind == MediaKind::video;
      if (is_video ? video++ >= salvaged->video : audio++ >= salvaged->audio) continue;
    }
    kept.push_back(entry);
  }
  frames_ = std::move(kept);
  if (const auto last = last_period()) period_ = *last;
}

void Trail::forget_beginnings() {
  for (Entry &entry : frames_) entry.frame.begins = false;
}

const TrailFrame *Trail::find(const TrailFrame &frame, std::uint64_t total) const {
  const std::size_t known = total <= dropped_ ? 0 : std::min<std::size_t>(total - dropped_, frames_.size());
  const auto end = frames_.begin() + static_cast<std::ptrdiff_t>(known);
  const auto found = std::find_if(frames_.begin(), end, [&](const Entry &entry) {
    return entry.frame.digest == frame.digest && entry.frame.kind == frame.kind &&
           distance(entry.frame.time, frame.time) <= kRounding;
  });
  return found == end ? nullptr : &found->frame;
}

std::optional<TrailPeriod> Trail::last_period() const {
  if (frames_.empty()) return std::nullopt;
  return frames_.back().period;
}

std::optional<Trail::End> Trail::end(MediaKind kind) const {
  std::optional<End> end;
  Nanoseconds latest{0};
  unsigned seen = 0;
  for (auto entry = frames_.rbegin(); entry != frames_.rend() && seen < kReordered; ++entry) {
    if (!(entry->period == frames_.back().period)) break;
    const TrailFrame &frame = entry->frame;
    if (frame.kind != kind) continue;
    if (seen++ == 0) latest = frame.time;
    if (distance(frame.time, latest) > kFarthest) break;
    const Nanoseconds until = frame.time + frame.duration;
    if (!end) end = End{until, frame.duration};
    end->time = std::max(end->time, until);
  }
  return end;
}

bool Trail::goes_on_at(MediaKind kind, Nanoseconds first) const {
  const auto last = end(kind);
  if (!last) return false;
  return first >= last->time ? distance(first, last->time) <= last->frame + kRounding
                             : distance(first, last->time) <= last->frame / 2 + kRounding;
}

std::string Trail::record_of(const TrailPeriod &period) {
  std::string out;
  out.reserve(kRecordBytes);
  put(out, static_cast<std::uint8_t>(kPeriod), 8);
  put(out, period.encoding, 8);
  put(out, static_cast<std::uint64_t>(period.offset.count()), 8);
  put(out, 0, 8);
  return out;
}

std::string Trail::record_of(const TrailFrame &frame) {
  const unsigned flags = (frame.kind == MediaKind::video ? kVideo : 0) | (frame.keyframe ? kKeyframe : 0) |
                         (frame.begins ? kBegins : 0);
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(frame.duration).count();
  std::string out;
  out.reserve(kRecordBytes);
  put(out, static_cast<std::uint8_t>(kFrame) | flags << 8, 4);
  put(out, static_cast<std::uint64_t>(std::clamp<std::int64_t>(us, 0, UINT32_MAX)), 4);
  put(out, frame.digest, 8);
  put(out, static_cast<std::uint64_t>(frame.time.count()), 8);
  put(out, frame.segment, 8);
  return out;
}

std::string Trail::records() const {
  std::string out;
  for (std::size_t i = 0; i < frames_.size(); ++i) {
    if (i == 0 || !(frames_[i].period == frames_[i - 1].period)) out += record_of(frames_[i].period);
    out += record_of(frames_[i].frame);
  }
  return out;
}

Trail Trail::from_records(std::string_view bytes) {
  Trail trail;
  bool has_period = false;
  for (; bytes.size() >= kRecordBytes; bytes.remove_prefix(kRecordBytes)) {
    const auto flags = static_cast<std::uint8_t>(bytes[1]);
    if (get_time(bytes) < -kAbsurd || get_time(bytes) > kAbsurd) break;
    if (bytes[0] == kPeriod) {
      has_period = true;
      trail.begin_period({get(bytes, 8, 8), get_time(bytes)});
    } else if (bytes[0] == kFrame && has_period && flags <= (kVideo | kKeyframe | kBegins)) {
      TrailFrame frame;
      frame.kind = flags & kVideo ? MediaKind::video : MediaKind::audio;
      frame.keyframe = flags & kKeyframe;
      frame.begins = flags & kBegins;
      frame.duration = std::chrono::microseconds(static_cast<std::int64_t>(get(bytes, 4, 4)));
      frame.digest = get(bytes, 8, 8);
      frame.time = get_time(bytes);
      frame.segment = get(bytes, 24, 8);
      trail.add(frame);
    } else {
      break;
    }
  }
  return trail;
}

}  // namespace rec
