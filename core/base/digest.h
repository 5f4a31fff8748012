// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <glib.h>

#include <string>
#include <string_view>

namespace rec {

enum class Hash { md5, sha1, sha256 };

// Of bytes that come one after the other.
class Hasher {
 public:
  explicit Hasher(Hash hash);
  ~Hasher();
  Hasher(const Hasher &) = delete;
  Hasher &operator=(const Hasher &) = delete;
  void add(std::string_view bytes);
  std::string raw();  // nothing can be added afterwards

 private:
  GChecksum *sum_;
};

std::string raw_digest(Hash hash, std::string_view bytes);
std::string hex_digest(Hash hash, std::string_view bytes);  // lower-case hex
// HMAC of `bytes`. The raw form is what signature chains feed to the next step.
std::string hmac_raw(Hash hash, std::string_view key, std::string_view bytes);
std::string hmac_hex(Hash hash, std::string_view key, std::string_view bytes);  // lower-case hex
std::string to_hex(std::string_view bytes);                                     // lower-case hex
std::string to_base64(std::string_view bytes);                                  // RFC 4648 section 4, padded

}  // namespace rec
