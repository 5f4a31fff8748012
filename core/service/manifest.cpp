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
    {"file", "id"},
    {"file", "recording_id"},
    {"file", "push_id"},
    {"file", "part"},
    {"file", "joined_into"},
    {"segment", "id"},
    {"segment", "recording_id"},
    {"recording_callback", "recording_id"},
};
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

Result<std::vector<JsonObjectWriter>> rows_as_json(SqlDatabase &db, const std::string &table,
                                                   const std::string &rest, std::int64_t recording_id) {
  REC_TRY(const auto columns, manifest_columns(db, table));
  REC_TRY(auto query, db.prepare("SELECT " + list_of(columns, "t.") + " FROM " + table + " t " + rest));
  REC_CHECK(query.bind_all(recording_id));
  std::vector<JsonObjectWriter> rows;
  for (;;) {
    REC_TRY(const bool more, query.step());
    if (!more) return rows;
    rows.push_back(row_as_json(query, columns));
  }
}

// Rows whose file is told by its path, which outlives the number of its row.
Result<std::vector<JsonObjectWriter>> owed_as_json(SqlDatabase &db, std::int64_t recording_id) {
  REC_TRY(const auto columns, manifest_columns(db, "outbox"));
  REC_TRY(auto query,
          db.prepare("SELECT " + list_of(columns, "t.") +
                     ", (SELECT f.path FROM file f WHERE f.id = t.file_id), (SELECT s.path FROM segment s "
                     "WHERE s.id = t.segment_id) FROM outbox t WHERE t.recording_id = ?1 AND t.done_us IS "
                     "NULL ORDER BY t.id"));
  REC_CHECK(query.bind_all(recording_id));
  std::vector<JsonObjectWriter> rows;
  for (;;) {
    REC_TRY(const bool more, query.step());
    if (!more) return rows;
    JsonObjectWriter json = row_as_json(query, columns);
    const int next = static_cast<int>(columns.size());
    if (const std::string file = query.text(next); !file.empty()) json.text("file", file);
    if (const std::string segment = query.text(next + 1); !segment.empty()) json.text("segment", segment);
    rows.push_back(std::move(json));
  }
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
  std::vector<JsonObjectWriter> gaps;
  for (;;) {
    REC_TRY(const bool more, query.step());
    if (!more) return gaps;
    JsonObjectWriter gap;
    gap.text("format", query.text(0)).number("from_us", query.int64(1)).number("until_us", query.int64(2));
    gaps.push_back(std::move(gap));
  }
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
  return ledger;
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
  for (;;) {
    REC_TRY(const bool more, query.step());
    if (!more) return columns;
    ManifestColumn column{.name = query.text(0), .is_text = query.text(1) == "TEXT"};
    if (is_shown(table, column.name)) columns.push_back(std::move(column));
  }
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
  REC_TRY(auto query, db_.prepare("SELECT count(*) FROM recording WHERE id = ?1 AND manifest_state = 2"));
  REC_CHECK(query.bind_all(recording_id));
  REC_CHECK(query.step());
  return query.int64(0) != 0;
}

Result<std::vector<Manifests::Due>> Manifests::due() {
  REC_TRY(
      auto query,
      db_.prepare("SELECT id, session_id, manifest, playlist_path, is_uploaded, "
                  "coalesce((SELECT f.path FROM file f WHERE f.recording_id = due.id AND f.state = "
                  "'closed' AND f.format <> 'hls' ORDER BY f.id LIMIT 1), ''), "
                  "EXISTS (SELECT 1 FROM file f WHERE f.recording_id = due.id AND f.format = 'hls') FROM ("
                  "SELECT r.*, NOT EXISTS (SELECT 1 FROM outbox o WHERE o.recording_id = r.id AND o.kind = "
                  "'upload' AND o.backfill = 0 AND o.done_us IS NULL) AS is_uploaded FROM recording r "
                  "WHERE r.state = 'finished' AND r.manifest_state < 2 AND NOT EXISTS (SELECT 1 FROM file f "
                  "WHERE f.recording_id = r.id AND (f.state = 'open' OR f.part <> 0))) AS due "
                  "WHERE manifest_state = 0 OR is_uploaded ORDER BY id LIMIT ?1"));
  REC_CHECK(query.bind_all(sql_int(kMostAtOnce)));
  std::vector<Due> list;
  for (;;) {
    REC_TRY(const bool more, query.step());
    if (!more) return list;
    Due one;
    one.id = query.int64(0);
    one.session_id = query.text(1);
    one.path = query.text(2);
    one.is_uploaded = query.int64(4) != 0;
    one.is_hls = query.int64(6) != 0;
    one.beside = one.is_hls ? query.text(3) : query.text(5);
    list.push_back(std::move(one));
  }
}

