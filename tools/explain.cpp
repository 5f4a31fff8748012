// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstdio>

#include "core/model/push_url.h"
#include "core/model/recording_names.h"
#include "core/service/config_reader.h"
#include "core/service/configuration.h"
#include "tools/commands.h"

namespace rec::tool {
namespace {

std::string seconds_text(Nanoseconds duration) {
  return duration_text(std::chrono::duration_cast<Seconds>(duration));
}

std::string rule_text(const RecordingRule &rule) {
  return std::string(name_of(rank_of(rule))) + " (" + rule.origin + ")";
}

void print_weaker(const RuleMatch &match) {
  for (const RecordingRule *rule : match.weaker)
    print_line("weaker", "template \"" + rule->template_name + "\" by " + rule_text(*rule) + ": " +
                             std::string(name_of(rank_of(*match.winner))) + " is narrower");
}

void print_formats(const RecordingTemplate &t) {
  for (const FileFormat &file : t.files)
    print_line("format",
               std::string(name_of(file.format)) + ", cycle " + seconds_text(file.cycle) +
                   (t.splices(file.format) ? ", splice-timeout " + seconds_text(file.splice_timeout) : ""));
  if (t.hls)
    print_line("format", "hls, segments of " + duration_text(t.hls->segment) + ", splice-timeout " +
                             seconds_text(t.hls->splice_timeout) +
                             (t.hls->cycle > Nanoseconds(0) ? ", cycle " + seconds_text(t.hls->cycle) : ""));
}

// False: the push cannot be recorded under the template's name.
bool print_names(const RecordingTemplate &t, const PushIdentity &push) {
  NameFacts facts;
  facts.domain = push.domain;
  facts.app = push.app;
  facts.stream = push.stream;
  facts.record_id = "<RecordId>";
  facts.random_id = "<RandomID>";
  const auto names = bind_names(t, "", facts);
  if (!names) {
    print_line("recorded", "no: " + names.error().message);
    return false;
  }
  for (const FileFormat &file : t.files)
    print_line("name", names->files.at(file.format) + "." + std::string(extension_of(file.format)));
  if (t.hls) print_line("name", names->playlist);
  if (t.hls && !names->segments.empty()) print_line("segments", names->segments);
  return true;
}

int explain_push(const Configuration &configuration, const PushIdentity &push) {
  print_line("push", "domain " + push.domain + ", app " + push.app + ", stream " + push.stream);
  const TemplateChoice choice = choose_template(configuration, push);
  if (!choice.recording) {
    print_line("recorded", "no: no rule matches");
    return kNotRecorded;
  }
  const RecordingTemplate &t = *choice.recording;
  print_line("template", "\"" + t.name + "\"");
  print_line("because", rule_text(*choice.match.winner));
  print_weaker(choice.match);
  if (!t.records()) {
    print_line("recorded", "no: the template has no formats");
    return kNotRecorded;
  }
  print_formats(t);
  if (!print_names(t, push)) return kNotRecorded;
  print_line("time-zone", t.time_zone);
  print_line("storage", t.store.empty() ? "none: files stay where they are"
                                        : t.store + " (" + configuration.stores.at(t.store).uri + ")");
  for (const std::string &name : t.callbacks)
    print_line("callback", name + " (" + configuration.callbacks.at(name).url + ")");
  return kDone;
}

}  // namespace

int explain(const std::vector<std::string> &arguments) {
  const Command &command = command_named("explain");
  std::string config, uri;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--config" && i + 1 < arguments.size())
      config = arguments[++i];
    else if (arguments[i].starts_with("--config="))
      config = arguments[i].substr(9);
    else if (!arguments[i].starts_with("-") && uri.empty())
      uri = arguments[i];
    else
      return usage_error(command, "unexpected argument " + std::to_string(i + 1));
  }
  if (config.empty() || uri.empty()) return usage_error(command, "a configuration file and a URI are needed");
  const auto push = parse_push_url(uri);
  if (!push) return usage_error(command, push.error().message);
  const auto loaded = load_configuration(config);
  for (const std::string &problem : loaded.problems) std::fprintf(stderr, "%s\n", printable(problem).c_str());
  return loaded.configuration ? explain_push(*loaded.configuration, *push) : kMistake;
}

int validate(const std::vector<std::string> &arguments) {
  if (arguments.size() != 1 || arguments[0].starts_with("-"))
    return usage_error(command_named("validate"), "one configuration file is needed");
  const auto loaded = load_configuration(arguments[0]);
  for (const std::string &problem : loaded.problems) std::fprintf(stderr, "%s\n", printable(problem).c_str());
  if (!loaded.configuration) return kMistake;
  for (const std::string &notice : loaded.notices) std::printf("%s\n", printable(notice).c_str());
  const Configuration &c = *loaded.configuration;
  std::printf("%s: valid: %zu templates, %zu rules, %zu stores, %zu callbacks\n",
              printable(arguments[0]).c_str(), c.templates.size(), c.rules.size(), c.stores.size(),
              c.callbacks.size());
  return kDone;
}

}  // namespace rec::tool
