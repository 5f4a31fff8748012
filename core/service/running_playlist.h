// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <string>

#include "core/io/sqlite.h"
#include "core/service/catalogue_rows.h"

// The playlist of a recording that goes on, in its store, where players may follow it: a row of the outbox
// per playlist and store that is done and owed again, with its beginning that names what the store has
// (core/model/stored_playlist.h). For the catalogue's own sources, inside their transactions.
namespace rec {

// A segment was listed: its playlist is owed to where the segments go, if the recording is to have that.
Status owe_running_playlist(SqlDatabase &db, const NewSegment &segment, UtcTime now);
// The playlist is complete, and owed as a file. What is under way ends before that goes up (outbox_ready).
Status end_running_playlist(SqlDatabase &db, std::int64_t recording_id, const std::string &path);
// The row was worked on: nothing is owed any more for a playlist that was completed meanwhile.
Status forget_ended_playlist(SqlDatabase &db, std::int64_t owed_id);
// What the store of the outbox row has of its playlist; nothing = that is complete, or another row.
Result<std::optional<StoredSegments>> stored_segments(SqlDatabase &db, std::int64_t owed_id);

}  // namespace rec
