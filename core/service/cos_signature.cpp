// SPDX-License-Identifier: LGPL-2.1-or-later
// Tencent COS (spec 7.1).
#include <algorithm>
#include <map>

#include "core/base/digest.h"
#include "core/model/object_key.h"
#include "core/service/store_signature.h"

namespace rec {
namespace {

constexpr Seconds kClockSkew{60};
constexpr Seconds kValidity{3600};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

struct Signed {
  std::string pairs;  // "k=v&..."
  std::string names;  // "k;..."
};
Signed sorted(const HeaderList &list) {
  std::map<std::string, std::string> encoded;
  for (const auto &[name, value] : list)
    encoded[lower(percent_encode(name, false))] = percent_encode(value, false);
  Signed all;
  for (const auto &[name, value] : encoded) {
    all.pairs.append(all.pairs.empty() ? "" : "&").append(name).append("=").append(value);
    all.names.append(all.names.empty() ? "" : ";").append(name);
  }
  return all;
}

// What Authorization says of this time.
std::string signed_text(const StoreRequest &request, const Signed &headers,
                        const StoreCredentials &credentials, const std::string &time) {
  const Signed query = sorted(request.query);
  const std::string key = hmac_hex(Hash::sha1, credentials.secret_key, time);
  const std::string http =
      lower(request.method) + "\n/" + request.key + "\n" + query.pairs + "\n" + headers.pairs + "\n";
  const std::string to_sign = "sha1\n" + time + "\n" + hex_digest(Hash::sha1, http) + "\n";
  return "q-sign-algorithm=sha1&q-ak=" + credentials.access_key + "&q-sign-time=" + time +
         "&q-key-time=" + time + "&q-header-list=" + headers.names + "&q-url-param-list=" + query.names +
         "&q-signature=" + hmac_hex(Hash::sha1, key, to_sign);
}

// "begin;end", in seconds after 1970.
std::string time_of(UtcTime now, Seconds validity) {
  const Seconds begin = std::chrono::floor<Seconds>(now).time_since_epoch() - kClockSkew;
  return std::to_string(begin.count()) + ";" + std::to_string((begin + validity).count());
}

}  // namespace

HeaderList sign_cos(const StoreRequest &request, const StoreCredentials &credentials, UtcTime now) {
  HeaderList sent;
  if (!credentials.session_token.empty())
    sent.emplace_back("x-cos-security-token", credentials.session_token);
  HeaderList all = request.headers;
  all.insert(all.end(), sent.begin(), sent.end());
  all.emplace_back("host", request.host);
  sent.emplace_back("authorization", signed_text(request, sorted(all), credentials, time_of(now, kValidity)));
  return sent;
}

std::string presign_cos(const StoreRequest &request, const StoreCredentials &credentials,
                        const Validity &validity) {
  const Seconds length = validity.length + kClockSkew;
  std::string text =
      signed_text(request, sorted({{"host", request.host}}), credentials, time_of(validity.from, length));
  std::string signature;
  for (const char c : text) signature += c == ';' ? "%3B" : std::string(1, c);
  if (!credentials.session_token.empty())
    signature += "&x-cos-security-token=" + percent_encode(credentials.session_token, false);
  const std::string own = query_of(request);
  return own + (own.empty() ? "" : "&") + signature;
}

}  // namespace rec
