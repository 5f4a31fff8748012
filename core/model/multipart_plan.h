// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <vector>

namespace rec {

// What all stores keep to (spec 7.6).
inline constexpr std::uint64_t kMaxParts = 10'000;
inline constexpr std::uint64_t kLargestPart = std::uint64_t{5} << 30;

// A file that is longer goes up in parts: no more than one of them is sent again when the uploader dies.
inline constexpr std::uint64_t kLongestSinglePut = std::uint64_t{32} << 20;

// A file that still grows goes up from this length on: long enough to go up in parts whatever is cut off it
// after a crash.
inline constexpr std::uint64_t kLeastGrown = std::uint64_t{48} << 20;

// A stretch of the file that is one part of its object.
struct PartRange {
  unsigned number = 0;  // from 1
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  bool operator==(const PartRange &) const = default;
};

// The parts of a file. Where they begin depends on their numbers alone, so that whoever goes on with an
// upload cuts as it was cut, and that a file can go up whose length nobody knows yet: 16 MiB up to 93 GiB
// (12 hours of 18 Mbit/s), 128 MiB up to 468 GiB, then 5 GiB. Empty: no object can be so long (5.3 TiB).
std::vector<PartRange> parts_of(std::uint64_t file_bytes);

// Those parts of a file that still grows that will not change any more: whole ones, but not the first, whose
// header is written anew when the file is closed.
std::vector<PartRange> settled_parts_of(std::uint64_t bytes_so_far);

}  // namespace rec
