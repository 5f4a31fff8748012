// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/http_range.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace rec {
namespace {

// Digits alone; what is too big is the biggest there is.
std::optional<std::uint64_t> number_of(std::string_view digits) {
  if (digits.empty()) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (end != digits.data() + digits.size()) return std::nullopt;
  if (status == std::errc::result_out_of_range) return std::numeric_limits<std::uint64_t>::max();
  return status == std::errc() ? std::optional(number) : std::nullopt;
}

}  // namespace

ByteAnswer byte_answer(std::string_view range, std::uint64_t size_bytes) {
  using Kind = ByteAnswer::Kind;
  const ByteAnswer whole{.kind = Kind::whole, .first = 0, .length = size_bytes};
  constexpr std::string_view kUnit = "bytes=";
  if (!range.starts_with(kUnit)) return whole;
  range.remove_prefix(kUnit.size());
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return whole;
  const auto first = number_of(range.substr(0, dash));
  const auto last = number_of(range.substr(dash + 1));
  const bool open = dash + 1 == range.size();
  if (dash == 0) {  // the last so many bytes
    if (!last) return whole;
    const std::uint64_t length = std::min(*last, size_bytes);
    if (length == 0) return {.kind = Kind::none, .first = 0, .length = 0};
    return {.kind = Kind::part, .first = size_bytes - length, .length = length};
  }
  if (!first || (!last && !open) || (last && *last < *first)) return whole;
  if (*first >= size_bytes) return {.kind = Kind::none, .first = 0, .length = 0};
  const std::uint64_t end = last ? std::min(*last, size_bytes - 1) : size_bytes - 1;
  return {.kind = Kind::part, .first = *first, .length = end - *first + 1};
}

}  // namespace rec
