// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/fsck_buckets.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <string_view>
#include <utility>

#include "core/io/json.h"
#include "core/model/object_key.h"
#include "core/service/manifest.h"

namespace rec {
namespace {
namespace fs = std::filesystem;

constexpr std::string_view kMedia[] = {".flv", ".mp4",  ".aac", ".mp3", ".ts",
                                       ".m4s", ".m3u8", ".mkv", ".mov", ".part"};

// An object that is, or may be, in the bucket.
struct Expected {
  std::uint64_t bytes = 0;  // 0 = not known
  bool may_be_missing = false;
  bool was_seen = false;
};

// Uploads that were done: what uploads have rows, and files, whose rows outlive a lost catalogue.
constexpr const char *kUploaded =
    "SELECT o.url, CASE WHEN f.format = 'hls' THEN 0 ELSE coalesce(s.size_bytes, f.size_bytes, 0) END, "
    "r.removal = 1 OR o.path <> '' OR coalesce(f.expired, 0) = 1 OR (s.id IS NOT NULL AND r.playlist_path = "
    "'') "
    "FROM outbox o JOIN recording r ON r.id = o.recording_id "
    "LEFT JOIN file f ON f.id = o.file_id LEFT JOIN segment s ON s.id = o.segment_id "
    "WHERE o.kind = 'upload' AND o.target = ?1 AND o.done_us IS NOT NULL AND o.url <> '' AND r.removal < 2 "
    "UNION ALL SELECT f.url, CASE WHEN f.format = 'hls' THEN 0 ELSE f.size_bytes END, r.removal = 1 OR "
    "f.expired = 1 FROM file f JOIN recording r ON r.id = f.recording_id WHERE f.stored_in = ?1 AND f.url <> "
    "'' AND "
    "r.removal < 2";
// What lies beside a file that is known, and has no row: of recordings that were made of their manifests.
constexpr const char *kBeside =
    "SELECT f.url, f.path, s.path, s.size_bytes, r.removal = 1 FROM segment s "
    "JOIN recording r ON r.id = s.recording_id JOIN file f ON f.recording_id = r.id AND f.format = 'hls' "
    "WHERE f.stored_in = ?1 AND f.url <> '' AND r.removal < 2 "
    "UNION ALL SELECT f.url, f.path, r.manifest, 0, 1 FROM recording r JOIN file f ON f.recording_id = r.id "
    "WHERE f.stored_in = ?1 AND f.url <> '' AND r.manifest <> ''";

// The URL of what lies as far from `path` as the answer is to be from `url`; "" = elsewhere.
std::string url_beside(const std::string &url, const std::string &path, const std::string &other) {
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  if (!other.starts_with(folder)) return {};
  return url.substr(0, url.rfind('/') + 1) + percent_encode(other.substr(folder.size()), true);
}

class BucketCheck {
 public:
  BucketCheck(SqlDatabase &db, std::string store, BucketClient &bucket)
      : db_(db), store_(std::move(store)), bucket_(bucket) {}

  Result<std::vector<Finding>> run() {
    REC_CHECK(expect());
    const Status listed = list_objects(
        bucket_, [this](const ObjectAnswer &object) { return look_at(object); }, nullptr);
    if (trouble_) return *trouble_;
    if (!listed) {
      findings_.push_back({Finding::Kind::unreadable, bucket_.url_of(bucket_.prefix()),
                           "store " + store_ + ": " + listed.error().message});
      return std::move(findings_);
    }
    for (const auto &[url, e] : expected_)
      if (!e.was_seen && !e.may_be_missing)
        findings_.push_back({Finding::Kind::missing, url, "store " + store_ + " has it not"});
    return std::move(findings_);
  }

