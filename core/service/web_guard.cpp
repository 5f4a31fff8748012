// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/web_guard.h"

#include <algorithm>
#include <cctype>

#include "core/base/digest.h"
#include "core/io/json.h"

namespace rec {
namespace {

constexpr std::string_view kBearer = "Bearer ";
constexpr std::string_view kJson = "application/json";

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// "[::1]:80" -> "::1", "name:80" -> "name"
std::string name_of_host(const std::string &host) {
  if (host.starts_with("[")) return lower(host.substr(1, host.find(']') - 1));
  return lower(host.substr(0, host.find(':')));
}

bool is_one_of(const std::string &name, const std::vector<std::string> &names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_for_everybody(const WebRequest &request) {
  const std::string &path = request.path;
  return path == "/" || path.starts_with("/page/") || path == "/health" || path == "/openapi.json" ||
         (path == "/api/v1/session" && request.method == "POST");
}

std::string cookie_name(const WebAccess &access) { return "gst-recording-" + std::to_string(access.port); }
std::string cookie_value(const WebAccess &access) {
  return hmac_hex(Hash::sha256, access.token, "session of gst-recording-1.0 serve");
}

// Digests are compared: how many characters are right does not show in the time it takes.
bool is_same(const std::string &one, const std::string &other) {
  return raw_digest(Hash::sha256, one) == raw_digest(Hash::sha256, other);
}

bool has_cookie(const WebRequest &request, const WebAccess &access) {
  std::string all = request.header("cookie");
  const std::string wanted = cookie_name(access) + "=";
  for (std::size_t at = 0; at < all.size();) {
    std::size_t end = all.find_first_of(";,", at);
    if (end == std::string::npos) end = all.size();
    while (at < end && all[at] == ' ') ++at;
    const std::string one = all.substr(at, end - at);
    if (one.starts_with(wanted) && is_same(one.substr(wanted.size()), cookie_value(access))) return true;
    at = end + 1;
  }
  return false;
}

bool is_known(const WebRequest &request, const WebAccess &access) {
  if (access.token.empty()) return true;
  const std::string authorization = request.header("authorization");
  if (authorization.starts_with(kBearer)) return is_token(authorization.substr(kBearer.size()), access);
  return has_cookie(request, access);
}

// The page of another site makes the browser ask.
bool comes_from_elsewhere(const WebRequest &request) {
  const std::string site = request.header("sec-fetch-site");
  if (!site.empty() && site != "same-origin" && site != "none") return true;
  const std::string origin = request.header("origin");
  if (origin.empty()) return false;
  const std::size_t slashes = origin.find("://");
  return slashes == std::string::npos || lower(origin.substr(slashes + 3)) != lower(request.header("host"));
}

bool has_json(const WebRequest &request) {
  const std::string type = lower(request.header("content-type"));
  return type.starts_with(kJson) &&
         (type.size() == kJson.size() || type[kJson.size()] == ';' || type[kJson.size()] == ' ');
}

std::pair<int, const char *> status_of(Errc code) {
  switch (code) {
    case Errc::invalid_argument:
      return {400, "invalid-argument"};
    case Errc::denied:
      return {403, "denied"};
    case Errc::not_found:
      return {404, "not-found"};
    case Errc::exists:
      return {409, "conflict"};
    case Errc::unavailable:
    case Errc::cancelled:
      return {503, "unavailable"};
    case Errc::corrupt:
      break;
  }
  return {500, "corrupt"};
}

}  // namespace

std::optional<WebAnswer> refusal(const WebRequest &request, const WebAccess &access) {
  if (!is_one_of(name_of_host(request.header("host")), access.names))
    return web_error(421, "wrong-host", "this server does not go by that name: see serve --name");
  if (request.method != "GET" && request.method != "HEAD") {
    if (comes_from_elsewhere(request))
      return web_error(403, "cross-site", "another site's page must not change anything here");
    if (!has_json(request)) return web_error(415, "media-type", "Content-Type: application/json is needed");
  }
  if (is_for_everybody(request) || is_known(request, access)) return std::nullopt;
  WebAnswer answer = web_error(401, "unauthorized", "Authorization: Bearer TOKEN is needed");
  answer.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"gst-recording\"");
  return answer;
}

bool is_token(const std::string &text, const WebAccess &access) {
  return access.token.empty() || is_same(text, access.token);
}

std::string session_cookie(const WebAccess &access) {
  return cookie_name(access) + "=" + cookie_value(access) + "; Path=/; HttpOnly; SameSite=Strict";
}

std::string no_session_cookie(const WebAccess &access) {
  return cookie_name(access) + "=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict";
}

WebAnswer web_error(int status, const std::string &code, const std::string &message) {
  JsonObjectWriter error, json;
  error.text("code", code).text("message", message);
  json.object("error", std::move(error));
  WebAnswer answer{.status = status, .content_type = "application/json", .body = json.to_string()};
  return answer;
}

WebAnswer web_error(const Error &error) {
  const auto [status, code] = status_of(error.code);
  return web_error(status, code, error.message);
}

}  // namespace rec
