// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/cloud_requests.h"

#include <charconv>
#include <deque>
#include <utility>

#include "core/model/name_pattern.h"
#include "core/service/cloud_parts.h"
#include "core/service/config_writer.h"

namespace rec {
namespace {

struct Document {
  JsonValue root;
  ConfigNotes notes;
};

struct Request {
  Document *document;
  Field object;
  int round;
};

std::string action_of(const JsonValue &object) {
  const JsonMember *const action = object.member("Action");
  return action && action->value.kind == JsonValue::Kind::string ? action->value.string : "";
}

// The requests of a document, or the answers of which they are a part.
void collect(Document &document, const Field &field, const CloudImporter &importer,
             std::vector<Request> &requests) {
  if (field.value.kind == JsonValue::Kind::array) {
    for (const Field &element : read_list(document.notes.problems, field, ""))
      collect(document, element, importer, requests);
    return;
  }
  if (const auto round = importer.round_of(action_of(field.value), field.value)) {
    requests.push_back({&document, field, *round});
    return;
  }
  bool found = false;
  for (const char *name : {"Response", "Templates", "Template", "Rules"})
    if (const JsonMember *const inner = field.value.member(name)) {
      collect(document, {inner->value, inner->at, (field.path.empty() ? "" : field.path + ".") + name},
              importer, requests);
      found = true;
    }
  if (!found)
    document.notes.problems.expected(field.at, field.path, "a request that is about recording",
                                     describe_kind(field.value));
}

bool says_nothing(const JsonValue &value) {
  switch (value.kind) {
    case JsonValue::Kind::null:
      return true;
    case JsonValue::Kind::boolean:
      return !value.boolean;
    case JsonValue::Kind::integer:
      return value.integer == 0;
    case JsonValue::Kind::real:
      return false;
    case JsonValue::Kind::string:
      return value.string.empty();
    case JsonValue::Kind::array:
      return value.elements.empty();
    case JsonValue::Kind::object:
      break;
  }
  return value.members.empty();
}

// The reader of our own files has the last word about what was made.
void check_result(ImportedRequests &imported) {
  if (!imported.problems.empty()) return;
  imported.problems = parse_configuration(write_configuration(imported.configuration), "imported").problems;
}

}  // namespace

ImportedRequests import_requests(Cloud cloud, const std::vector<NamedText> &texts) {
  const auto importer = cloud == Cloud::tencent ? make_tencent_importer() : make_alibaba_importer();
  ImportedRequests imported;
  std::deque<Document> documents;  // fields refer to them
  std::vector<Request> requests;
  for (const NamedText &text : texts) {
    Document &document = documents.emplace_back(Document{{}, {Problems(text.file), Problems(text.file)}});
    auto root = parse_json(text.text);
    if (!root) {
      imported.problems.push_back(text.file + ":" + root.error().message);
      continue;
    }
    document.root = *std::move(root);
    collect(document, {document.root, document.root.at, ""}, *importer, requests);
  }
  for (const int round : {0, 1}) {
    for (const Request &request : requests) {
      CloudImport import{request.document->notes, imported.configuration};
      if (request.round == round) importer->read(import, request.object);
    }
  }
  for (Document &document : documents) {
    for (std::string &text : document.notes.problems.take()) imported.problems.push_back(std::move(text));
    for (std::string &text : document.notes.notices.take()) imported.notices.push_back(std::move(text));
  }
  check_result(imported);
  return imported;
}

ExportedRequests export_requests(Cloud cloud, const Configuration &configuration) {
  return cloud == Cloud::tencent ? export_tencent(configuration) : export_alibaba(configuration);
}

// ---- For importers

std::optional<std::int64_t> take_number(CloudImport &import, ObjectReader &reader, const char *name,
                                        std::int64_t least, std::int64_t most) {
  const auto field = reader.take(name);
  if (!field || field->value.kind == JsonValue::Kind::null) return std::nullopt;
  if (field->value.kind != JsonValue::Kind::string)
    return read_count(import.notes.problems, *field, least, most);
  const std::string &text = field->value.string;
  std::int64_t number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status == std::errc() && end == text.data() + text.size() && number >= least && number <= most)
    return number;
  import.notes.problems.expected(
      field->value.at, field->path,
      "a whole number from " + std::to_string(least) + " to " + std::to_string(most), describe(field->value));
  return std::nullopt;
}

