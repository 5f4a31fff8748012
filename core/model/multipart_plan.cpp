// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/multipart_plan.h"

#include <algorithm>

namespace rec {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kUsualPart = 16 * kMiB;

}  // namespace

std::uint64_t part_bytes_of(std::uint64_t file_bytes) {
  const std::uint64_t needed = file_bytes / kMaxParts + (file_bytes % kMaxParts > 0 ? 1 : 0);
  if (needed > kLargestPart) return 0;
  const std::uint64_t whole = (needed + kMiB - 1) / kMiB * kMiB;
  return std::max(kUsualPart, whole);
}

std::vector<PartRange> parts_of(std::uint64_t file_bytes) {
  std::vector<PartRange> parts;
  const std::uint64_t length = part_bytes_of(file_bytes);
  if (length == 0) return parts;
  for (std::uint64_t at = 0; at < file_bytes; at += length)
    parts.push_back(
        {static_cast<unsigned>(parts.size() + 1), at, std::min<std::uint64_t>(length, file_bytes - at)});
  return parts;
}

}  // namespace rec
