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

Status check(const SinkSession::Facts &facts, const Configuration &configuration) {
  if (!facts.store.empty() && !configuration.stores.contains(facts.store))
    return unknown("storage", facts.store);
  for (const std::string &name : facts.callbacks)
    if (!configuration.callbacks.contains(name)) return unknown("callback", name);
  return ok();
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
  facts.template_name = settings.recording_template;
  if (!facts.template_name.empty()) {
    const auto found = configuration->templates.find(facts.template_name);
    if (found == configuration->templates.end()) return unknown("template", facts.template_name);
    facts.store = found->second.store;
    facts.callbacks = found->second.callbacks;
  }
  if (!settings.storage.empty()) facts.store = settings.storage;
  if (!settings.callbacks.empty()) facts.callbacks = names_in(settings.callbacks);
  REC_CHECK(check(facts, *configuration));
  for (const std::string &name : facts.callbacks)
    facts.events[name] = configuration->callbacks.at(name).events;
  const std::string directory = settings.directory.empty() ? "." : settings.directory;
  facts.directory = (std::filesystem::absolute(directory) / "").lexically_normal().string();
  if (facts.directory.size() > 1) facts.directory.pop_back();  // its '/'
  return facts;
}

}  // namespace rec