 private:
  Status expect() {
    REC_TRY(auto uploaded, db_.prepare(kUploaded));
    REC_CHECK(uploaded.bind_all(store_));
    REC_CHECK(uploaded.each_row([&](const SqlStatement &row) {
      expected_.try_emplace(row.text(0), Expected{.bytes = static_cast<std::uint64_t>(row.int64(1)),
                                                  .may_be_missing = row.int64(2) != 0});
    }));
    REC_TRY(auto beside, db_.prepare(kBeside));
    REC_CHECK(beside.bind_all(store_));
    REC_CHECK(beside.each_row([&](const SqlStatement &row) {
      const std::string url = url_beside(row.text(0), row.text(1), row.text(2));
      if (!url.empty())
        expected_.try_emplace(url, Expected{.bytes = static_cast<std::uint64_t>(row.int64(3)),
                                            .may_be_missing = row.int64(4) != 0});
    }));
    REC_TRY(auto growing, db_.prepare("SELECT key FROM growing_upload WHERE target = ?1 AND key <> ''"));
    REC_CHECK(growing.bind_all(store_));
    return growing.each_row([&](const SqlStatement &row) {
      expected_.try_emplace(bucket_.url_of(row.text(0)), Expected{.may_be_missing = true});
    });
  }

  Status look_at(const ObjectAnswer &object) {
    const std::string url = bucket_.url_of(object.key);
    const auto found = expected_.find(url);
    if (found == expected_.end()) return look_at_unknown(object, url);
    found->second.was_seen = true;
    if (found->second.bytes != 0 && found->second.bytes != object.bytes)
      findings_.push_back(
          {Finding::Kind::different, url,
           std::to_string(object.bytes) + " bytes instead of " + std::to_string(found->second.bytes)});
    return ok();
  }

  Status look_at_unknown(const ObjectAnswer &object, const std::string &url) {
    if (is_manifest(object.key)) {
      auto found = look_at_manifest(db_, url, read_manifest_object(bucket_, object));
      if (!found) {
        trouble_ = found.error();
        return found.error();
      }
      findings_.insert(findings_.end(), found->begin(), found->end());
    } else if (is_media(object.key)) {
      findings_.push_back({Finding::Kind::orphan, url, "no recording has it"});
    }
    return ok();
  }

  SqlDatabase &db_;
  const std::string store_;
  BucketClient &bucket_;
  std::map<std::string, Expected> expected_;  // by URL
  std::vector<Finding> findings_;
  std::optional<Error> trouble_;  // the catalogue's
};

}  // namespace

bool is_media(const std::string &path) {
  const std::string extension = fs::path(path).extension().string();
  return std::find(std::begin(kMedia), std::end(kMedia), extension) != std::end(kMedia);
}

bool is_manifest(const std::string &path) { return path.ends_with(kManifestName); }

Result<std::vector<Finding>> look_at_manifest(SqlDatabase &db, const std::string &path,
                                              const Result<std::string> &text) {
  std::vector<Finding> findings;
  const auto json = text ? parse_json(*text) : Result<JsonValue>(text.error());
  const JsonMember *recording = json ? json->member("recording") : nullptr;
  const JsonMember *id = recording ? recording->value.member("session_id") : nullptr;
  if (!id) {
    findings.push_back(
        {Finding::Kind::unreadable, path, json ? "is no manifest" : std::string(json.error().message)});
    return findings;
  }
  REC_TRY(auto query, db.prepare("SELECT count(*) FROM recording WHERE session_id = ?1"));
  REC_CHECK(query.bind_all(id->value.string));
  REC_CHECK(query.step());
  if (query.int64(0) == 0)
    findings.push_back(
        {Finding::Kind::forgotten, path, "the catalogue has not the recording " + id->value.string});
  return findings;
}

Result<std::string> read_manifest_object(BucketClient &bucket, const ObjectAnswer &object) {
  if (object.bytes > kLongestManifest)
    return Error{Errc::corrupt, "has " + std::to_string(object.bytes) + " bytes: too many for a manifest"};
  std::string text;
  REC_CHECK(read_object(
      bucket, object,
      [&](const std::string &piece) {
        text += piece;
        return ok();
      },
      nullptr));
  return text;
}

Result<std::vector<Finding>> check_bucket(SqlDatabase &db, const std::string &store, BucketClient &bucket) {
  return BucketCheck(db, store, bucket).run();
}

}  // namespace rec
