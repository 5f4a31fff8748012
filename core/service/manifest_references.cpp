// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/manifest_references.h"

#include <algorithm>
#include <map>

namespace rec {
namespace {

const std::vector<JsonValue> &list_member(const JsonValue &object, std::string_view name) {
  static const std::vector<JsonValue> kNone;
  const JsonMember *m = object.member(name);
  return m && m->value.kind == JsonValue::Kind::array ? m->value.elements : kNone;
}

std::optional<std::int64_t> number_member(const JsonValue &object, std::string_view name) {
  const JsonMember *m = object.member(name);
  if (!m || m->value.kind != JsonValue::Kind::integer) return std::nullopt;
  return m->value.integer;
}

// Recordings that are there, by their session.
class KnownRecordings {
 public:
  explicit KnownRecordings(SqlDatabase &db) : db_(db) {}

  Result<std::optional<std::int64_t>> find(const std::string &session_id) {
    if (const auto known = ids_.find(session_id); known != ids_.end()) return known->second;
    REC_TRY(auto query, db_.prepare("SELECT id FROM recording WHERE session_id = ?1"));
    REC_CHECK(query.bind_all(session_id));
    REC_TRY(const bool found, query.step());
    const auto id = found ? std::optional(query.int64(0)) : std::nullopt;
    ids_[session_id] = id;
    return id;
  }

 private:
  SqlDatabase &db_;
  std::map<std::string, std::optional<std::int64_t>> ids_;
};

Status restore_sources(SqlDatabase &db, KnownRecordings &known, std::int64_t id,
                       const ManifestReferences &references, std::vector<Finding> &findings) {
  for (const ManifestReferences::Source &source : references.sources) {
    REC_TRY(const auto of, known.find(source.session_id));
    if (!of) {
      findings.push_back({Finding::Kind::missing, references.session_id,
                          "recording " + references.session_id + " is made of recording " +
                              source.session_id + ", of which no manifest was found"});
      continue;
    }
    REC_CHECK(
        db.run_with("INSERT INTO derived_from (recording_id, position, source_id, from_us, to_us) VALUES "
                    "(?1, ?2, ?3, ?4, ?5) ON CONFLICT (recording_id, position) DO NOTHING",
                    id, source.position, *of, source.from_us, source.to_us));
  }
  return ok();
}

Status restore_segments(SqlDatabase &db, KnownRecordings &known, std::int64_t id,
                        const ManifestReferences &references) {
  for (const ManifestReferences::Segment &segment : references.segments) {
    REC_TRY(const auto of, known.find(segment.session_id));
    if (!of) continue;  // restore_sources() has said so
    REC_CHECK(
        db.run_with("INSERT INTO clip_segment (recording_id, position, segment_id) SELECT ?1, ?2, s.id FROM "
                    "segment s JOIN recording r ON r.id = s.recording_id WHERE r.id = ?3 AND s.path = "
                    "r.directory || '/' || ?4 ON CONFLICT (recording_id, position) DO NOTHING",
                    id, segment.position, *of, segment.path));
  }
  return ok();
}

Status restore_results(SqlDatabase &db, KnownRecordings &known, std::int64_t id,
                       const ManifestReferences &references) {
  std::int64_t number = 0;
  for (const std::string &result : references.results) {
    const std::int64_t nth = number++;
    if (result.empty()) continue;
    REC_TRY(const auto made, known.find(result));
    if (!made) continue;  // it was forgotten
    REC_CHECK(db.run_with(
        "UPDATE job SET result_id = ?3 WHERE result_id IS NULL AND id = (SELECT id FROM job WHERE "
        "recording_id = ?1 ORDER BY id LIMIT 1 OFFSET ?2)",
        id, nth, *made));
  }
  return ok();
}

}  // namespace

std::string text_member(const JsonValue &object, std::string_view name) {
  const JsonMember *m = object.member(name);
  return m && m->value.kind == JsonValue::Kind::string ? m->value.string : std::string();
}

ManifestReferences references_in(const JsonValue &manifest, const std::string &session_id) {
  ManifestReferences references;
  references.session_id = session_id;
  for (const JsonValue &row : list_member(manifest, "derived_from")) {
    const auto position = number_member(row, "position");
    const std::string source = text_member(row, "source");
    if (position && !source.empty())
      references.sources.push_back(
          {*position, source, number_member(row, "from_us"), number_member(row, "to_us")});
  }
  for (const JsonValue &row : list_member(manifest, "clip_segments")) {
    const auto position = number_member(row, "position");
    const std::string source = text_member(row, "source"), path = text_member(row, "path");
    if (position && !source.empty() && !path.empty())
      references.segments.push_back({*position, source, path});
  }
  for (const JsonValue &row : list_member(manifest, "jobs"))
    references.results.push_back(text_member(row, "result"));
  const bool has_result = std::any_of(references.results.begin(), references.results.end(),
                                      [](const std::string &result) { return !result.empty(); });
  if (!has_result) references.results.clear();
  return references;
}

Status restore_references(SqlDatabase &db, const ManifestReferences &references,
                          std::vector<Finding> &findings) {
  return db.transaction([&]() -> Status {
    KnownRecordings known(db);
    REC_TRY(const auto id, known.find(references.session_id));
    if (!id) return ok();  // its manifest was refused
    REC_CHECK(restore_sources(db, known, *id, references, findings));
    REC_CHECK(restore_segments(db, known, *id, references));
    return restore_results(db, known, *id, references);
  });
}

}  // namespace rec
