// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/clock.h"

namespace rec {

// Who writes to a store. Secrets: they go into signatures and headers, never into a message.
struct StoreCredentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  // "" = not temporary
};

using HeaderList = std::vector<std::pair<std::string, std::string>>;

// One request to a bucket, as it is signed.
struct StoreRequest {
  std::string method;  // "PUT"
  std::string host;    // as the Host header says it
  std::string path;    // as it is sent: percent-encoded once, from '/'
  std::string bucket;
  std::string key;           // not encoded, without '/' in front; "" = the bucket itself
  HeaderList query;          // names and values, not encoded; an empty value stands for none
  HeaderList headers;        // with lower-case names; content-type and what the store shall heed
  std::string payload_hash;  // S3: lower-case hex SHA-256 of the body, or kUnsignedPayload
};

// Allowed over https only, where the channel protects the body.
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

// "uploads&partNumber=1": the query as it is sent, encoded, in the order of its names.
std::string query_of(const StoreRequest &request);

// Headers to be sent beside request.headers: the signature and what it needs. Host is the HTTP client's.

// AWS Signature Version 4 for S3 (spec 7.4).
HeaderList sign_s3(const StoreRequest &request, const StoreCredentials &credentials, std::string_view region,
                   UtcTime now);

// Tencent COS, HMAC-SHA1, valid from a minute before `now` for an hour (spec 7.1).
HeaderList sign_cos(const StoreRequest &request, const StoreCredentials &credentials, UtcTime now);

// Alibaba OSS, version 1 (spec 7.2) and 4 (spec 7.3).
HeaderList sign_oss_v1(const StoreRequest &request, const StoreCredentials &credentials, UtcTime now);
HeaderList sign_oss_v4(const StoreRequest &request, const StoreCredentials &credentials,
                       std::string_view region, UtcTime now);

// For how long an address that holds a signature is good.
struct Validity {
  UtcTime from;
  Seconds length;  // S3 and OSS version 4: at most seven days
};

// Instead of headers: the query of an address with which whoever has it may do what `request` says, as it is
// sent, with the request's own in it. A secret while it is valid. No header but Host is signed.
std::string presign_s3(const StoreRequest &request, const StoreCredentials &credentials,
                       std::string_view region, const Validity &validity);
std::string presign_cos(const StoreRequest &request, const StoreCredentials &credentials,
                        const Validity &validity);
std::string presign_oss_v1(const StoreRequest &request, const StoreCredentials &credentials,
                           const Validity &validity);
std::string presign_oss_v4(const StoreRequest &request, const StoreCredentials &credentials,
                           std::string_view region, const Validity &validity);

}  // namespace rec
