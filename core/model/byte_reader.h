// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <optional>
#include <span>

namespace rec {

// Big-endian numbers out of untrusted bytes. The caller has checked that they are there.
inline std::uint32_t be16(std::span<const std::uint8_t> b) { return (std::uint32_t{b[0]} << 8) | b[1]; }
inline std::uint32_t be24(std::span<const std::uint8_t> b) { return (be16(b) << 8) | b[2]; }
inline std::uint32_t be32(std::span<const std::uint8_t> b) { return (be24(b) << 8) | b[3]; }
inline std::uint64_t be64(std::span<const std::uint8_t> b) {
  return (std::uint64_t{be32(b)} << 32) | be32(b.subspan(4));
}

// The next number of a box's payload, or nothing when it is too short.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::uint8_t> bytes) : rest_(bytes) {}

  bool skip(std::size_t n) {
    if (n > rest_.size()) return false;
    rest_ = rest_.subspan(n);
    return true;
  }
  std::optional<std::uint32_t> u16() { return number<std::uint32_t>(2, be16); }
  std::optional<std::uint32_t> u32() { return number<std::uint32_t>(4, be32); }
  std::optional<std::uint64_t> u64() { return number<std::uint64_t>(8, be64); }
  std::size_t left() const { return rest_.size(); }

 private:
  template <typename T, typename Read>
  std::optional<T> number(std::size_t n, Read read) {
    if (n > rest_.size()) return std::nullopt;
    const T v = read(rest_);
    rest_ = rest_.subspan(n);
    return v;
  }
  std::span<const std::uint8_t> rest_;
};

}  // namespace rec
