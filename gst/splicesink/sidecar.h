// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/model/splice.h"

namespace rec {

// The note beside a playlist (core/model/splice.h) by which pushes, also of other processes, find the
// recording that they continue when no application decides it. One small file per recording that is not
// finished; its lock (flock) is held while the recording runs, so a process that dies lets go of it.
//
// Not thread-safe. Blocks on the disk: no streaming threads.
class Sidecar {
 public:
  struct Claim;

  // Where the notes of a playlist pattern lie: beside the first folder that the pattern does not vary.
  static std::string base_of(const std::string &playlist_pattern);

  // Looks at the notes at `base` and locks one for a push that begins at `now`. `last_activity` tells when
  // the recording with this playlist last grew.
  static Result<Claim> claim(const std::string &base, Nanoseconds splice_timeout, UtcTime now,
                             const std::function<UtcTime(const std::string &playlist)> &last_activity);

  Sidecar(Sidecar &&other) noexcept;
  Sidecar &operator=(Sidecar &&other) noexcept;
  ~Sidecar();  // lets go of the lock; the note stays

  const std::string &playlist() const { return note_.playlist; }
  // While locked: says that this playlist is being recorded.
  Status begin(const std::string &playlist, Nanoseconds splice_timeout);
  // Says that another push may continue it until then, and lets go of the lock.
  Status pause(UtcTime resume_until);
  // While paused: what to do after this wait. After HoldChoice::finish the lock is ours again.
  HoldChoice ask(Nanoseconds waited);
  // The recording is finished: removes the note and lets go of the lock.
  void remove();

 private:
  Sidecar(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  static std::optional<Sidecar> lock(const std::string &path, bool create);
  std::optional<SpliceNote> read() const;
  HoldChoice peek(Nanoseconds waited) const;
  Status write();
  void unlock();

  std::string path_;
  int fd_ = -1;  // open: the lock is ours
  SpliceNote note_;
};

struct Sidecar::Claim {
  Sidecar sidecar;               // locked
  bool resumes = false;          // sidecar.playlist() is to be continued; else begin() a new one
  std::vector<Sidecar> expired;  // locked; their playlists are to be finished, then remove()
};

}  // namespace rec
