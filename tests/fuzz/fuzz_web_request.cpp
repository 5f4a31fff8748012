// SPDX-License-Identifier: LGPL-2.1-or-later
// Whatever is asked of `serve`, there is an answer with a status of HTTP, which sends no file that the
// catalogue does not name, says what is wrong as JSON, and has the headers that keep a browser from harm. The
// input: method, path and query with blanks between, then a header or nothing a line, an empty line, a body.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/io/json.h"
#include "core/service/web_api.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

namespace {

void expect(bool holds) {
  if (!holds) std::abort();
}

std::string take(std::string_view &text, char end) {
  const std::size_t at = std::min(text.find(end), text.size());
  std::string part(text.substr(0, at));
  text.remove_prefix(std::min(at + 1, text.size()));
  return part;
}

rec::WebRequest request_of(std::string_view text) {
  rec::WebRequest request;
  request.headers["host"] = "localhost";
  request.headers["content-type"] = "application/json";
  std::string line = take(text, '\n');
  std::string_view rest = line;
  request.method = take(rest, ' ');
  request.path = take(rest, ' ');
  request.query = rest;
  while (!text.empty() && !(line = take(text, '\n')).empty()) {
    std::string_view header = line;
    std::string name = take(header, ':');
    request.headers[std::move(name)] = header;
  }
  request.body = text;
  return request;
}

rec::Catalogue some_catalogue(const rec::Clock &clock) {
  auto catalogue = rec::Catalogue::open(":memory:", clock);
  expect(static_cast<bool>(catalogue));
  rec::NewRecording recording;
  recording.session_id = "17";
  recording.push = {.domain = "d", .app = "a", .stream = "s", .stream_param = ""};
  recording.template_name = "t";
  recording.started = clock.now_utc();
  recording.playlist_path = "/nowhere/index.m3u8";
  recording.directory = "/nowhere";
  expect(static_cast<bool>(catalogue->start_recording(recording)));
  return *std::move(catalogue);
}

bool has_header(const rec::WebAnswer &answer, std::string_view name) {
  return std::any_of(answer.headers.begin(), answer.headers.end(),
                     [&](const auto &header) { return header.first == name; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  static const rec::SystemClock clock{};
  static rec::Catalogue catalogue = some_catalogue(clock);
  static const rec::WebAccess access{.token = "", .names = {"localhost"}, .port = 1};
  static const rec::PageFiles page = [](const std::string &name) -> std::optional<std::string_view> {
    return name == "index.html" ? std::optional<std::string_view>("page") : std::nullopt;
  };
  static rec::WebApi api(catalogue, access, page);
  const rec::WebRequest request = request_of({reinterpret_cast<const char *>(data), size});
  const rec::WebAnswer answer = api.answer(request);
  expect(answer.status >= 200 && answer.status < 500);
  expect(!answer.file);
  expect(has_header(answer, "Content-Security-Policy") && has_header(answer, "X-Content-Type-Options"));
  for (const auto &[name, value] : answer.headers) expect(value.find_first_of("\r\n") == std::string::npos);
  if (answer.content_type == "application/json") expect(static_cast<bool>(rec::parse_json(answer.body)));
  if (answer.status >= 400) expect(answer.content_type == "application/json");
  return 0;
}
