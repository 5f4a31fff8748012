// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/config_parts.h"

namespace rec {
namespace {

constexpr Seconds kLongestKept{std::chrono::hours(24) * 1500};  // as retention
constexpr std::int64_t kMostFree = std::int64_t{1} << 50;       // bytes

}  // namespace

std::optional<Seconds> read_keep_local(ConfigNotes &notes, const Field &field) {
  if (field.value.kind == JsonValue::Kind::string && field.value.string == "forever") return std::nullopt;
  return read_duration(notes.problems, field, Seconds(0), kLongestKept);
}

SpoolPolicy read_spool(ConfigNotes &notes, const Field &field) {
  SpoolPolicy policy;
  ObjectReader reader(notes.problems, field);
  if (const auto least = reader.need("min-free", "a number of bytes"))
    policy.min_free_bytes =
        static_cast<std::uint64_t>(read_count(notes.problems, *least, 1, kMostFree).value_or(1));
  if (const auto low = reader.take("when-low"))
    policy.deletes_uploaded =
        read_word(notes.problems, *low, {"delete-uploaded", "keep"}).value_or("keep") == "delete-uploaded";
  reader.finish();
  return policy;
}

}  // namespace rec
