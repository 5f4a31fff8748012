// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/multipart_plan.h"

#include <algorithm>

namespace rec {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

// Parts up to number `last` are so long.
struct Tier {
  unsigned last;
  std::uint64_t bytes;
};
constexpr Tier kTiers[] = {
    {2000, kSmallestPart}, {6500, kMostInFlight}, {9000, 128 * kMiB}, {kMaxParts, kLargestPart}};

std::uint64_t bytes_of_part(unsigned number) {
  return std::find_if(std::begin(kTiers), std::end(kTiers), [&](const Tier &t) { return number <= t.last; })
      ->bytes;
}

}  // namespace

std::vector<PartRange> parts_of(std::uint64_t file_bytes) {
  std::vector<PartRange> parts;
  for (std::uint64_t at = 0; at < file_bytes;) {
    const auto number = static_cast<unsigned>(parts.size() + 1);
    if (number > kMaxParts) return {};
    const std::uint64_t bytes = std::min(bytes_of_part(number), file_bytes - at);
    parts.push_back({number, at, bytes});
    at += bytes;
  }
  return parts;
}

std::vector<PartRange> settled_parts_of(std::uint64_t bytes_so_far) {
  if (bytes_so_far < kLeastGrown) return {};
  std::vector<PartRange> parts = parts_of(bytes_so_far);
  if (parts.empty()) return {};
  if (parts.back().bytes < bytes_of_part(parts.back().number)) parts.pop_back();
  parts.erase(parts.begin());
  return parts;
}

}  // namespace rec
