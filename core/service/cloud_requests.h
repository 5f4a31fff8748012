// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>
#include <vector>

#include "core/service/configuration.h"

namespace rec {

// The clouds whose requests can be turned into a configuration, and back.
enum class Cloud { tencent, alibaba };

struct NamedText {
  std::string file;  // for problems
  std::string text;
};

struct ImportedRequests {
  Configuration configuration;        // complete only without problems
  std::vector<std::string> problems;  // "file:line:column: member: ..."; nothing is imported then
  std::vector<std::string> notices;   // what the configuration has no place for, in the same form
};

// Reads request JSON: an object, or an array of them, in any order (docs/configuration.md). tencent:
// CreateLiveRecordTemplate, CreateLiveRecordRule and what DescribeLiveRecordTemplates and -Rules answer.
// alibaba: AddLiveAppRecordConfig, AddLiveRecordVodConfig, AddLiveRecordNotifyConfig. `Action` says which it
// is; without one its members do. Every member is kept, noticed or a problem.
ImportedRequests import_requests(Cloud cloud, const std::vector<NamedText> &documents);

struct ExportedRequests {
  std::string text;                  // a JSON array of objects with `Action`
  std::vector<std::string> notices;  // what the requests have no place for: "templates.x.standby: ..."
};

ExportedRequests export_requests(Cloud cloud, const Configuration &configuration);

}  // namespace rec
