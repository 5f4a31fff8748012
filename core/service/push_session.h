// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/model/recording_template.h"
#include "core/service/catalogue.h"

namespace rec {

// One recorder of one stream in the catalogue: its pushes one after the other, the recording that each
// belongs to, and what its writers report. Writers report in the order in which things happened; a recording
// begins with the first thing that is written, so a push without media leaves none.
//
// At most one recording is current (a push writes to it) and at most one is held (its push ended, and the HLS
// writer waits for another one). Not thread-safe: it lives where its Catalogue lives.
class PushSession {
 public:
  struct Facts {
    PushIdentity push;
    std::string owner;       // OwnerLease id
    std::string session_id;  // of the first recording; later ones get new ones
    std::string directory;   // absolute spool root
    RecordingTemplate recording_template;
  };
  struct Counts {
    std::uint64_t pushes = 0;
    std::uint64_t started = 0;  // new recordings
    std::uint64_t resumed = 0;  // recordings that were continued
    std::uint64_t finished = 0;
    std::uint64_t files = 0;  // complete
    std::uint64_t failed_files = 0;
    std::uint64_t segments = 0;
    std::uint64_t bytes = 0;  // of complete files and segments
  };
  enum class Hold { wait, finish, gone };

  PushSession(Catalogue catalogue, const Clock &clock, Facts facts)
      : catalogue_(std::move(catalogue)), clock_(clock), facts_(std::move(facts)) {}

  Catalogue &catalogue() { return catalogue_; }
  const Counts &counts() const { return counts_; }
  const std::optional<Recording> &current() const { return current_; }
  bool resumed() const { return resumed_; }  // `current` was continued, not started

  Status begin_push();
  Status end_push();

  // Files. The recording_id of what is given is filled in here.
  Status open_file(OpenedFile file);
  Status close_file(ClosedFile file);
  Status fail_file(const std::string &temp_path, const std::string &error);

  // HLS. claim(): media came and the writer has nothing open. The playlist to be continued, or nothing.
  Result<std::optional<std::string>> claim();
  Status playlist_started(const std::string &path);
  Status add_segment(const std::string &playlist, NewSegment segment);
  Status playlist_paused(const std::string &path);
  Status playlist_finished(ClosedFile playlist);
  void playlist_released(const std::string &path);
  // What the writer does with the held recording after having waited for `waited` (max() = it will not wait
  // longer).
  Result<Hold> poll_hold(Nanoseconds waited);

  // All writers of the push are done: the current recording is finished (with its playlist, if that was).
  Status finish();
  // The recorder goes away: a held recording is anybody's at once.
  Status release();

 private:
  struct Held {
    std::int64_t recording_id;
    std::string playlist;
    UtcTime resume_until;
    bool finishing = false;  // nobody else can claim it any more
  };

  Status leave_previous();
  Status need_recording();
  Result<std::optional<Recording>> claim_paused();
  Status finish_recording(std::int64_t id, UtcTime ended, const std::optional<ClosedFile> &playlist);
  std::optional<std::int64_t> recording_of(const std::string &playlist) const;
  Nanoseconds splice_timeout() const;

  Catalogue catalogue_;
  const Clock &clock_;  // outlives us
  const Facts facts_;
  std::optional<std::int64_t> push_id_;
  std::optional<Recording> current_;
  bool resumed_ = false;
  std::optional<ClosedFile> finished_playlist_;  // of current_, until all writers are done
  std::optional<Held> held_;
  bool session_id_used_ = false;
  std::map<std::string, std::int64_t> open_files_;  // temp path -> recording
  std::map<std::string, std::int64_t> playlists_;   // of current_ and held_
  Counts counts_;
};

}  // namespace rec
