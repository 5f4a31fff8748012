// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/model/format.h"

namespace rec {

// A coded frame that was recorded, by what it is known again.
struct TrailFrame {
  MediaKind kind = MediaKind::video;
  bool keyframe = false;     // audio frames always are
  bool begins = false;       // the first one of a push that did not continue the one before
  std::uint64_t digest = 0;  // frame_digest() of its bytes, of a picture those of last_slice()
  Nanoseconds time{0};       // PTS, as the publisher sent it (running time)
  Nanoseconds duration{0};
  std::uint64_t segment = 0;  // media sequence number of the segment that it is in
  bool operator==(const TrailFrame &) const = default;
};

// What frames have in common that can be played without a discontinuity.
struct TrailPeriod {
  std::uint64_t encoding = 0;  // digest of what the decoders of all tracks are set up with
  Nanoseconds offset{0};       // what was added to the publisher's times to give those in the segments
  bool operator==(const TrailPeriod &) const = default;
};

// How many frames a segment that a dead process left was found to hold.
struct SegmentFrames {
  std::uint64_t segment = 0;  // its media sequence number
  std::uint64_t video = 0;
  std::uint64_t audio = 0;
};

// Of a picture what follows its last start code (00 00 01: ISO/IEC 14496-10 annex B, 14496-2), the last
// slice. Parsers put parameter sets before it, now more, now fewer. Everything where there is no start code.
std::span<const std::uint8_t> last_slice(std::span<const std::uint8_t> picture);

// Not cryptographic: tells frames of one stream apart.
std::uint64_t frame_digest(std::span<const std::uint8_t> bytes);

// The end of a recording: its last frames, in the order in which they were recorded. From it follows whether
// what comes after an interruption continues it, and what of it was recorded already. Lives on in a file of
// records beside the playlist; a push that finds it continues as if it had recorded those frames itself.
//
// Holds the last kMostFrames frames, about a minute of media, in 300 kB.
class Trail {
 public:
  static constexpr std::size_t kMostFrames = 4096;
  static constexpr std::size_t kRecordBytes = 32;
  static constexpr std::size_t kMostBytes = 3 * kMostFrames * kRecordBytes;  // of a file

  // The frames that follow are of this period.
  void begin_period(const TrailPeriod &period) { period_ = period; }
  void add(const TrailFrame &frame);
  // Forgets what the playlist does not list: frames from segment `next` on, and of `salvaged`, a segment
  // that was cut to its whole frames, all but those that it holds.
  void keep_listed(std::uint64_t next, const std::optional<SegmentFrames> &salvaged);
  // The recorder died: what is sent from the beginning is no programme that is played once more.
  void forget_beginnings();
  void clear() { *this = Trail(); }

  bool empty() const { return frames_.empty(); }
  std::size_t size() const { return frames_.size(); }
  std::uint64_t total() const { return dropped_ + frames_.size(); }  // ever added
  // The frame of the same kind, bytes and time (within two milliseconds: containers round) among the first
  // `total` that were ever added.
  const TrailFrame *find(const TrailFrame &frame, std::uint64_t total) const;
  // Where the last frames of this kind end, and how long the last one is; none if the last period has none.
  struct End {
    Nanoseconds time;
    Nanoseconds frame;
  };
  std::optional<End> end(MediaKind kind) const;
  // The period of the last frame.
  std::optional<TrailPeriod> last_period() const;
  // Whether a frame sent for `first` follows the last one of its kind: within a frame, so that timestamps
  // that were rounded, or one frame that was lost, break nothing.
  bool goes_on_at(MediaKind kind, Nanoseconds first) const;

  // Records of a file: one after the other they give the trail again. Of bytes that are none, what precedes
  // them is read.
  std::string records() const;
  static std::string record_of(const TrailPeriod &period);
  static std::string record_of(const TrailFrame &frame);
  static Trail from_records(std::string_view bytes);

 private:
  struct Entry {
    TrailFrame frame;
    TrailPeriod period;
  };
  TrailPeriod period_;
  std::deque<Entry> frames_;
  std::uint64_t dropped_ = 0;  // that were before frames_
};

}  // namespace rec
