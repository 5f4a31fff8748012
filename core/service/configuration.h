// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/model/destinations.h"
#include "core/model/job_settings.h"
#include "core/model/recording_template.h"
#include "core/model/rule_set.h"
#include "core/model/spool.h"

namespace rec {

// What a configuration file says (docs/configuration.md). Every name that is used is defined, every value in
// range.
struct Configuration {
  std::map<std::string, RecordingTemplate> templates;
  RuleSet rules;
  std::map<std::string, StoreSettings> stores;
  std::map<std::string, CallbackTarget> callbacks;
  std::map<std::string, JobSettings> jobs;
  SpoolPolicy spool;
};

// The template that records a push, and why.
struct TemplateChoice {
  RuleMatch match;                               // points into the configuration's rules
  const RecordingTemplate *recording = nullptr;  // the winner's; null when no rule matches
};
TemplateChoice choose_template(const Configuration &configuration, const PushIdentity &push);

struct LoadedConfiguration {
  std::shared_ptr<const Configuration>
      configuration;  // null when there are problems; shared by those who act on it
  // All of them: "file:line:column: member: expected ..., found ...". None repeats a secret.
  std::vector<std::string> problems;
  // What is right and still not acted on, in the same form.
  std::vector<std::string> notices;
};

inline constexpr std::uint64_t kMaxConfigurationFile = 64 << 20;  // bytes: some hundred thousand rules

LoadedConfiguration load_configuration(const std::string &path);
LoadedConfiguration unreadable_configuration(const Error &why);
LoadedConfiguration parse_configuration(std::string_view text, const std::string &file);

// The problems as one Error for a message: all of them, unless there are many.
Error configuration_error(const LoadedConfiguration &loaded);

}  // namespace rec
