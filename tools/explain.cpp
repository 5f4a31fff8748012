// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstdio>

#include "core/model/push_url.h"
#include "core/service/explanation.h"
#include "tools/commands.h"

namespace rec::tool {

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
  if (!loaded.configuration) return kMistake;
  const Explanation explanation = explain_push(*loaded.configuration, *push, true);
  for (const Explanation::Line &line : explanation.lines) print_line(line.label, line.text);
  return explanation.recorded ? kDone : kNotRecorded;
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
