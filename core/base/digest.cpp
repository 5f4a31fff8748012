// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/base/digest.h"

#include <array>

#include "core/base/glib_ptr.h"

namespace rec {
namespace {

GChecksumType checksum_type(Hash hash) {
  switch (hash) {
    case Hash::md5:
      return G_CHECKSUM_MD5;
    case Hash::sha1:
      return G_CHECKSUM_SHA1;
    case Hash::sha256:
      break;
  }
  return G_CHECKSUM_SHA256;
}

const guchar *bytes_of(std::string_view s) { return reinterpret_cast<const guchar *>(s.data()); }

}  // namespace

Hasher::Hasher(Hash hash) : sum_(g_checksum_new(checksum_type(hash))) {}
Hasher::~Hasher() { g_checksum_free(sum_); }

void Hasher::add(std::string_view bytes) {
  g_checksum_update(sum_, bytes_of(bytes), static_cast<gssize>(bytes.size()));
}

std::string Hasher::raw() {
  std::array<guint8, 64> digest{};
  gsize length = digest.size();
  g_checksum_get_digest(sum_, digest.data(), &length);
  return {reinterpret_cast<const char *>(digest.data()), length};
}

std::string raw_digest(Hash hash, std::string_view bytes) {
  Hasher hasher(hash);
  hasher.add(bytes);
  return hasher.raw();
}

std::string hex_digest(Hash hash, std::string_view bytes) {
  const CString hex(g_compute_checksum_for_data(checksum_type(hash), bytes_of(bytes), bytes.size()));
  return hex.get();
}

std::string hmac_raw(Hash hash, std::string_view key, std::string_view bytes) {
  const std::unique_ptr<GHmac, Freer<g_hmac_unref>> hmac(
      g_hmac_new(checksum_type(hash), bytes_of(key), key.size()));
  g_hmac_update(hmac.get(), bytes_of(bytes), static_cast<gssize>(bytes.size()));
  std::array<guint8, 64> digest{};
  gsize length = digest.size();
  g_hmac_get_digest(hmac.get(), digest.data(), &length);
  return {reinterpret_cast<const char *>(digest.data()), length};
}

std::string hmac_hex(Hash hash, std::string_view key, std::string_view bytes) {
  return to_hex(hmac_raw(hash, key, bytes));
}

std::string to_hex(std::string_view bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const unsigned char byte : bytes) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

std::string to_base64(std::string_view bytes) {
  const CString text(g_base64_encode(bytes_of(bytes), bytes.size()));
  return text.get();
}

}  // namespace rec
