// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/base/clock.h"

namespace rec {

inline constexpr std::size_t kTsPacketSize = 188;  // ISO/IEC 13818-1, 2.4.3.2

// What an elementary stream of a transport stream holds. Times are presentation times since the 90 kHz
// clock's zero, the wrap at 2^33 undone relative to the stream's first one.
struct TsTrack {
  std::uint16_t pid = 0;
  bool is_video = false;         // else audio; other kinds of stream are not tracks
  std::uint64_t frames = 0;      // PES packets with a PTS
  bool starts_with_key = false;  // random_access_indicator on the first one
  Nanoseconds first{0};          // PTS of the first frame in the file
  Nanoseconds earliest{0};       // least PTS; differs from `first` for reordered frames only
  Nanoseconds latest{0};         // greatest PTS

  // One frame's length: the mean distance of frames; nothing for a single frame.
  Nanoseconds frame() const;
};

// continuity_counter (ISO/IEC 13818-1, 2.4.3.3) of the last packet of each PID.
using TsCounters = std::map<std::uint16_t, std::uint8_t>;

struct TsScan {
  // The longest prefix of whole packets in which every PES packet is complete. Right for writers that write
  // one PES packet at a time, as mpegtsmux does: the last one counts when its declared length is there.
  std::uint64_t complete_bytes = 0;
  bool starts_with_tables = false;  // the first packet opens the PAT
  std::vector<TsTrack> tracks;      // in order of appearance
  TsCounters counters;              // behind the last packet

  // Media from the first frame of the leading track (video if there is one) to the end of the last frame.
  Nanoseconds duration() const;
  // True when a player can start with it: tables, then a keyframe if there is video.
  bool is_segment() const;
};

// Reads an MPEG transport stream piece by piece. Total over any bytes: what is no transport stream ends the
// scan where it begins to differ. Memory is bounded; time is one look at each packet's header.
class TsScanner {
 public:
  void feed(std::span<const std::uint8_t> bytes);
  // What was found in all bytes fed so far.
  TsScan result() const;

 private:
  struct Pes {
    std::uint64_t at = 0;  // where its first packet starts
    std::uint16_t pid = 0;
    std::uint64_t missing = 0;  // bytes still owed; meaningless when unbounded
    bool unbounded = false;     // a declared length of 0: complete when the next PES packet starts
    bool is_video = false;
    bool random_access = false;
    std::optional<std::uint64_t> pts;  // 90 kHz; of video and audio
  };

  void packet(std::span<const std::uint8_t, kTsPacketSize> p);
  void start_pes(std::uint16_t pid, bool random_access, std::span<const std::uint8_t> payload);
  static void count(const Pes &pes, std::vector<TsTrack> &tracks);

  std::array<std::uint8_t, kTsPacketSize> carry_{};  // a packet whose end was not fed yet
  std::size_t carried_ = 0;
  bool lost_ = false;         // not a transport stream from offset_ on
  std::uint64_t offset_ = 0;  // whole packets read, bytes
  std::optional<Pes> open_;   // the last PES packet that started
  TsScan found_;
};

// The whole of a file in memory.
TsScan scan_ts(std::span<const std::uint8_t> bytes);

// Adds `ticks` of the 90 kHz clock, modulo 2^33, to every PTS, DTS and PCR in whole packets. What is no
// packet is left as it is.
void shift_ts(std::span<std::uint8_t> packets, std::int64_t ticks);
std::int64_t to_ts_ticks(Nanoseconds time);  // rounded up

// Makes the packets of another multiplexer continue those of the one before: a receiver that is not told of a
// discontinuity takes a counter that jumps for lost packets.
class TsCounterLine {
 public:
  // What comes follows a packet with these counters.
  explicit TsCounterLine(TsCounters last = {}) : last_(std::move(last)) {}
  void apply(std::span<std::uint8_t> packets);

 private:
  TsCounters last_;
  TsCounters steps_;  // what is added to a PID's counters, modulo 16
};

}  // namespace rec
