// SPDX-License-Identifier: LGPL-2.1-or-later
// deliveries, retry: what became of uploads and callbacks, and another try now.
#include <cinttypes>
#include <cstdio>

#include "core/io/json.h"
#include "core/service/recording_jobs.h"
#include "tools/commands.h"
#include "tools/options.h"

namespace rec::tool {
namespace {

JsonObjectWriter to_json(const LoggedAttempt &attempt) {
  const bool is_callback = attempt.target.kind == OwedKind::callback;
  JsonObjectWriter json;
  json.number("time", attempt.at.time_since_epoch().count())
      .text("kind", is_callback ? "callback" : "upload")
      .text("target", attempt.target.name)
      .text("recording", attempt.recording)
      .text("event-id", attempt.event_id);
  if (is_callback) json.text("event", name_of(attempt.event)).number("sequence", attempt.sequence);
  json.text("location", attempt.path).number("attempt", attempt.attempt);
  if (is_callback) json.number("http-status", attempt.http_status);
  json.flag("delivered", attempt.error.empty());
  if (!attempt.error.empty()) json.text("error", attempt.error);
  return json;
}

std::string to_line(const LoggedAttempt &attempt) {
  const bool is_callback = attempt.target.kind == OwedKind::callback;
  std::string line = time_text(attempt.at) + (is_callback ? " callback " : " upload ") + attempt.target.name +
                     " recording " + attempt.recording + " ";
  line += is_callback ? std::string(name_of(attempt.event)) + " #" + std::to_string(attempt.sequence)
                      : attempt.path;
  line += ", attempt " + std::to_string(attempt.attempt) + ": ";
  return line + (attempt.error.empty() ? "delivered" : attempt.error);
}

DeliveryFilter filter_of(const Options &options) {
  return {.recording = options.value("--recording"),
          .target = options.value("--target"),
          .failed = options.flags.contains("--failed")};
}

Result<std::vector<LoggedAttempt>> read_log(const Options &options) {
  const SystemClock clock;
  REC_TRY(auto catalogue, open_existing(options, clock));
  return catalogue.deliveries(filter_of(options), options.limit());
}

Result<std::int64_t> try_now(const Options &options) {
  const SystemClock clock;
  REC_TRY(auto catalogue, open_existing(options, clock));
  REC_TRY(const std::int64_t deliveries, catalogue.retry_now(filter_of(options)));
  REC_TRY(const std::int64_t jobs, retry_jobs(catalogue, {.recording = options.value("--recording"),
                                                          .name = options.value("--target")}));
  return deliveries + jobs;
}

}  // namespace

int deliveries(const std::vector<std::string> &arguments) {
  const auto options = read_options(arguments, {"--recording", "--target", "--limit", "--catalogue"},
                                    {"--failed", "--json"}, 0);
  if (!options) return usage_error(command_named("deliveries"), options.error().message);
  const auto log = read_log(*options);
  if (!log) return failed("deliveries", log.error());
  for (const LoggedAttempt &attempt : *log)
    std::puts(options->json() ? to_json(attempt).to_string().c_str() : printable(to_line(attempt)).c_str());
  return kDone;
}

int retry(const std::vector<std::string> &arguments) {
  const auto options = read_options(arguments, {"--recording", "--target", "--catalogue"}, {"--json"}, 0);
  if (!options) return usage_error(command_named("retry"), options.error().message);
  const auto rows = try_now(*options);
  if (!rows) return failed("retry", rows.error());
  if (options->json())
    std::puts(JsonObjectWriter().number("due", *rows).to_string().c_str());
  else
    std::printf("%" PRId64 " due now\n", *rows);
  return kDone;
}

}  // namespace rec::tool
