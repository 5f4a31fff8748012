// SPDX-License-Identifier: LGPL-2.1-or-later
// Alibaba OSS, versions 1 (spec 7.2) and 4 (spec 7.3).
#include <algorithm>
#include <array>
#include <map>

#include "core/base/digest.h"
#include "core/model/object_key.h"
#include "core/service/signature_parts.h"

namespace rec {
namespace {

using Sorted = std::map<std::string, std::string>;

std::string resource_of(const StoreRequest &request) { return "/" + request.bucket + "/" + request.key; }

std::string value_of(const Sorted &headers, const char *name) {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

// The parameters that say what is done to the object; others are not signed.
bool is_sub_resource(std::string_view name) {
  constexpr std::array<std::string_view, 9> kNames = {
      "acl", "append", "partNumber", "position", "tagging", "uploadId", "uploads", "versioning", "versionId"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

std::string lines_of(const Sorted &headers, bool (*is_signed)(std::string_view name)) {
  std::string lines;
  for (const auto &[name, value] : headers)
    if (is_signed(name)) lines.append(name).append(":").append(value).append("\n");
  return lines;
}

// What goes into the request beside the signature, and all headers that it may sign.
struct Headers {
  HeaderList sent;
  Sorted all;
};
Headers headers_of(const StoreRequest &request, const StoreCredentials &credentials, std::string date) {
  Headers h;
  h.sent.emplace_back("x-oss-date", std::move(date));
  if (!credentials.session_token.empty())
    h.sent.emplace_back("x-oss-security-token", credentials.session_token);
  h.all.insert(request.headers.begin(), request.headers.end());
  h.all.insert(h.sent.begin(), h.sent.end());
  return h;
}

}  // namespace

HeaderList sign_oss_v1(const StoreRequest &request, const StoreCredentials &credentials, UtcTime now) {
  const std::string date = http_time(now);
  Headers h = headers_of(request, credentials, date);
  Sorted sub_resources;
  for (const auto &[name, value] : request.query)
    if (is_sub_resource(name)) sub_resources[name] = value;
  std::string resource = resource_of(request);
  char separator = '?';
  for (const auto &[name, value] : sub_resources) {
    resource.append(1, std::exchange(separator, '&')).append(name);
    if (!value.empty()) resource.append("=").append(value);
  }
  const std::string to_sign =
      request.method + "\n" + value_of(h.all, "content-md5") + "\n" + value_of(h.all, "content-type") + "\n" +
      date + "\n" + lines_of(h.all, [](std::string_view name) { return name.starts_with("x-oss-"); }) +
      resource;
  h.sent.emplace_back("authorization", "OSS " + credentials.access_key + ":" +
                                           to_base64(hmac_raw(Hash::sha1, credentials.secret_key, to_sign)));
  return h.sent;
}

HeaderList sign_oss_v4(const StoreRequest &request, const StoreCredentials &credentials,
                       std::string_view region, UtcTime now) {
  const std::string date = basic_time(now);
  Headers h = headers_of(request, credentials, date);
  h.sent.emplace_back("x-oss-content-sha256", kUnsignedPayload);
  h.all["x-oss-content-sha256"] = kUnsignedPayload;
  const std::string lines = lines_of(h.all, [](std::string_view name) {
    return name.starts_with("x-oss-") || name == "content-type" || name == "content-md5";
  });
  const std::string canonical = request.method + "\n" + percent_encode(resource_of(request), true) + "\n" +
                                encoded_query(request, EmptyValue::bare) + "\n" + lines + "\n\n" +
                                std::string(kUnsignedPayload);
  const std::string_view day = std::string_view(date).substr(0, 8);
  const std::string scope = std::string(day) + "/" + std::string(region) + "/oss/aliyun_v4_request";
  const std::string to_hash =
      "OSS4-HMAC-SHA256\n" + date + "\n" + scope + "\n" + hex_digest(Hash::sha256, canonical);
  const std::string key =
      hmac_chain("aliyun_v4" + credentials.secret_key, {day, region, "oss", "aliyun_v4_request"});
  h.sent.emplace_back("authorization", "OSS4-HMAC-SHA256 Credential=" + credentials.access_key + "/" + scope +
                                           ",Signature=" + hmac_hex(Hash::sha256, key, to_hash));
  return h.sent;
}

}  // namespace rec
