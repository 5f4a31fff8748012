// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <vector>

namespace rec {

// What all stores keep to (spec 7.6).
inline constexpr std::uint64_t kMaxParts = 10'000;
inline constexpr std::uint64_t kSmallestPart = std::uint64_t{5} << 20;  // but for the last one
inline constexpr std::uint64_t kLargestPart = std::uint64_t{5} << 30;

// A file that is longer goes up in parts, so that little of it is sent again when the uploader dies.
inline constexpr std::uint64_t kLongestSinglePut = std::uint64_t{16} << 20;

// A file that still grows goes up from this length on: long enough to go up in parts whatever is cut off it
// after a crash.
inline constexpr std::uint64_t kLeastGrown = std::uint64_t{24} << 20;

// How much of one file may be on its way: more than one part only while they are no more than this
// together, so that a kill costs no more than that, or one longer part.
inline constexpr std::uint64_t kMostInFlight = std::uint64_t{16} << 20;
inline bool fits_in_flight(std::uint64_t bytes_in_flight, std::uint64_t part_bytes) {
  return bytes_in_flight == 0 || bytes_in_flight + part_bytes <= kMostInFlight;
}

// A stretch of the file that is one part of its object.
struct PartRange {
  unsigned number = 0;  // from 1
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  bool operator==(const PartRange &) const = default;
};

// The parts of a file. Where they begin depends on their numbers alone, so that whoever goes on with an
// upload cuts as it was cut, and that a file can go up whose length nobody knows yet: 5 MiB up to 10 GiB,
// 16 MiB up to 80 GiB (12 hours of 15 Mbit/s), 128 MiB up to 392 GiB, then 5 GiB. Empty: no object can be so
// long (5.3 TiB).
std::vector<PartRange> parts_of(std::uint64_t file_bytes);

// Those parts of a file that still grows that will not change any more: whole ones, but not the first, whose
// header is written anew when the file is closed.
std::vector<PartRange> settled_parts_of(std::uint64_t bytes_so_far);

}  // namespace rec
