// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/service/catalogue.h"

namespace rec {

// One that is being removed.
struct Removing {
  std::int64_t recording_id = 0;
  std::string session_id;
  std::string directory;      // spool root
  bool deletes_files = true;  // else the catalogue forgets it, and that is all
  int attempts = 0;           // that failed
  bool only_expired = false;  // it stays; files of some formats go, and of HLS the segments
};

// An object or a file of it, or an upload in parts that nobody will complete.
struct RemovablePiece {
  std::string store;  // of an object: name in the configuration; "" = a local file
  std::string place;  // URL, or absolute path, "" = only `object` is known; of an upload the object's name
                      // (NewObject::name)
  std::string upload_id = {};  // the store's name for that; "" = it is none
  std::string object = {};     // of an object its name, below the prefix of the store
};

// Of the outbox: what is about files that have expired before their recording, and their segments.
extern const std::string_view kOwedOfExpired;

// Inside a transaction: what is owed for recordings being removed, which `which` chooses (?1 in it: `key`),
// is owed no more. Uploads in parts that have begun are kept as pieces.
template <typename Key>
Status drop_owed(SqlDatabase &db, const std::string &which, const Key &key, UtcTime now) {
  REC_CHECK(
      db.run_with("UPDATE outbox SET done_us = ?2 WHERE kind = 'upload' AND upload_id <> '' AND done_us IS "
                  "NULL AND " +
                      which,
                  key, now.time_since_epoch().count()));
  return db.run_with("DELETE FROM outbox WHERE done_us IS NULL AND " + which, key);
}

// The rows of the second phase of removals (removal.h), on the connection of a catalogue. `lease`: of the
// caller alone; what it took is its own until it says how that ended.
class RemovalRows {
 public:
  RemovalRows(Catalogue &catalogue, std::string lease)
      : db_(catalogue.connection()), clock_(catalogue.clock()), lease_(std::move(lease)) {}

  Result<bool> any_due();  // by nobody's lease
  // At most `limit` that are due. Those of which something is just being uploaded are put off.
  Result<std::vector<Removing>> take(int limit);
  // All of one that may go, in the order in which it is to go: nothing names what is gone already. Not the
  // segments that a clip needs, nor local files that have become another recording's.
  Result<std::vector<RemovablePiece>> pieces_of(const Removing &one);
  Status failed(const Removing &one, const std::string &error, UtcTime next_attempt);
  Status give_back(const Removing &one);
  // The pieces of all others that were taken are gone: so are now the rows that tell of them.
  Status settle();
  // Frees what the dead have taken.
  Status release_dead(const std::function<bool(const std::string &owner)> &is_alive);

 private:
  Result<std::map<std::int64_t, std::int64_t>> kept_counts();
  Status add_objects_by_name(const Removing &one, const std::string &free,
                             std::vector<RemovablePiece> &pieces);
  Status spare_files_of_others(const Removing &one, std::vector<RemovablePiece> &pieces);
  Result<bool> has_anothers(const Removing &one, const std::string &path);
  Status settle_expired(UtcTime now);
  Status forget();

  SqlDatabase &db_;
  const Clock &clock_;
  const std::string lease_;
  std::map<std::int64_t, std::int64_t> kept_;  // segments that clips need, when they were taken
};

}  // namespace rec
