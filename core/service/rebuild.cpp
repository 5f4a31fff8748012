// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <filesystem>
#include <system_error>

#include "core/io/files.h"
#include "core/io/json.h"
#include "core/service/catalogue.h"
#include "core/service/fsck.h"
#include "core/service/fsck_buckets.h"
#include "core/service/manifest.h"
#include "core/service/manifest_references.h"
#include "core/service/object_names.h"

namespace rec {
namespace {
namespace fs = std::filesystem;

constexpr std::string_view kPathColumns[] = {"directory", "playlist_path",    "path",
                                             "temp_path", "location_pattern", "manifest"};

struct Manifest {
  std::string text;
  std::string session_id;
  std::string path;           // as it lies there
  std::string old_directory;  // as it says
  std::string directory;      // where that is now
  ManifestReferences references;
};

Error unfit(const std::string &why) { return {Errc::corrupt, "is no manifest of this version: " + why}; }

// Hostile until it is read; what is in it goes into the catalogue as values only. `path`: where it lies; "" =
// in no folder, so that its recording is where it was.
Result<Manifest> read_manifest(Result<std::string> text, std::string path) {
  Manifest manifest;
  if (!text) return text.error();
  manifest.text = *std::move(text);
  const auto json = parse_json(manifest.text);
  if (!json) return unfit(json.error().message);
  const JsonMember *version = json->member("manifest");
  if (!version || version->value.integer != kManifestVersion) return unfit("another version");
  const JsonMember *recording = json->member("recording");
  if (!recording || recording->value.kind != JsonValue::Kind::object) return unfit("it has no recording");
  for (const char *list : {"callbacks", "files", "segments", "owed"}) {
    const JsonMember *m = json->member(list);
    if (!m || m->value.kind != JsonValue::Kind::array) return unfit(std::string("it has no ") + list);
  }
  manifest.session_id = text_member(recording->value, "session_id");
  manifest.references = references_in(*json, manifest.session_id);
  if (manifest.session_id.empty() || text_member(recording->value, "state") != "finished")
    return unfit("its recording is not a finished one");
  manifest.old_directory = text_member(recording->value, "directory");
  const std::string below = text_member(*json, "path");
  if (path.empty()) path = below;
  const bool is_below = !manifest.old_directory.empty() && below.size() > manifest.old_directory.size() &&
                        below.starts_with(manifest.old_directory + "/");
  if (!is_below) return unfit("it is not below its recording's directory");
  const std::string rest = below.substr(manifest.old_directory.size());
  if (!path.ends_with(rest)) return unfit("it lies elsewhere below another name");
  manifest.directory = path.substr(0, path.size() - rest.size());
  manifest.path = std::move(path);
  return manifest;
}

// Adds one manifest's rows, all of them or none.
class Restorer {
 public:
  Restorer(SqlDatabase &db, const Manifest &manifest) : db_(db), manifest_(manifest) {}

  Status add(Rebuilt &rebuilt) {
    return db_.transaction([&]() -> Status {
      REC_CHECK(add_recording());
      REC_CHECK(add_rows("recording_callback", "$.callbacks", "recording_id", "?1", ""));
      REC_TRY(const std::uint64_t files, add_rows("file", "$.files", "recording_id", "?1", ""));
      REC_TRY(const std::uint64_t segments, add_rows("segment", "$.segments", "recording_id", "?1", ""));
      REC_CHECK(check_paths("file"));
      REC_CHECK(check_paths("segment"));
      REC_CHECK(name_all(db_, id_));
      REC_TRY(const std::uint64_t owed, add_owed());
      REC_CHECK(add_rows("job", "$.jobs", "recording_id, file_id", "?1, " + file_sql(), ""));
      REC_CHECK(add_rows("frame_drop", "$.ledger.drops", "recording_id", "?1", ""));
      ++rebuilt.recordings;
      rebuilt.files += files;
      rebuilt.segments += segments;
      rebuilt.owed += owed;
      return ok();
    });
  }

 private:
  // ?1 = the recording's row, ?2 = the manifest, ?3 = its directory then, ?4 = and now.
  Status run(const std::string &sql) {
    return db_.run_with(sql, id_, manifest_.text, manifest_.old_directory, manifest_.directory);
  }

