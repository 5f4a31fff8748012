// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <optional>
#include <span>
#include <utility>

#include "core/model/container_repair.h"

namespace rec {

// What a file that was joined from parts holds.
struct JoinedMedia {
  std::uint64_t size_bytes = 0;  // of the file
  Nanoseconds duration{0};
  std::uint64_t video_frames = 0;
  std::uint64_t audio_frames = 0;
  std::size_t parts = 0;          // how many of those that were given, from the first on
  std::optional<Error> left_out;  // why the next one does not continue them; nothing: all are in it
};

// Joins as many of `parts`, from the first on, as fit. A planner has add(), which refuses with a
// reason what does not continue what it has, and finish(), whose value has JoinedMedia in `media`.
template <typename Planner, typename Source>
auto plan_join(Planner planner, std::span<const Source> parts) -> decltype(planner.finish()) {
  if (parts.empty()) return Error{Errc::invalid_argument, "there is nothing to be joined"};
  std::optional<Error> left_out;
  for (std::size_t i = 0; i < parts.size() && !left_out; ++i) {
    const Status added = planner.add(parts[i]);
    if (!added && i == 0) return added.error();
    if (!added) left_out = added.error();
  }
  auto join = planner.finish();
  if (join) join->media.left_out = std::move(left_out);
  return join;
}

}  // namespace rec