std::string take_text(CloudImport &import, ObjectReader &reader, const char *name) {
  const auto field = reader.take(name);
  if (!field || says_nothing(field->value)) return {};
  return read_text(import.notes.problems, *field, "a string").value_or("");
}

std::string take_pattern(CloudImport &import, ObjectReader &reader, const char *name, bool playlist) {
  const auto field = reader.take(name);
  if (!field || says_nothing(field->value)) return {};
  std::string pattern = read_text(import.notes.problems, *field, "a string").value_or("");
  pattern.erase(0, pattern.find_first_not_of('/'));
  while (pattern.ends_with('/')) pattern.pop_back();
  Status fits = check_relative_pattern(pattern);
  if (fits && playlist) {
    const auto folder = playlist_pattern(pattern);
    if (!folder) fits = folder.error();
  }
  if (fits) return pattern;
  not_kept(import, *field, fits.error().message);
  return {};
}

void not_kept(CloudImport &import, const Field &field, const std::string &why) {
  import.notes.notices.add(field.at, field.path, "is not kept" + (why.empty() ? "" : ": " + why));
}

void rest_is_not_kept(CloudImport &import, const ObjectReader &reader) {
  for (const Field &field : reader.rest())
    if (!says_nothing(field.value)) not_kept(import, field, "there is no place for it");
}

std::string free_template_name(const Configuration &configuration, const std::string &wished) {
  const std::string base = wished.substr(0, 56);
  std::string name = base;
  for (unsigned n = 2; configuration.templates.contains(name); ++n) name = base + "-" + std::to_string(n);
  return name;
}

void add_cloud_rule(CloudImport &import, const Field &request, RecordingRule rule) {
  rule.app = without_wildcard(rule.app);
  rule.stream = without_wildcard(rule.stream);
  rule.origin = import.notes.problems.origin(request.at);
  if (const auto earlier = import.configuration.rules.add(std::move(rule)))
    import.notes.problems.expected(request.at, request.path, "every domain, app and stream once",
                                   "the same as at " + earlier->origin);
}

std::string without_wildcard(const std::string &name) { return name == "*" ? "" : name; }

// ---- For exporters

void CloudExport::lost(const std::string &member, const std::string &why) {
  result.notices.push_back(member + ": is not kept: " + why);
}

ExportedRequests CloudExport::finish() {
  result.text = "[";
  for (std::size_t i = 0; i < requests.size(); ++i)
    result.text += (i > 0 ? ",\n" : "\n") + requests[i].to_string(JsonLayout::indented);
  result.text += "\n]\n";
  return std::move(result);
}

std::optional<BucketPlace> bucket_of(const Configuration &configuration, const RecordingTemplate &t,
                                     std::string_view scheme) {
  const auto store = configuration.stores.find(t.store);
  if (store == configuration.stores.end() || !store->second.uri.starts_with(scheme)) return std::nullopt;
  const std::string place = store->second.uri.substr(scheme.size());
  const auto slash = place.find('/');
  return BucketPlace{place.substr(0, slash), slash == std::string::npos ? "" : place.substr(slash + 1)};
}

void lose_what_only_we_have(CloudExport &out, const RecordingTemplate &t, const std::string &path) {
  if (t.standby) out.lost(path + "standby", "no request has it");
  if (t.restart_after > Seconds(0)) out.lost(path + "restart-after", "no request has it");
  if (!t.backup_store.empty()) out.lost(path + "storage.backup", "no request has it");
  for (const std::string &name : t.callbacks)
    out.lost(path + "callbacks", "\"" + name + "\" is bound by other requests");
}

}  // namespace rec
