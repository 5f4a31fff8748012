// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ext/vodupload/sink_facts.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <vector>

#include "core/service/configuration_store.h"
#include "core/service/owner_lease.h"

namespace rec {
namespace {

Error unknown(const std::string &what, const std::string &name) {
  return {Errc::invalid_argument, "no " + what + " is named '" + name + "' in the configuration"};
}

std::vector<std::string> names_in(const std::string &list) {
  std::vector<std::string> names;
  std::size_t begin = 0;
  while (begin < list.size()) {
    const std::size_t comma = std::min(list.find(',', begin), list.size());
    const std::size_t first = list.find_first_not_of(' ', begin);
    if (first < comma) {
      const std::size_t last = list.find_last_not_of(' ', comma - 1);
      names.push_back(list.substr(first, last + 1 - first));
    }
    begin = comma + 1;
  }
  return names;
}

// What the properties say goes before what the template says.
Result<RecordingTemplate> template_for(const VodUploadSettings &settings,
                                       const Configuration &configuration) {
  RecordingTemplate made;
  if (const std::string &name = settings.recording_template; !name.empty()) {
    const auto found = configuration.templates.find(name);
    if (found == configuration.templates.end()) return unknown("template", name);
    made = found->second;
  }
  if (!settings.storage.empty()) made.store = settings.storage;
  if (made.backup_store == made.store) made.backup_store.clear();
  if (!settings.callbacks.empty()) made.callbacks = names_in(settings.callbacks);
  if (!made.store.empty() && !configuration.stores.contains(made.store))
    return unknown("storage", made.store);
  made.callback_events.clear();
  for (const std::string &name : made.callbacks) {
    const auto found = configuration.callbacks.find(name);
    if (found == configuration.callbacks.end()) return unknown("callback", name);
    made.callback_events[name] = found->second.events;
  }
  return made;
}

}  // namespace

Result<SinkSession::Facts> sink_facts(const VodUploadSettings &settings, const std::string &element_name) {
  // Shared by those who act on it. Without a file there is nothing that could be named.
  std::shared_ptr<const Configuration> configuration = std::make_shared<Configuration>();
  if (!settings.config.empty()) {
    const auto in_force = shared_configuration(settings.config)->sample();
    if (!in_force->loaded.configuration) return configuration_error(in_force->loaded);
    configuration = in_force->loaded.configuration;
  }
  SinkSession::Facts facts;
  facts.push = {.domain = settings.domain,
                .app = settings.app,
                .stream = settings.stream.empty() ? element_name : settings.stream,
                .stream_param = ""};
  facts.session_id = random_decimal_id();
  REC_TRY(facts.recording_template, template_for(settings, *configuration));
  const std::string directory = settings.directory.empty() ? "." : settings.directory;
  facts.directory = (std::filesystem::absolute(directory) / "").lexically_normal().string();
  if (facts.directory.size() > 1) facts.directory.pop_back();  // its '/'
  return facts;
}

}  // namespace rec
