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

}  // namespace

HeaderList sign_cos(const StoreRequest &request, const StoreCredentials &credentials, UtcTime now) {
  HeaderList sent;
  if (!credentials.session_token.empty())
    sent.emplace_back("x-cos-security-token", credentials.session_token);
  HeaderList all = request.headers;
  all.insert(all.end(), sent.begin(), sent.end());
  all.emplace_back("host", request.host);
  const Signed headers = sorted(all);
  const Signed query = sorted(request.query);

  const Seconds begin = std::chrono::floor<Seconds>(now).time_since_epoch() - kClockSkew;
  const std::string time = std::to_string(begin.count()) + ";" + std::to_string((begin + kValidity).count());
  const std::string key = hmac_hex(Hash::sha1, credentials.secret_key, time);
  const std::string http =
      lower(request.method) + "\n/" + request.key + "\n" + query.pairs + "\n" + headers.pairs + "\n";
  const std::string to_sign = "sha1\n" + time + "\n" + hex_digest(Hash::sha1, http) + "\n";
  sent.emplace_back("authorization", "q-sign-algorithm=sha1&q-ak=" + credentials.access_key +
                                         "&q-sign-time=" + time + "&q-key-time=" + time + "&q-header-list=" +
                                         headers.names + "&q-url-param-list=" + query.names +
                                         "&q-signature=" + hmac_hex(Hash::sha1, key, to_sign));
  return sent;
}

}  // namespace rec