Result<std::uint64_t> Manifests::write_due(const std::function<bool()> &is_cancelled) {
  REC_TRY(auto list, due());
  for (Due &one : list) REC_CHECK(write(one, is_cancelled));
  return std::uint64_t{list.size()};
}

Status Manifests::write(Due &recording, const std::function<bool()> &is_cancelled) {
  if (recording.beside.empty()) {  // nothing was recorded
    recording.is_uploaded = true;
    return settle(recording);
  }
  REC_CHECK(add_digests(recording.id, "file", is_cancelled));
  REC_CHECK(add_digests(recording.id, "segment", is_cancelled));
  if (recording.path.empty()) {
    const fs::path media(recording.beside);
    const std::string stem = recording.is_hls ? std::string() : media.stem().string() + ".";
    recording.path = (media.parent_path() / (stem + std::string(kManifestName))).string();
    if (!is_free_for(recording.path, recording.session_id))
      recording.path =
          (media.parent_path() / (stem + recording.session_id + "." + std::string(kManifestName))).string();
  }
  REC_TRY(const JsonObjectWriter json, text_of(recording));
  Status written = write_file_atomically(recording.path, json.to_string(JsonLayout::indented) + "\n");
  // Where the folder is gone, so is the recording; there is nothing to describe beside.
  if (!written && written.error().code != Errc::not_found) return written;
  if (!written) recording.path.clear();
  return settle(recording);
}

// One by one, so that what was computed is kept when the process ends in between.
Status Manifests::add_digests(std::int64_t recording_id, const char *table,
                              const std::function<bool()> &is_cancelled) {
  struct Row {
    std::int64_t id;
    std::string path;
  };
  std::vector<Row> rows;
  {
    const std::string closed = std::string_view(table) == "file" ? " AND state = 'closed'" : "";
    REC_TRY(auto query, db_.prepare(std::string("SELECT id, path FROM ") + table +
                                    " WHERE recording_id = ?1 AND sha256 = ''" + closed));
    REC_CHECK(query.bind_all(recording_id));
    for (;;) {
      REC_TRY(const bool more, query.step());
      if (!more) break;
      rows.push_back({query.int64(0), query.text(1)});
    }
  }
  const std::string update = std::string("UPDATE ") + table + " SET sha256 = ?2 WHERE id = ?1";
  for (const Row &row : rows) {
    const auto facts = file_facts(row.path);
    if (!facts) continue;  // it lies in a store only
    const auto digest = digest_of_file(Hash::sha256, row.path, 0, facts->size_bytes, is_cancelled);
    if (!digest && digest.error().code == Errc::cancelled) return digest.error();
    if (!digest) continue;  // what is known of it is told all the same
    REC_CHECK(db_.run_with(update, row.id, to_hex(*digest)));
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
  return json;
}

Status Manifests::settle(const Due &recording) {
  return db_.transaction([&]() -> Status {
    REC_CHECK(db_.run_with(
        "UPDATE recording SET manifest = ?2, manifest_state = ?3 WHERE id = ?1 AND manifest_state < 2",
        recording.id, recording.path, std::int64_t{recording.is_uploaded ? 2 : 1}));
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
