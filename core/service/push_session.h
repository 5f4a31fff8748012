// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/model/media_counts.h"
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
    std::string task;                // RecordingTask that it records for; "" = by rule
    std::string content = "origin";  // name_of(Content)
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

  // The catalogue and the clock outlive it.
  PushSession(Catalogue &catalogue, const Clock &clock, Facts facts)
      : catalogue_(catalogue), clock_(clock), facts_(std::move(facts)) {}

  Catalogue &catalogue() { return catalogue_; }
  const Counts &counts() const { return counts_; }
  const std::optional<Recording> &current() const { return current_; }
  bool push_is_open() const { return push_id_.has_value(); }
  bool resumed() const { return resumed_; }  // `current` was continued, not started

  Status begin_push();
  Status end_push();

  // Files. The recording_id of what is given is filled in here.
  Status open_file(OpenedFile file);
  Status close_file(ClosedFile file);
  Status fail_file(const std::string &temp_path, const std::string &error);
  Status drop_file(const std::string &temp_path, const std::string &reason);  // nothing is lost
  // What is wrong with the media of the current recording; without one it concerns nobody.
  Status note_exception(const RecordingException &exception);
  // What the recorders have counted since they were started. What is new belongs to the current recording;
  // without one, to the next: what is dropped before the first keyframe is dropped before there is a file.
  // `last_media`: when the last frame came.
  Status count(const MediaCounts &so_far, const std::optional<UtcTime> &last_media);

  // HLS. claim(): media came and the writer has nothing open. The playlist to be continued, or nothing.
  Result<std::optional<std::string>> claim();
  Status playlist_started(const std::string &path);
  Status add_segment(const std::string &playlist, NewSegment segment);
  // An initialisation section, before the first segment that needs it: uploaded like one, not counted as one.
  Status add_map(const std::string &playlist, NewSegment map);
  Status playlist_paused(const std::string &path);
  Status playlist_finished(ClosedFile playlist);
  void playlist_released(const std::string &path);
  // What the writer does with the held recording after having waited for `waited` (max() = it will not wait
  // longer).
  Result<Hold> poll_hold(Nanoseconds waited);

  // All writers of the push are done. Where files may be continued the recording is held for another push
  // (poll_hold() tells how long, finish_held() ends it); else it is finished (with its playlist, if that
  // was).
  Status pause_or_finish();
  // Whether a recording is held that no HLS writer holds.
  bool holds_files() const;
  Status finish_held();                 // after Hold::finish
  void leave_held() { held_.reset(); }  // after Hold::gone
  Status finish();                      // the current one, now
  // Recordings that are finished and whose files are to be joined; told once.
  void add_joins(const std::vector<std::int64_t> &recordings) {
    joins_.insert(joins_.end(), recordings.begin(), recordings.end());
  }
  bool is_to_restart() const;  // the recording has lasted as long as the template lets one last
  std::vector<std::int64_t> take_joins() { return std::exchange(joins_, {}); }
  // The recorder goes away: a held recording is anybody's at once.
  Status release();

 private:
  struct Held {
    std::int64_t recording_id;
    std::string playlist;
    UtcTime resume_until;
    UtcTime ended;           // of the push
    bool finishing = false;  // nobody else can claim it any more
  };

  Status leave_previous();
  Status need_recording();
  Status pause(const std::string &playlist);
  NewRecording new_recording() const;
  std::optional<Seconds> retention_of_push() const;  // what its URL says of it
  Result<std::optional<Recording>> claim_paused(const NewRecording &like);
  Status finish_recording(std::int64_t id, UtcTime ended, const std::optional<ClosedFile> &playlist);
  std::optional<std::int64_t> recording_of(const std::string &playlist) const;
  Nanoseconds splice_timeout() const { return facts_.recording_template.splice_timeout(); }

  Catalogue &catalogue_;
  const Clock &clock_;
  const Facts facts_;
  std::optional<std::int64_t> push_id_;       // while it lasts
  std::optional<std::int64_t> last_push_id_;  // also afterwards: what it brought is still written
  std::optional<Recording> current_;
  bool resumed_ = false;
  std::optional<ClosedFile> finished_playlist_;  // of current_, until all writers are done
  std::optional<Held> held_;
  bool session_id_used_ = false;
  std::map<std::string, std::int64_t> open_files_;  // temp path -> recording
  std::map<std::string, std::int64_t> playlists_;   // of current_ and held_
  std::vector<std::int64_t> joins_;
  Counts counts_;
  MediaCounts counted_;  // that recordings have got
};

}  // namespace rec
