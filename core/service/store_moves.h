// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "core/io/sqlite.h"
#include "core/service/catalogue_rows.h"
#include "core/service/store_ledger.h"

// Which store the rows of the outbox go to. For the catalogue's own sources, inside their transactions.
namespace rec {

// Until which instant rows of `target` may be taken; nothing = none may be now. States an outage, and moves
// recordings to their backup stores, when that is due.
struct TakeLimit {
  UtcTime due;
  bool is_probe = false;  // take one row at most, and note_probe() if there was one
};
Result<std::optional<TakeLimit>> take_limit(SqlDatabase &db, const OwedTarget &target, UtcTime now);
Status note_probe(SqlDatabase &db, const std::string &store, UtcTime now);
// While its store has an outage: before when nothing can be taken.
Result<std::optional<UtcTime>> next_probe(SqlDatabase &db, const OwedTarget &target);
Result<bool> is_in_outage(SqlDatabase &db, const std::string &store);

// An upload that a recording owes to its store under the name that it gets there, and, while that fails, to
// its backup store. Nothing for a recording without a store.
struct NewUpload {
  std::int64_t recording_id = 0;
  std::optional<std::int64_t> file_id;  // one of both
  std::optional<std::int64_t> segment_id;
  bool is_playlist = false;  // the file is one
  const char *waits_for = "nothing";
};
Status owe_upload(SqlDatabase &db, const NewUpload &upload, UtcTime now);

// The outbox row has been uploaded: its store is well, and what is owed to the other store may be unneeded,
// or not be waited for any more.
Status settle_upload(SqlDatabase &db, std::int64_t owed_id, UtcTime now);

// What store_ledger.cpp and store_moves.cpp want of each other.
Status write_journal(SqlDatabase &db, const StoreChange &change,
                     const std::optional<std::int64_t> &recording_id);
Status note_success(SqlDatabase &db, const std::string &store, UtcTime now);
// Whatever waits for the store that has a backup is owed to that, too.
Status fail_over_recordings(SqlDatabase &db, const std::string &store, UtcTime now);
// It is back: recordings of which its backup has nothing yet are owed to it alone.
Status return_recordings(SqlDatabase &db, const std::string &store, UtcTime now);

}  // namespace rec
