// SPDX-License-Identifier: LGPL-2.1-or-later
// AWS Signature Version 4 for S3, and what it shares with OSS version 4, which is modelled on it.
#include <map>

#include "core/base/digest.h"
#include "core/model/object_key.h"
#include "core/service/signature_parts.h"

namespace rec {

std::string hmac_chain(std::string key, std::initializer_list<std::string_view> steps) {
  for (const std::string_view step : steps) key = hmac_raw(Hash::sha256, key, step);
  return key;
}

namespace {

// Where and for whom a signature is good.
struct Scope {
  Scope(std::string_view date, std::string_view region_name)
      : day(date.substr(0, 8)),
        region(region_name),
        text(std::string(day) + "/" + std::string(region) + "/s3/aws4_request") {}
  std::string_view day, region;
  std::string text;
};

std::string signature_of(const std::string &canonical, const std::string &date, const Scope &scope,
                         const StoreCredentials &credentials) {
  const std::string to_hash =
      "AWS4-HMAC-SHA256\n" + date + "\n" + scope.text + "\n" + hex_digest(Hash::sha256, canonical);
  const std::string key =
      hmac_chain("AWS4" + credentials.secret_key, {scope.day, scope.region, "s3", "aws4_request"});
  return hmac_hex(Hash::sha256, key, to_hash);
}

}  // namespace

HeaderList sign_s3(const StoreRequest &request, const StoreCredentials &credentials, std::string_view region,
                   UtcTime now) {
  const std::string date = basic_time(now);
  HeaderList sent = {{"x-amz-date", date}, {"x-amz-content-sha256", request.payload_hash}};
  if (!credentials.session_token.empty())
    sent.emplace_back("x-amz-security-token", credentials.session_token);

  std::map<std::string, std::string> to_sign(request.headers.begin(), request.headers.end());
  to_sign.insert(sent.begin(), sent.end());
  to_sign["host"] = request.host;
  std::string lines;
  std::string names;
  for (const auto &[name, value] : to_sign) {
    lines.append(name).append(":").append(value).append("\n");
    names.append(names.empty() ? "" : ";").append(name);
  }
  const std::string canonical = request.method + "\n" + request.path + "\n" +
                                encoded_query(request, EmptyValue::with_equals_sign) + "\n" + lines + "\n" +
                                names + "\n" + request.payload_hash;

  const Scope scope(date, region);
  sent.emplace_back("authorization", "AWS4-HMAC-SHA256 Credential=" + credentials.access_key + "/" +
                                         scope.text + ", SignedHeaders=" + names +
                                         ", Signature=" + signature_of(canonical, date, scope, credentials));
  return sent;
}

std::string presign_s3(const StoreRequest &request, const StoreCredentials &credentials,
                       std::string_view region, const Validity &validity) {
  const std::string date = basic_time(validity.from);
  const Scope scope(date, region);
  StoreRequest all = request;
  all.query.insert(all.query.end(), {{"X-Amz-Algorithm", "AWS4-HMAC-SHA256"},
                                     {"X-Amz-Credential", credentials.access_key + "/" + scope.text},
                                     {"X-Amz-Date", date},
                                     {"X-Amz-Expires", std::to_string(validity.length.count())},
                                     {"X-Amz-SignedHeaders", "host"}});
  if (!credentials.session_token.empty())
    all.query.emplace_back("X-Amz-Security-Token", credentials.session_token);
  const std::string query = encoded_query(all, EmptyValue::with_equals_sign);
  const std::string canonical = request.method + "\n" + request.path + "\n" + query +
                                "\nhost:" + request.host + "\n\nhost\n" + std::string(kUnsignedPayload);
  return query + "&X-Amz-Signature=" + signature_of(canonical, date, scope, credentials);
}

}  // namespace rec
