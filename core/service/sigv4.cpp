// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/sigv4.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include "core/base/digest.h"
#include "core/model/object_key.h"

namespace rec {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

// "20241114T080000Z"
std::string amz_date(UtcTime t) {
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<Seconds>(t - day));
  std::array<char, 32> text{};
  const int n =
      std::snprintf(text.data(), text.size(), "%04d%02u%02uT%02d%02d%02dZ", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                    static_cast<int>(time.seconds().count()));
  return {text.data(), static_cast<std::size_t>(n)};
}

std::string canonical_query(const SigV4Request &request) {
  std::vector<std::string> pairs;
  for (const auto &[name, value] : request.query)
    pairs.push_back(percent_encode(name, false) + "=" + percent_encode(value, false));
  std::sort(pairs.begin(), pairs.end());
  std::string out;
  for (const std::string &pair : pairs) out += (out.empty() ? "" : "&") + pair;
  return out;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> sigv4_headers(const SigV4Request &request,
                                                               const S3Credentials &credentials,
                                                               std::string_view region, UtcTime now) {
  const std::string date = amz_date(now);
  std::map<std::string, std::string> headers(request.extra_headers.begin(), request.extra_headers.end());
  headers["x-amz-date"] = date;
  headers["x-amz-content-sha256"] = request.payload_hash;
  if (!credentials.session_token.empty()) headers["x-amz-security-token"] = credentials.session_token;

  std::map<std::string, std::string> to_sign = headers;
  to_sign["host"] = request.host;
  std::string lines;
  std::string names;
  for (const auto &[name, value] : to_sign) {
    lines.append(name).append(":").append(value).append("\n");
    names.append(names.empty() ? "" : ";").append(name);
  }
  const std::string canonical = request.method + "\n" + request.path + "\n" + canonical_query(request) +
                                "\n" + lines + "\n" + names + "\n" + request.payload_hash;

  const std::string day = date.substr(0, 8);
  const std::string scope = day + "/" + std::string(region) + "/s3/aws4_request";
  const std::string to_hash =
      std::string(kAlgorithm) + "\n" + date + "\n" + scope + "\n" + hex_digest(Hash::sha256, canonical);
  std::string key = "AWS4" + credentials.secret_key;
  for (const std::string_view step :
       {std::string_view(day), region, std::string_view("s3"), std::string_view("aws4_request")})
    key = hmac_raw(Hash::sha256, key, step);
  headers["authorization"] = std::string(kAlgorithm) + " Credential=" + credentials.access_key + "/" + scope +
                             ", SignedHeaders=" + names +
                             ", Signature=" + hmac_hex(Hash::sha256, key, to_hash);
  return {headers.begin(), headers.end()};
}

}  // namespace rec
