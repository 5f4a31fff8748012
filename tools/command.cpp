// SPDX-License-Identifier: LGPL-2.1-or-later
// start, stop, restart, cancel-delay: asks the process that receives the stream, through the catalogue.
#include <glib.h>

#include <cstdio>

#include "core/io/json.h"
#include "core/service/command_client.h"
#include "core/service/config_reader.h"
#include "tools/commands.h"
#include "tools/options.h"

namespace rec::tool {
namespace {

constexpr const char *kDefaultTimeout = "10s";

// Nothing tells a process that another one has written to SQLite.
void pause(Milliseconds time) { g_poll(nullptr, 0, static_cast<gint>(time.count())); }

Status send(CommandVerb verb, const PushIdentity &stream, Seconds timeout, const Options &options) {
  const SystemClock clock;
  REC_TRY(auto catalogue, open_existing(options, clock));
  return send_command(catalogue, options.catalogue(), verb, stream, {.timeout = timeout, .pause = pause},
                      clock);
}

int run(CommandVerb verb, const std::vector<std::string> &arguments) {
  const std::string name(name_of(verb));
  const Command &command = command_named(name.c_str());
  const auto options =
      read_options(arguments, {"--domain", "--app", "--stream", "--timeout", "--catalogue"}, {"--json"}, 0);
  if (!options) return usage_error(command, options.error().message);
  const auto stream = read_stream(*options);
  if (!stream) return usage_error(command, stream.error().message);
  const auto timeout = parse_duration(options->value("--timeout", kDefaultTimeout));
  if (!timeout || *timeout > std::chrono::hours(24))
    return usage_error(command, "--timeout: expected a duration up to 24h, like 10s");
  const Status done = send(verb, *stream, *timeout, *options);
  if (options->json()) {
    JsonObjectWriter json;
    json.text("command", name).flag("done", static_cast<bool>(done));
    if (!done) json.text("error", done.error().message);
    std::puts(json.to_string().c_str());
    return done ? kDone : kMistake;
  }
  if (!done) return failed(name.c_str(), done.error());
  std::puts("done");
  return kDone;
}

}  // namespace

int start(const std::vector<std::string> &arguments) { return run(CommandVerb::start, arguments); }
int stop(const std::vector<std::string> &arguments) { return run(CommandVerb::stop, arguments); }
int restart(const std::vector<std::string> &arguments) { return run(CommandVerb::restart, arguments); }
int cancel_delay(const std::vector<std::string> &arguments) {
  return run(CommandVerb::cancel_delay, arguments);
}

}  // namespace rec::tool
