// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstdio>
#include <optional>

#include "core/io/files.h"
#include "core/service/cloud_requests.h"
#include "core/service/config_writer.h"
#include "tools/commands.h"

namespace rec::tool {
namespace {

std::optional<Cloud> cloud_named(const std::string &name) {
  if (name == "tencent") return Cloud::tencent;
  if (name == "alibaba") return Cloud::alibaba;
  return std::nullopt;
}

void complain(const std::vector<std::string> &lines) {
  for (const std::string &line : lines) std::fprintf(stderr, "%s\n", printable(line).c_str());
}

bool are_files(const std::vector<std::string> &arguments) {
  for (std::size_t i = 1; i < arguments.size(); ++i)
    if (arguments[i].empty() || arguments[i].front() == '-') return false;
  return true;
}

}  // namespace

int import(const std::vector<std::string> &arguments) {
  const auto cloud = arguments.empty() ? std::nullopt : cloud_named(arguments[0]);
  if (!cloud || arguments.size() < 2 || !are_files(arguments))
    return usage_error(command_named("import"), "a cloud and its requests are needed");
  std::vector<NamedText> documents;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    auto text = read_file(arguments[i], kMaxConfigurationFile);
    if (!text) {
      complain({text.error().message});
      return kMistake;
    }
    documents.push_back({arguments[i], *std::move(text)});
  }
  const ImportedRequests imported = import_requests(*cloud, documents);
  complain(imported.problems);
  if (!imported.problems.empty()) return kMistake;
  complain(imported.notices);
  std::fputs(write_configuration(imported.configuration).c_str(), stdout);
  return kDone;
}

int export_to(const std::vector<std::string> &arguments) {
  const auto cloud = arguments.empty() ? std::nullopt : cloud_named(arguments[0]);
  if (!cloud || arguments.size() != 2 || !are_files(arguments))
    return usage_error(command_named("export"), "a cloud and one configuration file are needed");
  const auto loaded = load_configuration(arguments[1]);
  complain(loaded.problems);
  if (!loaded.configuration) return kMistake;
  const ExportedRequests exported = export_requests(*cloud, *loaded.configuration);
  complain(exported.notices);
  std::fputs(exported.text.c_str(), stdout);
  return kDone;
}

}  // namespace rec::tool
