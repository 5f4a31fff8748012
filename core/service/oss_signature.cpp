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
  return name.starts_with("response-") || std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

// Version 1: what is done to which object.
std::string signed_resource(const StoreRequest &request, const Sorted &more = {}) {
  Sorted sub_resources = more;
  for (const auto &[name, value] : request.query)
    if (is_sub_resource(name)) sub_resources[name] = value;
  std::string resource = resource_of(request);
  char separator = '?';
  for (const auto &[name, value] : sub_resources) {
    resource.append(1, std::exchange(separator, '&')).append(name);
    if (!value.empty()) resource.append("=").append(value);
  }
  return resource;
}

// Version 4: where a signature of that time is good.
std::string scope_of(const std::string &date, std::string_view region) {
  return date.substr(0, 8) + "/" + std::string(region) + "/oss/aliyun_v4_request";
}

// `query_and_lines`: the query and, behind a line's end, the headers in their canonical form.
std::string signature_v4(const StoreRequest &request, const std::string &query_and_lines,
                         const std::string &date, std::string_view region, const std::string &secret_key) {
  const std::string canonical = request.method + "\n" + percent_encode(resource_of(request), true) + "\n" +
                                query_and_lines + "\n\n" + std::string(kUnsignedPayload);
  const std::string_view day = std::string_view(date).substr(0, 8);
  const std::string to_hash = "OSS4-HMAC-SHA256\n" + date + "\n" + scope_of(date, region) + "\n" +
                              hex_digest(Hash::sha256, canonical);
  return hmac_hex(Hash::sha256,
                  hmac_chain("aliyun_v4" + secret_key, {day, region, "oss", "aliyun_v4_request"}), to_hash);
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
  const std::string to_sign =
      request.method + "\n" + value_of(h.all, "content-md5") + "\n" + value_of(h.all, "content-type") + "\n" +
      date + "\n" + lines_of(h.all, [](std::string_view name) { return name.starts_with("x-oss-"); }) +
      signed_resource(request);
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
  const std::string signature = signature_v4(request, encoded_query(request, EmptyValue::bare) + "\n" + lines,
                                             date, region, credentials.secret_key);
  h.sent.emplace_back("authorization", "OSS4-HMAC-SHA256 Credential=" + credentials.access_key + "/" +
                                           scope_of(date, region) + ",Signature=" + signature);
  return h.sent;
}

std::string presign_oss_v1(const StoreRequest &request, const StoreCredentials &credentials,
                           const Validity &validity) {
  const auto until = std::chrono::floor<Seconds>(validity.from + validity.length).time_since_epoch();
  const std::string expires = std::to_string(until.count());
  StoreRequest all = request;
  Sorted token;
  if (!credentials.session_token.empty()) {
    token["security-token"] = credentials.session_token;
    all.query.emplace_back("security-token", credentials.session_token);
  }
  const std::string to_sign = request.method + "\n\n\n" + expires + "\n" + signed_resource(request, token);
  all.query.insert(all.query.end(),
                   {{"OSSAccessKeyId", credentials.access_key},
                    {"Expires", expires},
                    {"Signature", to_base64(hmac_raw(Hash::sha1, credentials.secret_key, to_sign))}});
  return query_of(all);
}

std::string presign_oss_v4(const StoreRequest &request, const StoreCredentials &credentials,
                           std::string_view region, const Validity &validity) {
  const std::string date = basic_time(validity.from);
  StoreRequest all = request;
  all.query.insert(all.query.end(),
                   {{"x-oss-signature-version", "OSS4-HMAC-SHA256"},
                    {"x-oss-credential", credentials.access_key + "/" + scope_of(date, region)},
                    {"x-oss-date", date},
                    {"x-oss-expires", std::to_string(validity.length.count())}});
  if (!credentials.session_token.empty())
    all.query.emplace_back("x-oss-security-token", credentials.session_token);
  const std::string query = query_of(all);
  return query +
         "&x-oss-signature=" + signature_v4(request, query + "\n", date, region, credentials.secret_key);
}

}  // namespace rec
