// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/web_api.h"

#include <charconv>
#include <vector>

#include "core/io/json.h"
#include "core/service/openapi.h"
#include "core/service/recording_search.h"
#include "core/service/web_recordings.h"

namespace rec {
namespace {

constexpr std::size_t kMostParts = 8;  // of a path
constexpr std::string_view kClips = "/api/v1/clips";

// "/a/b" -> "a", "b". Nothing that we answer to has an escape in it.
std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty() && parts.size() <= kMostParts) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    parts.emplace_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return parts;
}

// "17" and "17.ts"; nothing: it is no number.
std::optional<std::int64_t> id_of(const std::string &name) {
  const std::string digits = name.substr(0, name.find('.'));
  std::int64_t id = 0;
  const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
  if (status != std::errc() || end != digits.data() + digits.size() || id < 1) return std::nullopt;
  return id;
}

WebAnswer unknown() { return web_error(404, "not-found", "there is nothing at this path"); }

WebAnswer wrong_method(const char *allowed) {
  WebAnswer answer = web_error(405, "method", std::string("expected ") + allowed);
  answer.headers.emplace_back("Allow", allowed);
  return answer;
}

bool reads(const WebRequest &request) { return request.method == "GET" || request.method == "HEAD"; }

// /media/SESSION/index.m3u8, /segment/ID.ts, /file/ID
WebAnswer media(Catalogue &catalogue, const WebStores &stores, const std::vector<std::string> &parts,
                const WebRequest &request) {
  if (!reads(request)) return wrong_method("GET, HEAD");
  if (parts.size() < 3) return unknown();
  const auto recording = recording_named(catalogue, parts[1]);
  if (!recording) return web_error(recording.error());
  if (recording->removal != Removal::none) return web_error(404, "not-found", "it was deleted");
  if (parts.size() == 3)
    return parts[2] == "index.m3u8" ? web_playlist(catalogue, stores, *recording) : unknown();
  const auto id = parts.size() == 4 ? id_of(parts[3]) : std::nullopt;
  if (!id) return unknown();
  if (parts[2] == "segment") return web_segment(catalogue, stores, *recording, *id, request);
  return parts[2] == "file" ? web_file(catalogue, stores, *recording, *id, request) : unknown();
}

// /api/v1/recordings...
WebAnswer recordings(Catalogue &catalogue, const WebStores &stores, const std::vector<std::string> &parts,
                     const WebRequest &request) {
  if (parts.size() == 3)
    return reads(request) ? web_list(catalogue, stores, request.query) : wrong_method("GET, HEAD");
  const std::string &id = parts[3];
  if (parts.size() == 4) {
    if (reads(request)) return web_show(catalogue, stores, id);
    return request.method == "DELETE" ? web_remove(catalogue, id, request.query)
                                      : wrong_method("GET, HEAD, DELETE");
  }
  if (parts.size() != 5) return unknown();
  if (parts[4] == "timeline") return reads(request) ? web_timeline(catalogue, id) : wrong_method("GET, HEAD");
  if (parts[4] == "hold")
    return request.method == "PUT" ? web_hold(catalogue, id, request.body) : wrong_method("PUT");
  return unknown();
}

// Scripts, styles and what they ask for are ours alone; media and pictures may come from the buckets that are
// configured.
std::string content_policy(const WebStores &stores) {
  std::string buckets;
  if (stores.desk && stores.way != BucketMedia::proxy)
    for (const std::string &origin : stores.desk->origins()) buckets += " " + origin;
  const std::string asked = stores.way == BucketMedia::redirect ? buckets : "";
  return "default-src 'none'; script-src 'self'; worker-src 'self' blob:; style-src 'self'; img-src 'self' "
         "blob: data:" +
         buckets + "; media-src 'self' blob:" + buckets + "; connect-src 'self'" + asked +
         "; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
}

void add_common_headers(WebAnswer &answer, const std::string &policy) {
  answer.headers.emplace_back("Content-Security-Policy", policy);
  answer.headers.emplace_back("X-Content-Type-Options", "nosniff");
  answer.headers.emplace_back("Referrer-Policy", "no-referrer");
  answer.headers.emplace_back("X-Frame-Options", "DENY");
  answer.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  answer.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
}

}  // namespace

