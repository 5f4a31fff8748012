// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/options.h"

#include <glib.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>

#include "core/io/files.h"
#include "core/service/destinations_of.h"
#include "tools/commands.h"

namespace rec::tool {
namespace {

bool contains(const Names &names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

template <typename Number>
std::optional<Number> parse_number(const std::string &text) {
  Number number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  return status == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

std::string environment(const char *name) {
  const char *value = g_getenv(name);
  return value ? value : "";
}

}  // namespace

std::string Options::value(const std::string &name, const std::string &otherwise) const {
  const auto found = values.find(name);
  return found == values.end() ? otherwise : found->second;
}

int Options::limit() const { return parse_number<int>(value("--limit", "100")).value_or(100); }

Result<Options> read_options(const std::vector<std::string> &arguments, const Names &valued,
                             const Names &flags, std::size_t most_words) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string &argument = arguments[i];
    const std::size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    if (contains(flags, argument))
      options.flags.insert(argument);
    else if (contains(valued, name) && equals != std::string::npos)
      options.values[name] = argument.substr(equals + 1);
    else if (contains(valued, argument) && i + 1 < arguments.size())
      options.values[name] = arguments[++i];
    else if (!argument.starts_with("-") && options.words.size() < most_words)
      options.words.push_back(argument);
    else
      return Error{Errc::invalid_argument, contains(valued, argument)
                                               ? argument + ": expected a value after it"
                                               : "unexpected argument '" + argument + "'"};
  }
  if (options.has("--limit") && parse_number<int>(options.value("--limit")).value_or(0) < 1)
    return Error{Errc::invalid_argument,
                 "--limit: expected a number from 1 on, found '" + options.value("--limit") + "'"};
  return options;
}

Result<PushIdentity> read_stream(const Options &options) {
  for (const char *name : {"--domain", "--app", "--stream"})
    if (options.value(name).empty())
      return Error{Errc::invalid_argument, std::string(name) + ": expected the exact name, found nothing"};
  return PushIdentity{.domain = options.value("--domain"),
                      .app = options.value("--app"),
                      .stream = options.value("--stream"),
                      .stream_param = ""};
}

Result<Catalogue> open_existing(const Options &options, const Clock &clock) {
  if (const auto there = file_facts(options.catalogue()); !there) return there.error();
  return Catalogue::open(options.catalogue(), clock);
}

Result<Destinations> read_destinations(const Options &options) {
  if (!options.has("--config")) return Destinations{};
  const auto loaded = load_configuration(options.value("--config"));
  if (!loaded.configuration) return configuration_error(loaded);
  return destinations_of(*loaded.configuration, environment);
}

int failed(const char *command, const Error &error) {
  std::fprintf(stderr, "gst-recording-1.0 %s: %s\n", command, printable(error.message).c_str());
  return kMistake;
}

}  // namespace rec::tool
