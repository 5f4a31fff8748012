// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/recovery.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "core/io/files.h"
#include "core/service/owner_lease.h"
#include "core/service/recovered_file.h"

namespace rec {
namespace {

bool is_lost(const Error &e) { return e.code == Errc::corrupt || e.code == Errc::not_found; }

class Recovery {
 public:
  Recovery(Catalogue &catalogue, const std::string &owner, const Clock &clock)
      : catalogue_(catalogue), owner_(owner), clock_(clock) {}

  Status take_from(const std::string &dead) {
    if (!dead.empty()) REC_CHECK(catalogue_.end_pushes_of(dead));
    REC_TRY(const auto recordings, catalogue_.recordings_of(dead));
    for (const Recording &r : recordings) {
      REC_TRY(const auto files, catalogue_.files(r.id));
      const bool has_open_files = std::any_of(files.begin(), files.end(),
                                              [](const StoredFile &f) { return f.state == FileState::open; });
      const bool may_be_resumed =
          r.state == RecordingState::paused && r.resume_until && *r.resume_until > clock_.now_utc();
      if (dead.empty() && may_be_resumed && !has_open_files) continue;  // it waits as it should
      REC_TRY(const bool is_ours, catalogue_.take_over(r.id, dead, owner_));
      if (!is_ours) continue;
      if (Status settled = settle(r, files); !settled) {
        report_.errors.push_back(settled.error());
        REC_CHECK(catalogue_.release_recording(r.id, owner_));
      }
    }
    return ok();
  }

  RecoveryReport report() { return std::move(report_); }

 private:
  Status settle(const Recording &r, const std::vector<StoredFile> &files) {
    for (const StoredFile &f : files)
      if (f.state == FileState::open && f.part != PartState::whole) REC_CHECK(settle_file(f, files));
    if (r.state == RecordingState::finished) return leave_joins(r);
    std::optional<UtcTime> resume_until = r.resume_until;
    REC_TRY(const bool has_parts, catalogue_.has_parts(r.id));
    if (r.state == RecordingState::recording && (has_parts || !r.playlist_path.empty()) &&
        r.splice_timeout.count() > 0) {
      REC_TRY(const UtcTime last, last_activity(r));
      resume_until = last + std::chrono::duration_cast<std::chrono::microseconds>(r.splice_timeout);
    }
    if (!resume_until || *resume_until <= clock_.now_utc()) return finish(r);
    if (r.state == RecordingState::recording)
      REC_CHECK(catalogue_.pause_recording(r.id, owner_, *resume_until));
    ++report_.paused;
    return catalogue_.release_recording(r.id, owner_);
  }

  Status leave_joins(const Recording &r) {
    REC_TRY(const bool has_parts, catalogue_.has_parts(r.id));
    if (has_parts) report_.joins.push_back(r.id);
    return ok();
  }

  // Newest trace of life: rows are written when a file or segment is complete, bytes in between.
  Result<UtcTime> last_activity(const Recording &r) {
    UtcTime last = r.active;
    REC_TRY(const auto files, catalogue_.files(r.id));
    for (const StoredFile &f : files)
      if (f.state == FileState::closed) last = std::max(last, f.facts.ended);
    if (r.playlist_path.empty()) return last;
    std::error_code e;
    for (const auto &entry :
         std::filesystem::directory_iterator(std::filesystem::path(r.playlist_path).parent_path(), e))
      if (const auto facts = file_facts(entry.path().string())) last = std::max(last, facts->modified);
    return last;
  }

  Status settle_file(const StoredFile &f, const std::vector<StoredFile> &siblings) {
    const auto closed = recover_file(f, siblings);
    if (!closed && !is_lost(closed.error())) return closed.error();
    if (!closed) {
      ++report_.failed;
      return catalogue_.fail_file(f.facts.recording_id, f.facts.temp_path, closed.error().message);
    }
    ++report_.files;
    return catalogue_.close_file(*closed);
  }

  Status finish(const Recording &r) {
    REC_TRY(const bool is_ours, catalogue_.claim_finish(r.id, owner_));
    if (!is_ours) return ok();
    std::optional<ClosedFile> playlist;
    UtcTime ended = r.active;
    if (!r.playlist_path.empty()) {
      auto recovered = recover_playlist(r);
      if (!recovered && !is_lost(recovered.error())) return recovered.error();
      if (!recovered && recovered.error().code == Errc::corrupt) report_.errors.push_back(recovered.error());
      if (recovered && !recovered->segments.empty()) {
        for (const NewSegment &s : recovered->segments) REC_CHECK(catalogue_.add_segment(s));
        playlist = std::move(recovered->file);
        ended = playlist->ended;
        REC_CHECK(borrow_codecs(*playlist));
      }
    }
    ++report_.finished;
    REC_CHECK(catalogue_.finish_recording(r.id, ended, playlist));
    return leave_joins(r);
  }

  // Files of the same recording hold the same tracks.
  Status borrow_codecs(ClosedFile &playlist) {
    REC_TRY(const auto files, catalogue_.files(playlist.recording_id));
    for (const StoredFile &f : files) {
      if (f.state != FileState::closed) continue;
      if (playlist.video_codec.empty()) {
        playlist.video_codec = f.facts.video_codec;
        playlist.width = f.facts.width;
        playlist.height = f.facts.height;
      }
      if (playlist.audio_codec.empty()) playlist.audio_codec = f.facts.audio_codec;
    }
    return ok();
  }

  Catalogue &catalogue_;
  const std::string &owner_;
  const Clock &clock_;
  RecoveryReport report_;
};

}  // namespace

Result<RecoveryReport> recover(Catalogue &catalogue, const std::string &catalogue_path,
                               const std::string &owner, const Clock &clock) {
  Recovery recovery(catalogue, owner, clock);
  REC_TRY(const auto owners, catalogue.working_owners());
  for (const std::string &o : owners)
    if (!OwnerLease::is_alive(catalogue_path, o)) REC_CHECK(recovery.take_from(o));
  OwnerLease::forget_dead(catalogue_path, owners);
  return recovery.report();
}

}  // namespace rec
