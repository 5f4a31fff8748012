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

  const std::string_view day = std::string_view(date).substr(0, 8);
  const std::string scope = std::string(day) + "/" + std::string(region) + "/s3/aws4_request";
  const std::string to_hash =
      "AWS4-HMAC-SHA256\n" + date + "\n" + scope + "\n" + hex_digest(Hash::sha256, canonical);
  const std::string key = hmac_chain("AWS4" + credentials.secret_key, {day, region, "s3", "aws4_request"});
  sent.emplace_back("authorization", "AWS4-HMAC-SHA256 Credential=" + credentials.access_key + "/" + scope +
                                         ", SignedHeaders=" + names +
                                         ", Signature=" + hmac_hex(Hash::sha256, key, to_hash));
  return sent;
}

}  // namespace rec
