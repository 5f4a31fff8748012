// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/manifest.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <utility>

#include "core/base/digest.h"
#include "core/io/files.h"
#include "core/service/catalogue_sql.h"
#include "core/service/object_names.h"
#include "core/service/recording_quality.h"

namespace rec {
namespace {
namespace fs = std::filesystem;

constexpr std::uint64_t kMostAtOnce = 16;
constexpr std::uint64_t kLongestManifest = 64 << 20;  // bytes

struct Hidden {
  std::string_view table;
  std::string_view column;
};
constexpr Hidden kHidden[] = {
    {"recording", "id"},
    {"recording", "owner"},
    {"recording", "stream_param"},  // where people put secrets
    {"recording", "resume_until_us"},
    {"recording", "manifest"},
    {"recording", "manifest_state"},
    {"recording", "playlist_refresh_ns"},
    {"recording", "retention_s"},  // expires_us tells what came of it
    {"recording", "rebuilt"},
    {"file", "id"},
    {"file", "recording_id"},
    {"file", "push_id"},
    {"file", "part"},
    {"file", "joined_into"},
    {"segment", "id"},
    {"segment", "recording_id"},
    {"recording_callback", "recording_id"},
    {"recording", "quality"},  // a member of its own
    {"derived_from", "recording_id"},
    {"derived_from", "source_id"},
    {"clip_segment", "recording_id"},
    {"clip_segment", "segment_id"},
    {"frame_drop", "recording_id"},
    {"job", "id"},
    {"job", "recording_id"},
    {"job", "file_id"},
    {"job", "lease"},
    {"job", "log"},
    {"job", "result_id"},
    {"job", "session_id"},  // folders are called like that
};
// Of a recording r: another number when something has changed for which its manifest is written again.
const std::string kChanges =
    "(r.hold + 2 * (SELECT count(*) FROM job j WHERE j.recording_id = r.id AND j.done_us IS NOT NULL) + "
    "1000000 * (SELECT count(*) FROM file e WHERE e.recording_id = r.id AND e.expired = 1 AND e.url = ''))";
// Of what is owed the few that make it be owed again.
constexpr std::string_view kOwed[] = {"event_id", "kind",       "target",          "waits_for",
                                      "event",    "created_us", "next_attempt_us", "path",
                                      "backfill", "sequence",   "detail",          "holds"};

bool is_shown(std::string_view table, std::string_view column) {
  if (table == "outbox") return std::find(std::begin(kOwed), std::end(kOwed), column) != std::end(kOwed);
  return std::none_of(std::begin(kHidden), std::end(kHidden),
                      [&](const Hidden &h) { return h.table == table && h.column == column; });
}

std::string list_of(const std::vector<ManifestColumn> &columns, const std::string &prefix) {
  std::string list;
  for (const ManifestColumn &c : columns) list += (list.empty() ? "" : ", ") + prefix + c.name;
  return list;
}

// A row whose first columns are `columns`; NULL is left out.
JsonObjectWriter row_as_json(const SqlStatement &row, const std::vector<ManifestColumn> &columns) {
  JsonObjectWriter json;
  int i = -1;
  for (const ManifestColumn &c : columns) {
    ++i;
    if (c.is_text)
      json.text(c.name.c_str(), row.text(i));
    else if (const auto number = row.maybe_int64(i))
      json.number(c.name.c_str(), *number);
  }
  return json;
}

// A member beside the columns: text that outlives the numbers of rows, left out where there is none.
struct Beside {
  const char *name;
  std::string sql;
};

Result<std::vector<JsonObjectWriter>> rows_as_json(SqlDatabase &db, const std::string &table,
                                                   const std::string &rest, std::int64_t recording_id,
                                                   const std::vector<Beside> &beside = {}) {
  REC_TRY(const auto columns, manifest_columns(db, table));
  std::string list = list_of(columns, "t.");
  for (const Beside &more : beside) list += ", (" + more.sql + ")";
  REC_TRY(auto query, db.prepare("SELECT " + list + " FROM " + table + " t " + rest));
  REC_CHECK(query.bind_all(recording_id));
  return query.rows([&](const SqlStatement &row) {
    JsonObjectWriter json = row_as_json(row, columns);
    int next = static_cast<int>(columns.size());
    for (const Beside &more : beside)
      if (const std::string text = row.text(next++); !text.empty()) json.text(more.name, text);
    return json;
  });
}

Result<std::vector<JsonObjectWriter>> owed_as_json(SqlDatabase &db, std::int64_t recording_id) {
  return rows_as_json(db, "outbox", "WHERE t.recording_id = ?1 AND t.done_us IS NULL ORDER BY t.id",
                      recording_id,
                      {{"file", "SELECT f.path FROM file f WHERE f.id = t.file_id"},
                       {"segment", "SELECT s.path FROM segment s WHERE s.id = t.segment_id"}});
}

// What ties the recording to others, which are told by their session.
Status add_references(SqlDatabase &db, std::int64_t recording_id, JsonObjectWriter &json) {
  REC_TRY(auto sources,
          rows_as_json(db, "derived_from", "WHERE t.recording_id = ?1 ORDER BY t.position", recording_id,
                       {{"source", "SELECT s.session_id FROM recording s WHERE s.id = t.source_id"}}));
  REC_TRY(auto segments,
          rows_as_json(db, "clip_segment", "WHERE t.recording_id = ?1 ORDER BY t.position", recording_id,
                       {{"source",
                         "SELECT r.session_id FROM segment s JOIN recording r ON r.id = s.recording_id "
                         "WHERE s.id = t.segment_id"},
                        {"path",
                         "SELECT substr(s.path, length(r.directory) + 2) FROM segment s JOIN recording r "
                         "ON r.id = s.recording_id WHERE s.id = t.segment_id"}}));
  REC_TRY(auto jobs,
          rows_as_json(db, "job", "WHERE t.recording_id = ?1 ORDER BY t.id", recording_id,
                       {{"file", "SELECT f.path FROM file f WHERE f.id = t.file_id"},
                        {"result", "SELECT d.session_id FROM recording d WHERE d.id = t.result_id"}}));
  json.objects("derived_from", std::move(sources))
      .objects("clip_segments", std::move(segments))
      .objects("jobs", std::move(jobs));
  return ok();
}

Result<std::string> quality_of(SqlDatabase &db, std::int64_t recording_id) {
  REC_TRY(auto query, db.prepare("SELECT quality FROM recording WHERE id = ?1"));
  REC_CHECK(query.bind_all(recording_id));
  REC_CHECK(query.step());
  return query.text(0);
}

// Time in which nothing was recorded, by the clock with which media came in.
Result<std::vector<JsonObjectWriter>> gaps_as_json(SqlDatabase &db, std::int64_t recording_id) {
  REC_TRY(
      auto query,
      db.prepare("SELECT format, before_us, started_us FROM ("
                 "SELECT format, started_us, lag(ended_us) OVER (PARTITION BY format ORDER BY started_us, "
                 "id) AS before_us FROM file WHERE recording_id = ?1 AND state = 'closed' AND format <> "
                 "'hls' UNION ALL "
                 "SELECT 'hls', started_us, lag(started_us + duration_ns / 1000) OVER (ORDER BY "
                 "started_us, id) FROM segment WHERE recording_id = ?1 AND duration_ns > 0) AS media "
                 "WHERE started_us - before_us > 500000 ORDER BY started_us, format"));
  REC_CHECK(query.bind_all(recording_id));
  return query.rows([](const SqlStatement &row) {
    JsonObjectWriter gap;
    gap.text("format", row.text(0)).number("from_us", row.int64(1)).number("until_us", row.int64(2));
    return gap;
  });
}

Result<JsonObjectWriter> ledger_as_json(SqlDatabase &db, std::int64_t recording_id) {
  REC_TRY(auto query,
          db.prepare("SELECT (SELECT count(*) FROM file WHERE recording_id = ?1 AND state = 'closed'), "
                     "(SELECT count(*) FROM file WHERE recording_id = ?1 AND state = 'failed'), "
                     "(SELECT count(*) FROM segment WHERE recording_id = ?1), "
                     "(SELECT coalesce(sum(video_frames), 0) FROM file WHERE recording_id = ?1), "
                     "(SELECT coalesce(sum(audio_frames), 0) FROM file WHERE recording_id = ?1)"));
  REC_CHECK(query.bind_all(recording_id));
  REC_CHECK(query.step());
  JsonObjectWriter ledger;
  ledger.number("files", query.int64(0))
      .number("failed_files", query.int64(1))
      .number("segments", query.int64(2))
      .number("video_frames", query.int64(3))
      .number("audio_frames", query.int64(4));
  REC_TRY(auto drops, rows_as_json(db, "frame_drop", "WHERE t.recording_id = ?1 ORDER BY t.format, t.reason",
                                   recording_id));
  ledger.objects("drops", std::move(drops));
  return ledger;
}

// A local copy, and perhaps the folder that it was in.
Result<bool> has_removed(SqlDatabase &db, std::int64_t recording_id) {
  REC_TRY(auto query,
          db.prepare("SELECT count(*) FROM file WHERE recording_id = ?1 AND removed_us IS NOT NULL"));
  REC_CHECK(query.bind_all(recording_id));
  REC_CHECK(query.step());
  return query.int64(0) > 0;
}

// Whether the file there is this recording's manifest, or nothing is.
bool is_free_for(const std::string &path, const std::string &session_id) {
  const auto text = read_file(path, kLongestManifest);
  if (!text) return text.error().code == Errc::not_found;
  const auto json = parse_json(*text);
  const JsonMember *recording = json ? json->member("recording") : nullptr;
  const JsonMember *id = recording ? recording->value.member("session_id") : nullptr;
  return id && id->value.string == session_id;
}

}  // namespace

Result<std::vector<ManifestColumn>> manifest_columns(SqlDatabase &db, const std::string &table) {
  REC_TRY(auto query, db.prepare("SELECT name, type FROM pragma_table_info(?1) ORDER BY cid"));
  REC_CHECK(query.bind_all(table));
  std::vector<ManifestColumn> columns;
  REC_CHECK(query.each_row([&](const SqlStatement &row) {
    ManifestColumn column{.name = row.text(0), .is_text = row.text(1) == "TEXT"};
    if (is_shown(table, column.name)) columns.push_back(std::move(column));
  }));
  return columns;
}

Result<Manifests> Manifests::open(const std::string &catalogue_path, const Clock &clock) {
  REC_TRY(auto db, SqlDatabase::open(catalogue_path));
  REC_CHECK(set_up_schema(db, catalogue_path));
  return Manifests(std::move(db), clock);
}

Result<std::uint64_t> Manifests::unfinished(const std::string &owner) {
  REC_TRY(auto query,
          db_.prepare("SELECT count(*) FROM recording WHERE owner = ?1 AND state = 'finished' AND "
                      "manifest_state < 2"));
  REC_CHECK(query.bind_all(owner));
  REC_CHECK(query.step());
  return static_cast<std::uint64_t>(query.int64(0));
}

Result<bool> Manifests::is_written(std::int64_t recording_id) {
  REC_TRY(auto query, db_.prepare("SELECT count(*) FROM recording WHERE id = ?1 AND manifest_state >= 2"));
  REC_CHECK(query.bind_all(recording_id));
  REC_CHECK(query.step());
  return query.int64(0) != 0;
}

Result<std::vector<Manifests::Due>> Manifests::due(bool only_again) {
  REC_TRY(
      auto query,
      db_.prepare("SELECT id, session_id, manifest, playlist_path, is_uploaded, "
                  "coalesce((SELECT f.path FROM file f WHERE f.recording_id = due.id AND f.state = "
                  "'closed' AND f.expired = 0 AND f.format <> 'hls' ORDER BY f.id LIMIT 1), ''), "
                  "EXISTS (SELECT 1 FROM file f WHERE f.recording_id = due.id AND f.format = 'hls' AND "
                  "f.expired = 0), "
                  "manifest_state, changes FROM ("
                  "SELECT r.*, " +
                  kChanges +
                  " AS changes, NOT EXISTS (SELECT 1 FROM outbox o WHERE o.recording_id = r.id AND o.kind = "
                  "'upload' AND o.backfill = 0 AND o.done_us IS NULL) AS is_uploaded FROM recording r "
                  "WHERE r.state = 'finished' AND r.manifest_state < 2 AND NOT EXISTS (SELECT 1 FROM file f "
                  "WHERE f.recording_id = r.id AND (f.state = 'open' OR f.part <> 0))) AS due "
                  "WHERE (manifest_state = 0 AND ?2 = 0) OR (manifest_state = 1 AND is_uploaded) ORDER BY id "
                  "LIMIT ?1"));
  REC_CHECK(query.bind_all(sql_int(kMostAtOnce), std::int64_t{only_again}));
  return query.rows([](const SqlStatement &row) {
    Due one;
    one.id = row.int64(0);
    one.session_id = row.text(1);
    one.path = row.text(2);
    one.is_uploaded = row.int64(4) != 0;
    one.is_hls = row.int64(6) != 0;
    one.is_first = row.int64(7) == 0;
    one.changes = row.int64(8);
    one.beside = one.is_hls ? row.text(3) : row.text(5);
    return one;
  });
}

Result<std::uint64_t> Manifests::write_due(const std::function<bool()> &is_cancelled) {
  return write_all(false, is_cancelled);
}

Result<std::uint64_t> Manifests::write_again(const std::function<bool()> &is_cancelled) {
  return write_all(true, is_cancelled);
}

Result<std::uint64_t> Manifests::write_all(bool only_again, const std::function<bool()> &is_cancelled) {
  REC_TRY(auto list, due(only_again));
  for (Due &one : list) {
    REC_CHECK(write(one, is_cancelled));
    REC_CHECK(drop_if_removed(one));
  }
  return std::uint64_t{list.size()};
}

std::string Manifests::free_path_beside(const Due &recording) {
  const fs::path media(recording.beside);
  const std::string stem = recording.is_hls ? std::string() : media.stem().string() + ".";
  std::string path = (media.parent_path() / (stem + std::string(kManifestName))).string();
  if (!is_free_for(path, recording.session_id))
    path = (media.parent_path() / (stem + recording.session_id + "." + std::string(kManifestName))).string();
  return path;
}

Status Manifests::write_text(Due &recording) {
  REC_TRY(const JsonObjectWriter json, text_of(recording));
  REC_TRY(const bool went_by_policy, has_removed(db_, recording.id));
  if (went_by_policy) REC_CHECK(make_directories(fs::path(recording.path).parent_path().string()));
  Status written = write_file_atomically(recording.path, json.to_string(JsonLayout::indented) + "\n");
  // Where the folder is gone, so is the recording; there is nothing to describe beside.
  if (!written && written.error().code != Errc::not_found) return written;
  if (!written) recording.path.clear();
  return ok();
}

Status Manifests::write(Due &recording, const std::function<bool()> &is_cancelled) {
  if (recording.beside.empty()) {  // nothing was recorded
    recording.is_uploaded = true;
    return settle(recording);
  }
  REC_CHECK(add_digests(db_, recording.id, "file", is_cancelled));
  REC_CHECK(add_digests(db_, recording.id, "segment", is_cancelled));
  if (recording.path.empty()) recording.path = free_path_beside(recording);
  const auto prepare = [&]() -> Status {
    // Files may have been joined since it ended, and counters come a little late.
    if (recording.is_first) REC_CHECK(check_quality(db_, recording.id));
    return name_manifest(db_, recording.id, recording.path);
  };
  REC_CHECK(db_.transaction(prepare));
  REC_CHECK(write_text(recording));
  return settle(recording);
}

// A removal that began meanwhile may have looked for it too early. Where files stay, it does.
Status Manifests::drop_if_removed(const Due &recording) {
  if (recording.path.empty()) return ok();
  std::string directory = fs::path(recording.path).parent_path().string();
  bool stays = static_cast<bool>(file_facts(recording.beside));  // if nothing is known any more
  {
    REC_TRY(auto query,
            db_.prepare("SELECT r.removal, r.directory, coalesce(m.scope, '') FROM recording r LEFT "
                        "JOIN removal m ON m.recording_id = r.id WHERE r.id = ?1"));
    REC_CHECK(query.bind_all(recording.id));
    REC_TRY(const bool found, query.step());
    if (found) {
      stays = query.int64(0) == 0 || query.text(2) == "information";
      directory = query.text(1);
    }
  }
  if (stays) return ok();
  REC_CHECK(remove_file_below(recording.path, directory));
  return db_.run_with("UPDATE recording SET manifest = '' WHERE id = ?1 AND removal = 2", recording.id);
}

// One by one, so that what was computed is kept when the process ends in between.
Status add_digests(SqlDatabase &db, std::int64_t recording_id, const std::string &table,
                   const std::function<bool()> &is_cancelled) {
  struct Row {
    std::int64_t id;
    std::string path;
  };
  std::vector<Row> rows;
  {
    const std::string closed = table == "file" ? " AND state = 'closed'" : "";
    REC_TRY(auto query, db.prepare("SELECT id, path FROM " + table +
                                   " WHERE recording_id = ?1 AND sha256 = ''" + closed));
    REC_CHECK(query.bind_all(recording_id));
    REC_TRY(rows, query.rows([](const SqlStatement &row) { return Row{row.int64(0), row.text(1)}; }));
  }
  const std::string update = "UPDATE " + table + " SET sha256 = ?2 WHERE id = ?1";
  for (const Row &row : rows) {
    const auto facts = file_facts(row.path);
    if (!facts) continue;  // it lies in a store only
    const auto digest = digest_of_file(Hash::sha256, row.path, 0, facts->size_bytes, is_cancelled);
    if (!digest && digest.error().code == Errc::cancelled) return digest.error();
    if (!digest) continue;  // what is known of it is told all the same
    REC_CHECK(db.run_with(update, row.id, to_hex(*digest)));
  }
  return ok();
}

Result<JsonObjectWriter> Manifests::text_of(const Due &recording) {
  REC_TRY(auto own, rows_as_json(db_, "recording", "WHERE t.id = ?1", recording.id));
  if (own.empty()) return Error{Errc::not_found, "the recording is gone"};
  REC_TRY(auto callbacks, rows_as_json(db_, "recording_callback",
                                       "WHERE t.recording_id = ?1 ORDER BY t.position", recording.id));
  REC_TRY(auto files, rows_as_json(db_, "file", "WHERE t.recording_id = ?1 ORDER BY t.id", recording.id));
  REC_TRY(auto segments,
          rows_as_json(db_, "segment", "WHERE t.recording_id = ?1 ORDER BY t.sequence, t.id", recording.id));
  REC_TRY(auto owed, owed_as_json(db_, recording.id));
  REC_TRY(auto gaps, gaps_as_json(db_, recording.id));
  REC_TRY(auto ledger, ledger_as_json(db_, recording.id));
  JsonObjectWriter json;
  json.number("manifest", kManifestVersion)
      .text("path", recording.path)
      .number("written_us", us(clock_->now_utc()))
      .object("recording", std::move(own.front()))
      .objects("callbacks", std::move(callbacks))
      .object("ledger", std::move(ledger))
      .objects("gaps", std::move(gaps))
      .objects("files", std::move(files))
      .objects("segments", std::move(segments))
      .objects("owed", std::move(owed));
  REC_CHECK(add_references(db_, recording.id, json));
  REC_TRY(const std::string quality, quality_of(db_, recording.id));
  add_quality(json, quality);
  return json;
}

Status renew_manifest(SqlDatabase &db, std::int64_t recording_id) {
  return db.run_with(
      "UPDATE recording SET manifest_state = 1 WHERE id = ?1 AND manifest_state > 1 AND removal = 0",
      recording_id);
}

Status Manifests::settle(const Due &recording) {
  return db_.transaction([&]() -> Status {
    REC_CHECK(db_.run_with(
        "UPDATE recording AS r SET manifest = ?2, manifest_state = ?3 WHERE id = ?1 AND manifest_state < 2 "
        "AND " +
            kChanges + " = ?4",
        recording.id, recording.path, std::int64_t{recording.is_uploaded ? 2 : 1}, recording.changes));
    if (db_.changes() == 0 || !recording.is_uploaded || recording.path.empty()) return ok();
    // Where the other files are: of a recording in the backup store the primary's copy comes later.
    return db_.run_with(
        "INSERT INTO outbox (kind, target, recording_id, path, waits_for, created_us, next_attempt_us, "
        "backfill) SELECT 'upload', store, id, ?2, 'nothing', ?3, ?3, in_backup FROM recording WHERE id = ?1 "
        "AND store <> '' UNION ALL SELECT 'upload', backup_store, id, ?2, 'nothing', ?3, ?3, 0 FROM "
        "recording "
        "WHERE id = ?1 AND backup_store <> '' AND in_backup = 1",
        recording.id, recording.path, us(clock_->now_utc()));
  });
}

}  // namespace rec
