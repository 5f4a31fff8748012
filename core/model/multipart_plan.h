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

// A stretch of the file that is one part of its object.
struct PartRange {
  unsigned number = 0;  // from 1
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  bool operator==(const PartRange &) const = default;
};

// How long all parts but the last are: 16 MiB, or as many whole MiB as 10,000 parts need. The same for the
// same length, so that whoever goes on with an upload cuts as it was cut. 0: no object can be so long.
std::uint64_t part_bytes_of(std::uint64_t file_bytes);

std::vector<PartRange> parts_of(std::uint64_t file_bytes);

}  // namespace rec
