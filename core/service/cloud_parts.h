// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/service/cloud_requests.h"
#include "core/service/config_parts.h"

namespace rec {

// What is wrong with one file, what is lost of it, and what is made of all files.
struct CloudImport {
  ConfigNotes &notes;
  Configuration &configuration;
};

// Turns requests of one cloud into parts of a configuration, one after the other.
class CloudImporter {
 public:
  virtual ~CloudImporter() = default;
  // 0 or 1: those of 0 are read first; nothing: it is none of this cloud's. `action` may be "".
  virtual std::optional<int> round_of(std::string_view action, const JsonValue &request) const = 0;
  virtual void read(CloudImport &import, const Field &request) = 0;
};

std::unique_ptr<CloudImporter> make_tencent_importer();
std::unique_ptr<CloudImporter> make_alibaba_importer();
ExportedRequests export_tencent(const Configuration &configuration);
ExportedRequests export_alibaba(const Configuration &configuration);

// ---- For importers

// A number, which may be written as a string; nothing when there is none, or (a problem) not of this range.
std::optional<std::int64_t> take_number(CloudImport &import, ObjectReader &reader, const char *name,
                                        std::int64_t least, std::int64_t most);
std::string take_text(CloudImport &import, ObjectReader &reader, const char *name);  // "" when there is none
// A pattern for names; one that is not ours is lost, which is noticed.
std::string take_pattern(CloudImport &import, ObjectReader &reader, const char *name, bool playlist);

void not_kept(CloudImport &import, const Field &field, const std::string &why);
// Members that nobody took, unless they say nothing (null, false, 0, "", empty).
void rest_is_not_kept(CloudImport &import, const ObjectReader &reader);

// What a template may be called that is wished to be called so.
std::string free_template_name(const Configuration &configuration, const std::string &wished);
// One with the same domain, app and stream is a problem.
void add_cloud_rule(CloudImport &import, const Field &request, RecordingRule rule);
std::string without_wildcard(const std::string &name);  // "*" = ""

// ---- For exporters

struct CloudExport {
  ExportedRequests result;
  std::vector<JsonObjectWriter> requests;

  void lost(const std::string &member, const std::string &why);
  ExportedRequests finish();
};

// "archive" in "cos://archive-1250000000/x": bucket and what follows it.
struct BucketPlace {
  std::string bucket;
  std::string prefix;  // without '/' around it
};
std::optional<BucketPlace> bucket_of(const Configuration &configuration, const RecordingTemplate &t,
                                     std::string_view scheme);
// What no request of either cloud has a place for; `path` stands before a member.
void lose_what_only_we_have(CloudExport &out, const RecordingTemplate &t, const std::string &path);

}  // namespace rec
