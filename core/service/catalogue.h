// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/io/sqlite.h"
#include "core/model/recording_command.h"
#include "core/model/recording_task.h"
#include "core/service/catalogue_deliveries.h"
#include "core/service/catalogue_events.h"
#include "core/service/catalogue_rows.h"

namespace rec {

// The durable truth: pushes, recordings, files, segments, and what is owed for them (schema.sql).
//
// One object is one connection: it stays on one thread. Any number of threads and processes may have
// one on the same file. Every function is one transaction: when it returns ok() the rows are on disk.
// Errors: unavailable (busy, no space: try again), corrupt, denied, not_found (no such row).
class Catalogue {
 public:
  // Opens or creates the SQLite file (":memory:" for tests) and its directory. `clock` must outlive it.
  static Result<Catalogue> open(const std::string &path, const Clock &clock);

  // Pushes. `template_name` "" = seen, not recorded.
  Result<std::int64_t> begin_push(const std::string &owner, const PushIdentity &push,
                                  const std::string &template_name);
  Status end_push(std::int64_t push_id);
  Result<PushCounts> push_counts(const std::string &owner);

  // Recordings.
  Result<Recording> start_recording(const NewRecording &recording);
  // The playlist's name is decided by the element that writes it.
  Status set_playlist_path(std::int64_t recording_id, const std::string &path);
  // A playlist is complete and the recording goes on in another one: what is owed for it, and the new path.
  Status change_playlist(std::int64_t recording_id, const ClosedFile &finished, const std::string &path);
  // Takes over the newest paused recording that may still be resumed and is of the same stream, template,
  // task and content as `like`: state recording, owner and stream_param as there. Of several callers exactly
  // one gets it.
  Result<std::optional<Recording>> claim_paused(const NewRecording &like);
  // recording -> paused. False: it is not (or no longer) `owner`'s, or not in state recording.
  Result<bool> pause_recording(std::int64_t recording_id, const std::string &owner, UtcTime resume_until);
  // Before the final playlist is written: true = still `owner`'s and paused or recording, and from now on
  // nobody can claim it. False = somebody else continued it: touch nothing.
  Result<bool> claim_finish(std::int64_t recording_id, const std::string &owner);
  // The same for one pause: false also when another recorder of the same owner has continued it since.
  Result<bool> claim_finish_of_pause(std::int64_t recording_id, const std::string &owner,
                                     UtcTime resume_until);
  // -> finished. With `playlist`: its file row, its upload (after those of all segments) and its callbacks
  // become owed in the same transaction. Finishing twice is harmless: the second call changes nothing.
  Status finish_recording(std::int64_t recording_id, UtcTime ended,
                          const std::optional<ClosedFile> &playlist);
  // `owner` stops working on it (element shut down in mid-recording): recovery may take it over at once.
  Status release_recording(std::int64_t recording_id, const std::string &owner);
  Result<Recording> recording(std::int64_t recording_id);  // not_found
  Result<std::vector<Recording>> recordings(int limit);    // newest first
  // Those that something is still to be done with are among them.
  Result<std::uint64_t> unfinished_recordings(const std::string &owner);

  // Files.
  Result<std::int64_t> open_file(const OpenedFile &file);
  // The file row, its upload (if the recording has a store) and its callbacks, which wait for that upload.
  // When an interruption ended a file that may be continued, or it continues such a one, nothing is owed
  // until the recording is finished: then for files that nothing continues, and for the others when they are
  // joined. not_found: no open file of that recording has this temp_path.
  Status close_file(const ClosedFile &file);
  Status fail_file(std::int64_t recording_id, const std::string &temp_path, const std::string &error);
  // The same without telling anybody: nothing is lost.
  Status drop_file(std::int64_t recording_id, const std::string &temp_path, const std::string &reason);
  // Owes the callbacks an exception, or adds it to one of its kind that was not sent yet.
  Status tell_exception(std::int64_t recording_id, const RecordingException &exception);
  // In the order of their media, playlists last.
  Result<std::vector<StoredFile>> files(std::int64_t recording_id);

  // Parts of longer files (core/model/splice_parts.h, splice_join.h), of a finished recording.
  Result<bool> has_parts(std::int64_t recording_id);
  // A row for the file that is about to be written; close_file() closes it like any other.
  Result<std::int64_t> begin_join(const OpenedFile &joined);
  // It is complete, and made of these; `location_pattern`: the name that it is about to get.
  Status set_parts(std::int64_t joined_id, const std::vector<std::int64_t> &parts,
                   const std::string &location_pattern);
  Status set_part_path(std::int64_t part_id, const std::string &path);  // it lies there now
  Status abandon_join(std::int64_t joined_id);  // the row is gone, the parts are as they were
  Status forget_part(std::int64_t part_id);     // the row of a part whose bytes are in another file
  Status free_part(std::int64_t part_id);       // it stands for itself, and owes what a file owes

  // Segments: the row and its upload. The same path a second time changes nothing.
  Status add_segment(const NewSegment &segment);
  Result<std::vector<NewSegment>> segments(std::int64_t recording_id);  // in playback order

