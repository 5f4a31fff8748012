// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/growing_playlist.h"

#include <algorithm>
#include <utility>

#include "core/model/hls_resume.h"

namespace rec {
namespace {

Error refused(const std::string &uri, const std::string &why) {
  return {Errc::invalid_argument, "segment '" + uri + "': " + why};
}

}  // namespace

Seconds roomy_target_duration(Seconds segment) { return segment + std::max(Seconds(1), segment / 2); }

GrowingPlaylist::GrowingPlaylist(MediaPlaylist beginning, bool is_written)
    : pending_(std::move(beginning)), rewrite_(!is_written) {
  for (const MediaSegment &segment : pending_.segments) count(segment);
  if (is_written) written();
}

void GrowingPlaylist::count(const MediaSegment &segment) {
  if (segments_++ == 0) start_ = segment.program_date_time;
  duration_ += segment.duration;
  if (segment.program_date_time) {
    dated_ = segment.program_date_time;
    since_dated_ = PlaylistDuration(0);
  }
  since_dated_ += segment.duration;
}

std::optional<PlaylistTime> GrowingPlaylist::end() const {
  if (!dated_) return std::nullopt;
  return *dated_ + std::chrono::floor<std::chrono::milliseconds>(since_dated_);
}

const MediaSegment *GrowingPlaylist::last() const {
  if (!pending_.segments.empty()) return &pending_.segments.back();
  return last_written_ ? &*last_written_ : nullptr;
}

void GrowingPlaylist::need(unsigned version, Seconds target_duration) {
  version = std::max(version, pending_.version);
  rewrite_ = rewrite_ || version != pending_.version || target_duration != pending_.target_duration;
  pending_.version = version;
  pending_.target_duration = target_duration;
}

Status GrowingPlaylist::open(OpenSegment segment) {
  if (auto why = violation(last(), segment); !why.empty()) return refused(segment.uri, why);
  need(required_version(segment), pending_.target_duration);
  pending_.open = std::move(segment);
  open_is_written_ = false;
  return ok();
}

Result<bool> GrowingPlaylist::list(MediaSegment segment) {
  Seconds target = target_duration_for(segment.duration, pending_.target_duration);
  const bool raised = target > pending_.target_duration;
  if (raised) target = std::min(roomy_target_duration(target), kMaxTargetDuration);
  if (auto why = violation(target, last(), segment); !why.empty()) return refused(segment.uri, why);
  need(required_version(segment), target);
  pending_.open.reset();
  count(segment);
  pending_.segments.push_back(std::move(segment));
  return raised;
}

Result<std::string> GrowingPlaylist::more() const {
  const bool opens = pending_.open && !open_is_written_;
  if (pending_.segments.empty() && !opens) return std::string();
  return write_more(last_written_ ? &*last_written_ : nullptr, pending_);
}

MediaPlaylist GrowingPlaylist::whole(std::vector<MediaSegment> in_file) const {
  MediaPlaylist all = pending_;
  in_file.insert(in_file.end(), pending_.segments.begin(), pending_.segments.end());
  all.segments = std::move(in_file);
  return all;
}

void GrowingPlaylist::written() {
  if (!pending_.segments.empty()) last_written_ = std::move(pending_.segments.back());
  pending_.segments = {};  // with its memory
  open_is_written_ = true;
  rewrite_ = false;
}

}  // namespace rec