bool WebApi::takes_long(const WebRequest &request) {
  return request.path == kClips && request.method == "POST";
}

WebAnswer WebApi::answer(const WebRequest &request) {
  auto refused = refusal(request, access_);
  WebAnswer answer = refused ? std::move(*refused) : route(request);
  if (!answer.finish) {
    add_common_headers(answer, content_policy(stores_));
    return answer;
  }
  answer.finish = [finish = std::move(answer.finish), policy = content_policy(stores_)](
                      WebAnswer begun, std::function<void(WebAnswer)> reply) {
    finish(std::move(begun), [policy, reply = std::move(reply)](WebAnswer whole) {
      add_common_headers(whole, policy);
      reply(std::move(whole));
    });
  };
  return answer;
}

WebAnswer WebApi::route(const WebRequest &request) {
  if (!request.path.starts_with('/')) return unknown();
  const std::vector<std::string> parts = parts_of(request.path);
  if (parts.size() > kMostParts) return unknown();
  if (parts.size() >= 3 && parts[0] == "api" && parts[1] == "v1") return api(parts, request);
  if (parts.size() > 1 && parts[0] == "media") return media(catalogue_, stores_, parts, request);
  if (!reads(request)) return wrong_method("GET, HEAD");
  if (request.path == "/") return page("index.html");
  if (request.path == "/health") return health();
  if (request.path == "/metrics") return metrics();
  if (request.path == "/openapi.json")
    return {.content_type = "application/json", .body = std::string(kOpenApi)};
  return parts.size() == 2 && parts[0] == "page" ? page(parts[1]) : unknown();
}

// /api/v1/...
WebAnswer WebApi::api(const std::vector<std::string> &parts, const WebRequest &request) {
  const std::string &what = parts[2];
  if (what == "recordings") return recordings(catalogue_, stores_, parts, request);
  if (parts.size() != 3) return unknown();
  if (what == "session") return session(request);
  if (what == "clips")
    return request.method == "POST" ? web_clip(catalogue_, stores_, request.body) : wrong_method("POST");
  if (what == "timeline")
    return reads(request) ? web_stream_timeline(catalogue_, request.query) : wrong_method("GET, HEAD");
  return unknown();
}

// The token once, for a cookie that scripts cannot read.
WebAnswer WebApi::session(const WebRequest &request) const {
  if (request.method == "DELETE")
    return {.status = 204, .headers = {{"Set-Cookie", no_session_cookie(access_)}}};
  if (reads(request)) return {.status = 204};  // whoever comes here has one
  if (request.method != "POST") return wrong_method("GET, HEAD, POST, DELETE");
  const auto body = parse_json(request.body, {.bytes = kLargestWebBody, .depth = 4});
  if (!body) return web_error(body.error());
  const JsonMember *token = body->member("token");
  if (!token || token->value.kind != JsonValue::Kind::string)
    return web_error(400, "invalid-argument", "token: expected a string");
  if (!is_token(token->value.string, access_)) return web_error(401, "unauthorized", "that is not the token");
  return {.status = 204, .headers = {{"Set-Cookie", session_cookie(access_)}}};
}

WebAnswer WebApi::page(const std::string &name) const {
  const auto file = name.empty() ? std::nullopt : page_(name);
  if (!file) return unknown();
  std::string type = "text/html; charset=utf-8";
  if (name.ends_with(".js")) type = "text/javascript; charset=utf-8";
  if (name.ends_with(".css")) type = "text/css; charset=utf-8";
  if (name.ends_with(".txt")) type = "text/plain; charset=utf-8";
  if (name.ends_with(".svg")) type = "image/svg+xml";
  return {.content_type = type, .body = std::string(*file), .headers = {{"Cache-Control", "no-cache"}}};
}

WebAnswer WebApi::health() {
  const auto changes = catalogue_.changes_by_others();
  if (!changes) return web_error(503, "unavailable", "the catalogue cannot be read");
  return {.content_type = "application/json", .body = R"({"status":"ok"})"};
}

WebAnswer WebApi::metrics() {
  const auto text = metrics_.text(catalogue_);
  if (!text) return web_error(text.error());
  return {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = *text};
}

}  // namespace rec