  // What is owed. `lease` is the OwnerLease id of the caller: what it took is its own until done() or
  // retry(), or until it is dead (release_dead_leases). Oldest due first; a row that failed never holds up
  // its neighbours; but a callback waits for the upload of its file, and a playlist's upload for the
  // segments'.
  Result<std::vector<Owed>> take_due(const std::string &lease, const OwedTarget &target, int limit);
  // While it is leased: what Owed::upload_id is to be for the next attempt.
  Status remember_upload(std::int64_t owed_id, const std::string &lease, const std::string &upload_id);
  Status done(std::int64_t owed_id, const std::string &lease, const std::string &url, int http_status = 0);
  Status retry(std::int64_t owed_id, const std::string &lease, UtcTime next_attempt, const std::string &error,
               const AttemptFacts &facts = {});
  Status give_back(std::int64_t owed_id, const std::string &lease);  // untried: free, as it was
  Status release_leases(const std::string &lease);
  Status release_dead_leases(const std::function<bool(const std::string &owner)> &is_alive);
  // What is due later than any delay allows, because the wall clock was set back meanwhile, is due now.
  Status heed_clock();
  Result<std::vector<OwedTarget>> owed_targets();                     // distinct
  Result<std::optional<UtcTime>> next_due(const OwedTarget &target);  // of what can be taken
  Result<OwedCounts> owed();                                          // by anybody
  // For this owner's recordings, without what the backup store has and the primary is owed.
  Result<OwedCounts> owed_by(const std::string &owner);

  Result<std::vector<OwedSummary>> owed_of(std::int64_t recording_id);  // by target

  // The log of attempts, newest first; and what failed is due now: how many rows (catalogue_deliveries.h).
  Result<std::vector<LoggedAttempt>> deliveries(const DeliveryFilter &which, int limit);
  Result<std::int64_t> retry_now(const DeliveryFilter &which);

  Result<std::uint64_t> untried();  // rows that could be delivered now, or are being, and never failed

  // Recovery. Owners of unfinished recordings, of open files and of open pushes, "" included.
  Result<std::vector<std::string>> working_owners();
  // Unfinished recordings, and finished ones with open files, of this owner.
  Result<std::vector<Recording>> recordings_of(const std::string &owner);
  // Changes the owner if it is still `from`; false = somebody was faster.
  Result<bool> take_over(std::int64_t recording_id, const std::string &from, const std::string &owner);
  Status end_pushes_of(const std::string &owner);

  // Tasks (core/model/recording_task.h). create_task() also forgets those that ended long ago.
  Result<RecordingTask> create_task(const TaskRequest &request);
  Status stop_task(const std::string &id);              // not_found; exists: it was, or is over
  Status delete_task(const std::string &id);            // not_found
  Result<std::vector<RecordingTask>> tasks(int limit);  // newest first, no deleted ones
  Result<std::vector<RecordingTask>> tasks_of(const PushIdentity &stream);  // whose end is to come
  Result<std::vector<RecordingTask>> current_tasks();                       // the same, of all streams

  // Commands. Who could obey one: owners, dead ones included, that a push of the stream is open at; for
  // cancel-delay also those that hold a recording of it.
  Result<std::vector<std::string>> receivers(const PushIdentity &stream, CommandVerb verb);
  Result<std::int64_t> ask(const std::string &owner, CommandVerb verb, const PushIdentity &stream);
  Result<std::vector<RecordingCommand>> take_commands(const std::string &owner);  // in the order of asking
  Status answer_command(std::int64_t id, const Status &outcome);
  Result<bool> withdraw_command(std::int64_t id);  // false: somebody has taken it
  Result<CommandAnswer> command_answer(std::int64_t id);

  // For the catalogue's own sources (catalogue_sql.h) that have a topic of their own.
  SqlDatabase &connection() { return db_; }
  const std::string &path() const { return path_; }  // as it was opened
  const Clock &clock() const { return *clock_; }

  // Another number whenever another connection has changed the catalogue. Cheap.
  Result<std::int64_t> changes_by_others();

 private:
  friend class GrowingUploads;
  friend class LocalCopies;
  friend class StoreLedger;  // store_ledger.h: of what uploads tell about stores
  Catalogue(std::string path, SqlDatabase db, const Clock &clock)
      : path_(std::move(path)), db_(std::move(db)), clock_(&clock) {}
  // Inside a transaction of the caller.
  Status insert_file(const OpenedFile &file);
  Status settle_file(const ClosedFile &file);
  Status insert_playlist(std::int64_t recording_id, const ClosedFile &playlist);
  Status settle_parts(std::int64_t recording_id);
  Result<bool> is_held_back(const StoredFile &file);
  Status owe(const StoredFile &file);
  Status give_up_file(std::int64_t recording_id, const std::string &temp_path, const std::string &reason);
  Result<OwedCounts> count_owed(const std::string &where, const std::string &owner);

  std::string path_;
  SqlDatabase db_;
  const Clock *clock_;  // never null
};

}  // namespace rec