  // What `value`'s member of that name is in SQL; moved with its directory if it is a path.
  static std::string member_sql(const std::string &value, const std::string &name, bool is_text,
                                const std::string &otherwise) {
    const std::string raw = "json_extract(" + value + ", '$." + name + "')";
    if (!is_text) return "coalesce(CAST(" + raw + " AS INTEGER), " + otherwise + ")";
    std::string text = "coalesce(CAST(" + raw + " AS TEXT), '')";
    if (std::find(std::begin(kPathColumns), std::end(kPathColumns), name) == std::end(kPathColumns))
      return text;
    return moved(text);
  }

  Result<std::string> null_or_zero(const std::string &table, const std::string &column) {
    REC_TRY(auto query, db_.prepare("SELECT \"notnull\" FROM pragma_table_info(?1) WHERE name = ?2"));
    REC_CHECK(query.bind_all(table, column));
    REC_TRY(const bool found, query.step());
    return std::string(found && query.int64(0) != 0 ? "0" : "NULL");
  }

  // A row for each element of the list at `where` (of a recording: for the one object).
  Result<std::uint64_t> add_rows(const std::string &table, const std::string &where, std::string names,
                                 std::string values, const std::string &condition) {
    REC_TRY(const auto columns, manifest_columns(db_, table));
    for (const ManifestColumn &c : columns) {
      REC_TRY(const std::string otherwise, null_or_zero(table, c.name));
      names += ", " + c.name;
      values += ", " + member_sql("j.value", c.name, c.is_text, otherwise);
    }
    const std::string rows = where == "$.recording" ? "(SELECT json_extract(?2, '$.recording') AS value) j"
                                                    : "json_each(?2, '" + where + "') j";
    REC_CHECK(run("INSERT INTO " + table + " (" + names + ") SELECT " + values + " FROM " + rows +
                  " WHERE (?1 IS NOT NULL AND length(?3) > 0 AND length(?4) >= 0)" + condition));
    return static_cast<std::uint64_t>(db_.changes());
  }

  Status add_recording() {
    REC_TRY(const std::uint64_t added,
            add_rows("recording", "$.recording",
                     "owner, stream_param, manifest, manifest_state, rebuilt, quality",
                     "'', '', '', 2, 1, coalesce(CAST(json_extract(?2, '$.quality') AS TEXT), '')", ""));
    if (added != 1) return unfit("it has no recording");
    id_ = db_.last_insert_id();
    return db_.run_with("UPDATE recording SET manifest = ?2 WHERE id = ?1", id_, manifest_.path);
  }

  // The file that a row of a list names by its path.
  static std::string file_sql() {
    return "(SELECT f.id FROM file f WHERE f.recording_id = ?1 AND f.path <> '' AND f.path = " +
           moved("coalesce(CAST(json_extract(j.value, '$.file') AS TEXT), '')") + ")";
  }

  Result<std::uint64_t> add_owed() {
    const std::string file = file_sql();
    const std::string segment = "(SELECT s.id FROM segment s WHERE s.recording_id = ?1 AND s.path = " +
                                moved("coalesce(CAST(json_extract(j.value, '$.segment') AS TEXT), '')") + ")";
    REC_TRY(const std::uint64_t owed,
            add_rows("outbox", "$.owed", "recording_id, file_id, segment_id", "?1, " + file + ", " + segment,
                     " AND (" + file + " IS NOT NULL OR " + segment +
                         " IS NOT NULL OR json_extract(j.value, '$.kind') = 'callback' AND "
                         "json_extract(j.value, '$.file') IS NULL)"));
    REC_CHECK(
        db_.run_with("UPDATE recording SET manifest_state = 1 WHERE id = ?1 AND EXISTS (SELECT 1 FROM outbox "
                     "WHERE recording_id = ?1 AND kind = 'upload')",
                     id_));
    return owed;
  }

  static std::string moved(const std::string &text) {
    return "CASE WHEN substr(" + text + " || '/', 1, length(?3) + 1) = ?3 || '/' THEN ?4 || substr(" + text +
           ", length(?3) + 1) ELSE " + text + " END";
  }

