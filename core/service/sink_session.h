// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/model/recording_exception.h"
#include "core/service/catalogue.h"
#include "core/service/push_session.h"

namespace rec {

// What sinks that are not ours (hlssink2, splitmuxsink, filesink...) write, as recordings of the catalogue:
// files are one recording with the first playlist, every further playlist is one of its own. A recording
// begins with the first thing that is written. Paths are absolute and final: such sinks write under the name
// that stays. Not thread-safe: it lives where its Catalogue lives.
class SinkSession {
 public:
  struct Facts {
    PushIdentity push;
    std::string owner;       // OwnerLease id
    std::string session_id;  // of the first recording; later ones get new ones
    std::string directory;   // absolute: objects are named like the files below it
    // Of it: the stores, the callbacks, and for each format the jobs, the retention and the storage class.
    RecordingTemplate recording_template = {};
  };

  // The catalogue and the clock outlive it.
  SinkSession(Catalogue &catalogue, const Clock &clock, Facts facts)
      : catalogue_(catalogue), clock_(clock), facts_(std::move(facts)) {}

  // Single files. What a file holds is read from it; one of which nothing plays fails (corrupt), and so does
  // one that cannot become an object (invalid_argument).
  Status file_opened(const std::string &path, UtcTime started);
  Status file_closed(const std::string &path);

  // What is wrong with all that is being recorded, or will be: it may be told before the first file is there.
  Status note_exception(const ExceptionReport &report);

  // HLS. A playlist is known before its first segment, so that a crash leaves something to finish.
  Status playlist_opened(const std::string &playlist);
  Status segment_closed(const std::string &playlist, const std::string &path, UtcTime started,
                        Nanoseconds duration);

  // Nothing comes any more: what is still open is cut to what plays, the recordings are finished. Goes on
  // after an error with the rest and returns the first one.
  Status end();

  // All of them so far.
  const std::vector<std::int64_t> &recordings() const { return recordings_; }

 private:
  struct Playlist {
    std::size_t session = 0;  // in sessions_
    ClosedFile facts = {};    // so far
    std::uint64_t segments = 0;
  };

  Result<PushSession *> session(std::size_t number);
  Status note_recording(PushSession &session);
  Status check_key(const std::string &path) const;
  Status close(const StoredFile &open, const Result<ClosedFile> &found);
  Status end_playlist(Playlist &playlist);

  Catalogue &catalogue_;
  const Clock &clock_;
  const Facts facts_;
  std::deque<PushSession> sessions_;           // the first one has the files
  std::map<std::string, StoredFile> files_;    // open ones, by path
  std::map<std::string, Playlist> playlists_;  // by path
  std::uint32_t next_file_ = 0;
  bool session_id_used_ = false;
  std::vector<std::int64_t> recordings_;
  std::vector<ExceptionReport> early_;  // before the first recording
};

}  // namespace rec
