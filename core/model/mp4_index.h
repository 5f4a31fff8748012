// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/model/mp4_boxes.h"

namespace rec {

class ByteReader;

// Of a moov box that is read into memory, bytes; more is no honest file.
inline constexpr std::uint64_t kLargestMoov = 256U << 20;

// What a moov says about each sample of one track; a few bytes per sample. ISO/IEC 14496-12, 8.6 and 8.7.
class Mp4SampleTable {
 public:
  struct Sample {
    std::uint32_t size = 0;
    std::uint32_t duration = 0;           // in the track's timescale
    std::int32_t composition_offset = 0;  // presentation less decoding
    bool is_sync = true;
  };

  // Reads the payload of a stbl. Hostile bytes are fine; see is_whole().
  void read(Bytes stbl);
  // Samples that lie one behind the other in the file.
  void add_chunk(std::uint64_t at, const std::vector<Sample> &samples);
  // The next sample's decoding time: the one before it lasts until then.
  void continue_at(std::uint64_t time);
  void move(std::uint64_t by);  // all chunks
  // The samples of another file behind these: its byte 0 will lie at `at`, its first sample is decoded at
  // `time`, duration() or later. False when that cannot be told; the table is of no use then.
  bool append(const Mp4SampleTable &next, std::uint64_t at, std::uint64_t time);

  // Whether the tables agree about how many samples there are.
  bool is_whole() const;
  std::uint64_t samples() const { return timed_; }
  std::uint64_t duration() const { return duration_; }
  // Where the samples lie: from the first byte of the first to behind the last; nothing when there is none,
  // or when no file can be that long. Of a whole table.
  struct Extent {
    std::uint64_t begin;
    std::uint64_t end;
  };
  std::optional<Extent> extent() const;
  // Of a whole table, in decoding order.
  struct Placed {
    std::uint64_t number = 0;  // from 0
    std::uint64_t at = 0;      // in the file
    std::uint64_t time = 0;    // when it is decoded
    std::size_t chunk = 0;
    Sample sample;
    std::int64_t shown() const { return static_cast<std::int64_t>(time) + sample.composition_offset; }
  };
  void each_sample(const std::function<void(const Placed &)> &see) const;
  Mp4SampleTable cut(std::uint64_t first, std::uint64_t behind_last) const;  // those samples, where they lie
  // The boxes stts, ctts, stss, stsc, stsz and stco or co64; what is all alike is left out.
  std::string write() const;

 private:
  template <typename T>
  struct Run {
    std::uint32_t count;
    T value;
  };
  struct Chunk {
    std::uint64_t at;
    std::uint32_t samples;
  };

  void add_duration(std::uint32_t count, std::uint32_t duration);
  void add_offset(std::uint32_t count, std::int32_t offset);
  void read_sizes(ByteReader &stsz);
  void read_chunks(Bytes stsc);
  void read_table(std::uint32_t type, Bytes payload);
  std::string write_times() const;
  std::string write_places() const;

  std::vector<Run<std::uint32_t>> durations_;
  std::vector<Run<std::int32_t>> offsets_;
  std::vector<std::uint32_t> sync_;  // numbers of the sync samples, from 1
  std::vector<std::uint32_t> sizes_;
  std::vector<Chunk> chunks_;
  std::uint64_t timed_ = 0;    // samples in durations_
  std::uint64_t shifted_ = 0;  // samples in offsets_
  std::uint64_t placed_ = 0;   // samples in chunks_
  std::uint64_t duration_ = 0;
  bool all_sync_ = true;
};

// By track id.
using Mp4SampleTables = std::map<std::uint32_t, Mp4SampleTable>;

// The tables of a moov's payload.
Mp4SampleTables mp4_sample_tables(Bytes moov);

// The payload of a moov again, in which each of these tracks is shown from so far on: edit lists and no
// others. By track id, in the track's timescale: when its first sample is decoded, on the line of the file.
std::vector<std::uint8_t> mp4_moov_with_edits(Bytes moov,
                                              const std::map<std::uint32_t, std::int64_t> &begins);

// The moov box again, with these tables and the durations that follow from them, and without what it says
// about fragments. `moov`: payload.
std::string mp4_moov_with(Bytes moov, const Mp4SampleTables &tables);

}  // namespace rec
