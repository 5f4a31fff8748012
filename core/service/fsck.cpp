// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/fsck.h"

#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "core/base/digest.h"
#include "core/base/glib_ptr.h"
#include "core/io/files.h"
#include "core/service/catalogue.h"
#include "core/service/fsck_buckets.h"

namespace rec {
namespace {
namespace fs = std::filesystem;

// What the catalogue says about one file in a folder.
struct Expected {
  std::string path;
  std::uint64_t size_bytes = 0;  // 0 = not known
  std::string sha256;            // "" = not known
  bool may_be_gone = false;      // it is in a store, or was deleted by policy
};

class Check {
 public:
  Check(SqlDatabase &db, const FsckOptions &options) : db_(db), options_(options) {}

  Status run() {
    REC_CHECK(check_files());
    REC_CHECK(check_segments());
    REC_CHECK(check_uploads());
    REC_CHECK(
        note("SELECT temp_path FROM file WHERE state = 'open' UNION ALL SELECT playlist_path FROM "
             "recording UNION ALL SELECT manifest FROM recording"));
    REC_TRY(auto folders, folders_to_look_through());
    for (const std::string &folder : folders) REC_CHECK(look_through(folder));
    return options_.buckets ? look_into_buckets() : ok();
  }
  std::vector<Finding> take() { return std::move(findings_); }

 private:
  void add(Finding::Kind kind, const std::string &path, const std::string &what) {
    findings_.push_back({kind, path, what});
  }

  Result<std::vector<Expected>> expected(const std::string &sql) {
    REC_TRY(auto query, db_.prepare(sql));
    return query.rows([](const SqlStatement &row) {
      return Expected{.path = row.text(0),
                      .size_bytes = static_cast<std::uint64_t>(row.int64(1)),
                      .sha256 = row.text(2),
                      .may_be_gone = row.int64(3) != 0};
    });
  }

  // Of a playlist size_bytes is that of its segments.
  Status check_files() {
    REC_TRY(const auto list,
            expected("SELECT path, CASE WHEN format = 'hls' THEN 0 ELSE size_bytes END, sha256, url <> '' OR "
                     "expired = 1 OR removed_us IS NOT NULL FROM file WHERE state = 'closed' AND joined_into "
                     "IS NULL ORDER "
                     "BY id"));
    for (const Expected &e : list) compare(e);
    return ok();
  }

  Status check_segments() {
    REC_TRY(const auto list,
            expected("SELECT path, size_bytes, sha256, EXISTS (SELECT 1 FROM outbox o WHERE o.segment_id = "
                     "s.id AND o.kind = 'upload' AND o.done_us IS NOT NULL) OR EXISTS (SELECT 1 FROM file f "
                     "WHERE f.recording_id = s.recording_id AND f.format = 'hls' AND (f.url <> '' OR "
                     "f.expired = 1 OR f.removed_us IS NOT NULL)) FROM segment s ORDER BY id"));
    for (const Expected &e : list) compare(e);
    return ok();
  }

  // In stores that are directories.
  Status check_uploads() {
    REC_TRY(const auto list,
            expected("SELECT url, CASE WHEN format = 'hls' THEN 0 ELSE size_bytes END, sha256, expired FROM "
                     "file WHERE url LIKE 'file:%' UNION ALL "
                     "SELECT o.url, s.size_bytes, s.sha256, 0 FROM outbox o JOIN segment s ON s.id = "
                     "o.segment_id WHERE o.url LIKE 'file:%' UNION ALL "
                     "SELECT o.url, 0, '', 0 FROM outbox o WHERE o.path <> '' AND o.url LIKE 'file:%'"));
    for (Expected e : list) {
      const CString path(g_filename_from_uri(e.path.c_str(), nullptr, nullptr));
      if (!path) continue;
      e.path = path.get();
      compare(e);
    }
    return ok();
  }

  void compare(const Expected &e) {
    if (!known_.insert(e.path).second) return;
    const auto facts = file_facts(e.path);
    if (!facts) {
      if (!e.may_be_gone) add(Finding::Kind::missing, e.path, facts.error().message);
      return;
    }
    if (e.size_bytes != 0 && facts->size_bytes != e.size_bytes)
      return add(Finding::Kind::different, e.path,
                 std::to_string(facts->size_bytes) + " bytes instead of " + std::to_string(e.size_bytes));
    if (!options_.digests || e.sha256.empty()) return;
    const auto digest = digest_of_file(Hash::sha256, e.path, 0, facts->size_bytes, {});
    if (!digest)
      add(Finding::Kind::unreadable, e.path, digest.error().message);
    else if (to_hex(*digest) != e.sha256)
      add(Finding::Kind::different, e.path, "other bytes than were recorded");
  }

  Status note(const std::string &sql) {
    REC_TRY(auto query, db_.prepare(sql));
    return query.each_row([&](const SqlStatement &row) { known_.insert(row.text(0)); });
  }

  Result<std::vector<std::string>> folders_to_look_through() {
    if (!options_.folders.empty()) return options_.folders;
    REC_TRY(auto query, db_.prepare("SELECT DISTINCT directory FROM recording ORDER BY directory"));
    return query.rows(text_in_row);
  }

  Status look_through(const std::string &folder) {
    std::error_code e;
    const auto options = fs::directory_options::skip_permission_denied;
    for (fs::recursive_directory_iterator at(fs::absolute(folder).lexically_normal(), options, e), end;
         !e && at != end; at.increment(e)) {
      std::error_code ignored;
      if (at->is_regular_file(ignored)) REC_CHECK(look_at(at->path()));
    }
    if (e) add(Finding::Kind::unreadable, folder, e.message());
    return ok();
  }

  Status look_at(const fs::path &path) {
    if (known_.contains(path.string())) return ok();
    if (is_manifest(path.string())) {
      REC_TRY(const auto found,
              look_at_manifest(db_, path.string(), read_file(path.string(), kLongestManifest)));
      findings_.insert(findings_.end(), found.begin(), found.end());
    } else if (is_media(path.string())) {
      add(Finding::Kind::orphan, path.string(), "no recording has it");
    }
    return ok();
  }

  Status look_into_buckets() {
    for (auto &[store, bucket] : *options_.buckets) {
      REC_TRY(const auto found, check_bucket(db_, store, bucket.client));
      findings_.insert(findings_.end(), found.begin(), found.end());
    }
    return ok();
  }

  SqlDatabase &db_;
  const FsckOptions &options_;
  std::set<std::string> known_;
  std::vector<Finding> findings_;
};

}  // namespace

const char *name_of(Finding::Kind kind) {
  switch (kind) {
    case Finding::Kind::missing:
      return "missing";
    case Finding::Kind::different:
      return "different";
    case Finding::Kind::orphan:
      return "orphan";
    case Finding::Kind::forgotten:
      return "forgotten";
    case Finding::Kind::unreadable:
      break;
  }
  return "unreadable";
}

Result<std::vector<Finding>> check_storage(const std::string &catalogue_path, const FsckOptions &options,
                                           const Clock &clock) {
  REC_CHECK(Catalogue::open(catalogue_path, clock));
  REC_TRY(auto db, SqlDatabase::open(catalogue_path));
  Check check(db, options);
  REC_CHECK(check.run());
  return check.take();
}

}  // namespace rec
