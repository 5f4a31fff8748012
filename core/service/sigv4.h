// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/clock.h"

namespace rec {

// Who writes to an S3 store. Secrets: they go into signatures and headers, never into a message.
struct S3Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  // "" = not temporary
};

// AWS Signature Version 4 for S3 (spec 7.4).
struct SigV4Request {
  std::string method;                                              // "PUT"
  std::string host;                                                // as the Host header says it
  std::string path;                                                // percent-encoded once, from '/'
  std::vector<std::pair<std::string, std::string>> query;          // not encoded
  std::vector<std::pair<std::string, std::string>> extra_headers;  // signed too; lower-case names
  std::string payload_hash;  // lower-case hex SHA-256 of the body, or kUnsignedPayload
};

// Allowed over https only, where the channel protects the body.
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

// The headers to send: x-amz-date, x-amz-content-sha256, [x-amz-security-token,] the extra ones,
// authorization.
std::vector<std::pair<std::string, std::string>> sigv4_headers(const SigV4Request &request,
                                                               const S3Credentials &credentials,
                                                               std::string_view region, UtcTime now);

}  // namespace rec
