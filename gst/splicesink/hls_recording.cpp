// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/splicesink/hls_recording.h"

#include <fcntl.h>
#include <glib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "core/base/glib_ptr.h"
#include "core/base/time_zone.h"
#include "core/model/hls_resume.h"
#include "core/model/name_pattern.h"

namespace rec {
namespace {

constexpr unsigned kMostNumbers = 10000;

using MappedFile = std::unique_ptr<GMappedFile, Freer<g_mapped_file_unref>>;

bool exists(const std::string &path) { return g_file_test(path.c_str(), G_FILE_TEST_EXISTS); }

std::string beside(const std::string &path, const std::string &name) {
  if (g_path_is_absolute(name.c_str())) return name;
  const CString directory(g_path_get_dirname(path.c_str()));
  const CString joined(g_build_filename(directory.get(), name.c_str(), nullptr));
  return joined.get();
}

Error failed(const std::string &doing, const std::string &path) {
  return {Errc::unavailable, doing + " '" + path + "': " + g_strerror(errno)};
}

std::optional<TsScan> scan_file(const std::string &path) {
  const MappedFile file(g_mapped_file_new(path.c_str(), FALSE, nullptr));
  if (!file) return std::nullopt;
  return scan_ts({reinterpret_cast<const std::uint8_t *>(g_mapped_file_get_contents(file.get())),
                  g_mapped_file_get_length(file.get())});
}

// Cuts the file to `size`, makes it durable and gives it the name `to`, which must be free.
Status keep_prefix(const std::string &from, const std::string &to, std::uint64_t size) {
  const int fd = open(from.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return failed("opening", from);
  const bool cut = ftruncate(fd, static_cast<off_t>(size)) == 0 && fsync(fd) == 0;
  const Error error = failed("cutting", from);
  close(fd);
  if (!cut) return error;
  if (link(from.c_str(), to.c_str()) != 0 || unlink(from.c_str()) != 0) return failed("renaming to", to);
  return sync_folder_of(to);
}

// The segments that a recording takes beyond its target: a cut waits for a keyframe, and
// EXT-X-TARGETDURATION must not change once it was published (RFC 8216 section 6.2.1).
Seconds published_target(Seconds target) { return target + std::max(Seconds(1), target / 2); }

Result<MediaPlaylist> read_playlist(const std::string &path) {
  ErrorOut e;
  gchar *raw = nullptr;
  gsize size = 0;
  if (!g_file_get_contents(path.c_str(), &raw, &size, e.out()))
    return Error{e->code == G_FILE_ERROR_NOENT ? Errc::not_found : Errc::unavailable, e->message};
  const CString text(raw);
  auto playlist = parse_playlist({text.get(), size});
  if (!playlist) return Error{playlist.error().code, path + ": " + playlist.error().message};
  return playlist;
}

}  // namespace

HlsRecording::HlsRecording(HlsSettings settings, std::string playlist_path)
    : settings_(std::move(settings)), path_(std::move(playlist_path)) {
  playlist_.target_duration = published_target(settings_.target_duration);
  playlist_.type = PlaylistType::event;
  playlist_.independent_segments = true;
}

Result<HlsRecording> HlsRecording::resume(HlsSettings settings, const std::string &playlist_path) {
  REC_TRY(MediaPlaylist playlist, read_playlist(playlist_path));
  if (playlist.end_list) return Error{Errc::exists, "'" + playlist_path + "' is finished"};
  HlsRecording recording(std::move(settings), playlist_path);
  recording.playlist_ = std::move(playlist);
  recording.published_ = true;
  for (const MediaSegment &segment : recording.playlist_.segments) {
    struct stat facts;
    if (stat(recording.path_of_uri(segment.uri).c_str(), &facts) == 0)
      recording.size_ += static_cast<std::uint64_t>(facts.st_size);
  }
  REC_CHECK(recording.settle());
  return recording;
}

std::string HlsRecording::path_of_uri(const std::string &uri) const {
  const auto file = file_of_uri(uri, settings_.playlist_root);
  return file ? beside(path_, *file) : "";
}

std::optional<UtcTime> HlsRecording::start() const {
  if (playlist_.segments.empty() || !playlist_.segments[0].program_date_time) return std::nullopt;
  return UtcTime(*playlist_.segments[0].program_date_time);
}

UtcTime HlsRecording::last_activity(const std::string &playlist_path, const std::string &playlist_root) {
  UtcTime last{};
  const auto look_at = [&](const std::string &path) {
    struct stat facts;
    if (stat(path.c_str(), &facts) != 0) return;
    last = std::max(last, UtcTime(std::chrono::duration_cast<std::chrono::microseconds>(
                              Seconds(facts.st_mtim.tv_sec) + Nanoseconds(facts.st_mtim.tv_nsec))));
  };
  look_at(playlist_path);
  const auto playlist = read_playlist(playlist_path);
  if (!playlist || !playlist->open) return last;
  if (const auto file = file_of_uri(playlist->open->uri, playlist_root))
    look_at(part_path(beside(playlist_path, *file)));
  return last;
}

// What a dead process, or a failed disk, left of the open segment.
Status HlsRecording::settle() {
  if (!playlist_.open) return ok();
  const std::string path = path_of_uri(playlist_.open->uri);
  std::optional<TsScan> found;
  if (!path.empty() && exists(path)) {
    found = scan_file(path);
  } else if (!path.empty() && exists(part_path(path))) {
    found = scan_file(part_path(path));
    if (found && found->is_segment()) {
      REC_CHECK(keep_prefix(part_path(path), path, found->complete_bytes));
    } else {
      unlink(part_path(path).c_str());
    }
  }
  const auto listed = playlist_.segments.size();
  playlist_ = settle_open_segment(std::move(playlist_), found);
  if (playlist_.segments.size() == listed) return ok();
  Closed closed;
  closed.segment = playlist_.segments.back();
  closed.location = path;
  closed.sequence = next_sequence(playlist_) - 1;
  closed.start = UtcTime(segment_time(playlist_, listed).value_or(PlaylistTime{}));
  closed.size = found->complete_bytes;
  salvaged_ = SegmentFrames{closed.sequence, 0, 0};
  for (const TsTrack &track : found->tracks)
    (track.is_video ? salvaged_->video : salvaged_->audio) += track.frames;
  add(std::move(closed));
  return ok();
}

TsCounters HlsRecording::last_counters() const {
  if (playlist_.segments.empty()) return {};
  const auto scan = scan_file(path_of_uri(playlist_.segments.back().uri));
  return scan ? scan->counters : TsCounters();
}

void HlsRecording::add(Closed closed) {
  size_ += closed.size;
  unlisted_.push_back(std::move(closed));
}

Status HlsRecording::create_playlist() {
  const CString unique(g_uuid_string_random());
  REC_CHECK(make_directories_for(path_));
  REC_TRY(const std::string text, write_playlist(playlist_));
  REC_TRY(OutputFile file, OutputFile::create(part_path(path_ + "." + unique.get())));
  GstBuffer *bytes = gst_buffer_new_memdup(text.data(), text.size());
  const Status appended = file.append(Ref<GstBuffer>::adopt(bytes));
  auto name = appended ? file.finish(path_) : Result<std::string>(appended.error());
  if (!name) {
    file.discard();
    return std::move(name).error();
  }
  path_ = *std::move(name);
  published_ = true;
  return ok();
}

Status HlsRecording::publish() {
  if (published_) {
    REC_TRY(const std::string text, write_playlist(playlist_));
    REC_CHECK(replace_file(path_, text));
  } else {
    REC_CHECK(create_playlist());
  }
  listed_.insert(listed_.end(), unlisted_.begin(), unlisted_.end());
  unlisted_.clear();
  return ok();
}

Result<HlsRecording::NewSegment> HlsRecording::name_segment(UtcTime start) const {
  NameFacts facts;
  facts.start = start;
  facts.sequence = next_sequence(playlist_);
  REC_TRY(facts.utc_offset, utc_offset_of(settings_.time_zone, start));
  REC_TRY(const std::string name, begin_name(settings_.location, facts));
  for (unsigned number = 0; number < kMostNumbers; ++number) {
    const std::string file = numbered_path(name, number);
    const std::string path = beside(path_, file);
    if (exists(path) || exists(part_path(path))) continue;
    return NewSegment{path, uri_of_file(file, settings_.playlist_root)};
  }
  return Error{Errc::exists, "no free name beside '" + name + "'"};
}

Status HlsRecording::open_segment(UtcTime start) {
  REC_CHECK(settle());
  for (unsigned attempt = 0;; ++attempt) {
    REC_TRY(NewSegment segment, name_segment(start));
    OpenSegment open{segment.uri, false, std::nullopt, period_ ? period_->map : map_};
    if (period_) {
      open.discontinuity = !period_->continues && !playlist_.segments.empty();
      open.program_date_time = to_playlist(period_->start);
    }
    playlist_.open = std::move(open);
    REC_CHECK(publish());
    auto file = OutputFile::create(part_path(segment.path));
    if (!file && file.error().code == Errc::exists && attempt < kMostNumbers) continue;  // another was faster
    if (!file) return std::move(file).error();
    file_.emplace(*std::move(file));
    map_ = playlist_.open->map;
    period_.reset();
    segment_path_ = std::move(segment.path);
    segment_start_ = start;
    return ok();
  }
}

Status HlsRecording::close_segment(Nanoseconds duration) {
  REC_TRY(std::string location, file_->finish(segment_path_));
  Closed closed;
  closed.size = file_->size();
  file_.reset();
  closed.location = std::move(location);
  closed.start = segment_start_;
  closed.sequence = next_sequence(playlist_);
  MediaSegment &segment = closed.segment;
  segment.uri = playlist_.open->uri;
  if (closed.location != segment_path_) {  // somebody took the name meanwhile
    const CString name(g_path_get_basename(closed.location.c_str()));
    segment.uri = segment.uri.substr(0, segment.uri.rfind('/') + 1) + uri_of_file(name.get());
  }
  segment.duration = std::max(to_playlist(duration), PlaylistDuration(0));
  segment.discontinuity = playlist_.open->discontinuity;
  segment.program_date_time = playlist_.open->program_date_time;
  segment.map = playlist_.open->map;
  const Seconds target = target_duration_for(segment.duration, playlist_.target_duration);
  closed.raised_target = target != std::exchange(playlist_.target_duration, target);
  playlist_.segments.push_back(segment);
  playlist_.open.reset();
  add(std::move(closed));
  return ok();
}

void HlsRecording::salvage_segment() {
  if (!file_) return;
  (void)file_->flush();
  file_.reset();
  if (settle()) (void)publish();
}

Status HlsRecording::finish() {
  if (!published_) return ok();
  REC_CHECK(settle());
  playlist_ = finished(std::move(playlist_));
  return publish();
}

}  // namespace rec
