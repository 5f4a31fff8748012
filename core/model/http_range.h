// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <string_view>

namespace rec {

// What a request for a part of so many bytes gets (RFC 9110 section 14).
struct ByteAnswer {
  enum class Kind { whole, part, none };  // 200, 206, 416
  Kind kind = Kind::whole;
  std::uint64_t first = 0;   // of a part or of the whole
  std::uint64_t length = 0;  // bytes; of a part > 0
};

// `range`: the value of the header, hostile; "" = there is none. What is no single range of bytes is ignored,
// as section 14.2 allows.
ByteAnswer byte_answer(std::string_view range, std::uint64_t size_bytes);

}  // namespace rec