  Status check_paths(const std::string &table) {
    REC_TRY(
        auto query,
        db_.prepare("SELECT count(*) FROM " + table +
                    " WHERE recording_id = ?1 AND path <> '' AND (substr(path, 1, length(?2) + 1) <> ?2 || "
                    "'/' OR instr(path, '/../') > 0)"));
    REC_CHECK(query.bind_all(id_, manifest_.directory));
    REC_CHECK(query.step());
    if (query.int64(0) > 0) return unfit("it names files outside its recording's directory");
    return ok();
  }

  SqlDatabase &db_;
  const Manifest &manifest_;
  std::int64_t id_ = 0;
};

std::vector<std::string> manifests_below(const std::string &folder, Rebuilt &rebuilt) {
  std::vector<std::string> found;
  std::error_code e;
  const auto options = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator at(fs::absolute(folder).lexically_normal(), options, e), end;
       !e && at != end; at.increment(e)) {
    std::error_code ignored;
    if (is_manifest(at->path().string()) && at->is_regular_file(ignored))
      found.push_back(at->path().string());
  }
  if (e) rebuilt.findings.push_back({Finding::Kind::unreadable, folder, e.message()});
  std::sort(found.begin(), found.end());
  return found;
}

Result<bool> is_known(SqlDatabase &db, const std::string &session_id) {
  REC_TRY(auto query, db.prepare("SELECT count(*) FROM recording WHERE session_id = ?1"));
  REC_CHECK(query.bind_all(session_id));
  REC_CHECK(query.step());
  return query.int64(0) > 0;
}

using References = std::vector<ManifestReferences>;

// `where`: for findings. Of what is known already references are noted, too: what they name may come now.
Status add_manifest(SqlDatabase &db, const Result<Manifest> &manifest, const std::string &where,
                    Rebuilt &rebuilt, References &references) {
  if (!manifest) {
    rebuilt.findings.push_back({Finding::Kind::unreadable, where, manifest.error().message});
    return ok();
  }
  if (!manifest->references.empty()) references.push_back(manifest->references);
  REC_TRY(const bool known, is_known(db, manifest->session_id));
  if (known) {
    ++rebuilt.known;
    return ok();
  }
  Status added = Restorer(db, *manifest).add(rebuilt);
  if (!added && added.error().code == Errc::unavailable) return added;
  if (!added) rebuilt.findings.push_back({Finding::Kind::unreadable, where, added.error().message});
  return ok();
}

Status add_from_bucket(SqlDatabase &db, const std::string &store, BucketClient &bucket, Rebuilt &rebuilt,
                       References &references) {
  Status added = ok();
  const Status listed = list_objects(
      bucket,
      [&](const ObjectAnswer &object) {
        if (is_manifest(object.key))
          added = add_manifest(db, read_manifest(read_manifest_object(bucket, object), ""),
                               bucket.url_of(object.key), rebuilt, references);
        return added;
      },
      nullptr);
  if (added && !listed)
    rebuilt.findings.push_back({Finding::Kind::unreadable, bucket.url_of(bucket.prefix()),
                                "store " + store + ": " + listed.error().message});
  return added;
}

}  // namespace

Result<Rebuilt> rebuild_catalogue(const std::string &catalogue_path, const std::vector<std::string> &folders,
                                  OpenBuckets *buckets, const Clock &clock) {
  REC_CHECK(Catalogue::open(catalogue_path, clock));
  REC_TRY(auto db, SqlDatabase::open(catalogue_path));
  Rebuilt rebuilt;
  References references;
  for (const std::string &folder : folders)
    for (const std::string &path : manifests_below(folder, rebuilt))
      REC_CHECK(add_manifest(db, read_manifest(read_file(path, kLongestManifest), path), path, rebuilt,
                             references));
  if (buckets)
    for (auto &[store, bucket] : *buckets)
      REC_CHECK(add_from_bucket(db, store, bucket.client, rebuilt, references));
  for (const ManifestReferences &one : references) REC_CHECK(restore_references(db, one, rebuilt.findings));
  return rebuilt;
}

}  // namespace rec
