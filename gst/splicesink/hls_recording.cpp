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
#include "core/model/live_window.h"
#include "core/model/name_pattern.h"

namespace rec {
namespace {

constexpr unsigned kMostNumbers = 10000;

using MappedFile = std::unique_ptr<GMappedFile, Freer<g_mapped_file_unref>>;

bool exists(const std::string &path) { return g_file_test(path.c_str(), G_FILE_TEST_EXISTS); }

std::string absolute(const std::string &path) {
  const CString name(g_canonicalize_filename(path.c_str(), nullptr));
  return name.get();
}

std::string beside(const std::string &path, const std::string &name) {
  if (g_path_is_absolute(name.c_str()) || path.find('/') == std::string::npos) return name;
  const CString directory(g_path_get_dirname(path.c_str()));
  const CString joined(g_build_filename(directory.get(), name.c_str(), nullptr));
  return joined.get();
}

Error failed(const std::string &doing, const std::string &path) {
  return {Errc::unavailable, doing + " '" + path + "': " + g_strerror(errno)};
}

std::span<const std::uint8_t> bytes_of(const MappedFile &file) {
  return {reinterpret_cast<const std::uint8_t *>(g_mapped_file_get_contents(file.get())),
          g_mapped_file_get_length(file.get())};
}

// Nothing: no media that could be played. An Error: it is not known, for now.
Result<std::optional<FoundSegment>> scan_file(SegmentFormat format, const std::string &path) {
  ErrorOut error;
  const MappedFile file(g_mapped_file_new(path.c_str(), FALSE, error.out()));
  if (!file) return Error{Errc::unavailable, "reading '" + path + "': " + error->message};
  const auto bytes = bytes_of(file);
  return scan_segment(format, {bytes.size(), [bytes](std::uint64_t at, std::span<std::uint8_t> out) {
                                 if (at > bytes.size() || out.size() > bytes.size() - at) return false;
                                 std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), out.size(),
                                             out.begin());
                                 return true;
                               }});
}

// An absolute name in or below the playlist's folder, as seen from there; any other as it is.
std::string below(const std::string &playlist, const std::string &file) {
  if (!g_path_is_absolute(file.c_str())) return file;
  const CString folder(g_path_get_dirname(absolute(playlist).c_str()));
  const std::string prefix = std::string(folder.get()) + "/", name = absolute(file);
  return name.starts_with(prefix) ? name.substr(prefix.size()) : file;
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

Result<GrownText> parse(const std::string &path, std::string_view text) {
  auto grown = parse_grown_playlist(text);
  if (!grown) return Error{grown.error().code, path + ": " + grown.error().message};
  return grown;
}

Result<OutputStream> stream_for(const std::function<Ref<GOutputStream>(const std::string &)> &get,
                                const std::string &location) {
  auto stream = get(location);
  if (!stream) return Error{Errc::unavailable, "the application gave no stream for '" + location + "'"};
  return OutputStream(std::move(stream), location);
}

Status write_to_stream(const std::function<Ref<GOutputStream>(const std::string &)> &get,
                       const std::string &location, const std::string &bytes) {
  REC_TRY(OutputStream stream, stream_for(get, location));
  REC_CHECK(stream.write(bytes));
  return stream.close();
}

bool has_bytes(const std::string &path, const std::string &bytes) {
  const MappedFile file(g_mapped_file_new(path.c_str(), FALSE, nullptr));
  return file && bytes == std::string_view(g_mapped_file_get_contents(file.get()),
                                           g_mapped_file_get_length(file.get()));
}

MediaPlaylist beginning(const HlsSettings &settings) {
  MediaPlaylist playlist;
  playlist.target_duration = roomy_target_duration(settings.target_duration);
  playlist.type = settings.window > 0 ? PlaylistType::none : PlaylistType::event;
  playlist.independent_segments = true;
  return playlist;
}

}  // namespace

HlsRecording::HlsRecording(HlsSettings settings, std::string playlist_path)
    : settings_(std::move(settings)),
      path_(std::move(playlist_path)),
      playlist_(beginning(settings_), false) {}

Result<HlsRecording> HlsRecording::resume(HlsSettings settings, const std::string &playlist_path) {
  REC_TRY(PlaylistFile file, PlaylistFile::take(playlist_path));
  REC_TRY(const std::string text, file.read());
  REC_TRY(GrownText grown, parse(playlist_path, text));
  if (grown.playlist.end_list) return Error{Errc::exists, "'" + playlist_path + "' is finished"};
  file.keep_only(grown.bytes);
  const auto &open = grown.playlist.open;
  const auto &segments = grown.playlist.segments;
  const bool has_map = open ? open->map.has_value() : !segments.empty() && segments.back().map;
  if ((open || !segments.empty()) && has_map != (settings.segment_format == SegmentFormat::cmaf))
    return Error{Errc::invalid_argument, "'" + playlist_path + "' has segments of another segment-format"};
  HlsRecording recording(std::move(settings), playlist_path);
  for (const MediaSegment &segment : grown.playlist.segments) {
    struct stat facts;
    const std::string path = recording.path_of_uri(segment.uri);
    if (stat(path.c_str(), &facts) != 0) continue;
    const auto size = static_cast<std::uint64_t>(facts.st_size);
    recording.size_ += size;
    if (recording.settings_.max_files > 0) recording.kept_.push_back({path, size});
  }
  recording.torn_ = grown.playlist.open.has_value();
  recording.playlist_ = GrowingPlaylist(grown.playlist, true);
  recording.playlist_file_.emplace(std::move(file));
  REC_CHECK(recording.begin_live(std::move(grown.playlist)));
  REC_CHECK(recording.settle());
  return recording;
}

std::string HlsRecording::path_of_uri(const std::string &uri) const {
  const auto file = file_of_uri(uri, settings_.playlist_root);
  return file ? beside(path_, *file) : "";
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
  gchar *raw = nullptr;
  gsize size = 0;
  if (!g_file_get_contents(playlist_path.c_str(), &raw, &size, nullptr)) return last;
  const CString text(raw);
  const auto grown = parse_grown_playlist({text.get(), size});
  if (!grown || !grown->playlist.open) return last;
  if (const auto file = file_of_uri(grown->playlist.open->uri, playlist_root))
    look_at(part_path(beside(playlist_path, *file)));
  return last;
}

// Nothing in it can be played: an interruption came before its first frame was whole.
void HlsRecording::drop_part(const std::string &part) {
  struct stat facts;
  const bool is_empty = stat(part.c_str(), &facts) != 0 || facts.st_size == 0;
  if (unlink(part.c_str()) != 0 || is_empty) return;
  trouble_ = {Errc::corrupt, "'" + part + "', " + std::to_string(facts.st_size) +
                                 " bytes that an interruption left, held no complete frame and was removed"};
}

// What a dead process, or a failed disk, left of the open segment.
Status HlsRecording::settle() {
  if (!playlist_.open_segment()) return ok();
  if (settings_.fragment_stream) return playlist_.forget_open(), ok();  // the application has what there is
  const OpenSegment open = *playlist_.open_segment();
  const std::string path = path_of_uri(open.uri);
  const SegmentFormat format = format_of(open);
  std::optional<FoundSegment> found;
  if (!path.empty() && exists(path)) {
    REC_TRY(found, scan_file(format, path));
  } else if (!path.empty() && exists(part_path(path))) {
    REC_TRY(found, scan_file(format, part_path(path)));
    if (!found) drop_part(part_path(path));
    if (found) REC_CHECK(keep_prefix(part_path(path), path, found->complete_bytes));
  }
  auto segment = settled(open, found);
  if (!segment) return playlist_.forget_open(), ok();
  Closed closed;
  closed.segment = *std::move(segment);
  closed.location = path;
  closed.start = UtcTime(open.program_date_time.value_or(playlist_.end().value_or(PlaylistTime{})));
  closed.size = found->complete_bytes;
  const SegmentFrames held{playlist_.next_sequence(), found->video_frames, found->audio_frames};
  REC_CHECK(list(std::move(closed)));
  salvaged_ = held;
  return ok();
}

TsCounters HlsRecording::last_counters() const {
  if (!playlist_.last()) return {};
  const MappedFile file(g_mapped_file_new(path_of_uri(playlist_.last()->uri).c_str(), FALSE, nullptr));
  return file ? scan_ts(bytes_of(file)).counters : TsCounters();
}

// What is next in the playlist; it is told of when the file lists it.
Status HlsRecording::list(Closed closed) {
  closed.sequence = playlist_.next_sequence();
  const auto &map = closed.segment.map;
  if (map && (!playlist_.last() || playlist_.last()->map != map)) {
    closed.new_map = {map->uri, path_of_uri(map->uri), 0};
    struct stat facts;
    if (stat(closed.new_map->location.c_str(), &facts) == 0)
      closed.new_map->size = static_cast<std::uint64_t>(facts.st_size);
  }
  REC_TRY(closed.raised_target, playlist_.list(closed.segment));
  size_ += closed.size;
  unlisted_.push_back(std::move(closed));
  return ok();
}

Status HlsRecording::write_whole(MediaPlaylist (*form)(MediaPlaylist)) {
  MediaPlaylist before = streamed_;
  if (playlist_file_) {
    REC_TRY(const std::string text, playlist_file_->read());
    REC_TRY(GrownText grown, parse(path_, text));
    before = std::move(grown.playlist);
  }
  MediaPlaylist all = playlist_.whole(std::move(before.segments));
  if (settings_.window > 0) {
    auto open = all.open;
    all.discontinuity_sequence = before.discontinuity_sequence;
    all.media_sequence = playlist_.next_sequence() - all.segments.size();
    all = windowed(std::move(all), settings_.window);
    all.open = std::move(open);
    in_window_ = all.segments.size();
  }
  all = form(std::move(all));
  if (settings_.playlist_stream) all.open.reset();
  REC_TRY(const std::string text, write_playlist(all));
  if (settings_.playlist_stream) {
    REC_CHECK(write_to_stream(settings_.playlist_stream, path_, text));
    streamed_ = std::move(all);
    return begin_live(beginning(settings_));
  }
  if (playlist_file_) return playlist_file_->replace(text);
  REC_TRY(PlaylistFile file, PlaylistFile::create(path_, text));
  path_ = file.path();
  playlist_file_.emplace(std::move(file));
  return begin_live(beginning(settings_));
}

Status HlsRecording::publish() {
  if (settings_.playlist_stream && unlisted_.empty()) return ok();
  if (playlist_.must_be_rewritten() || settings_.window > 0 || settings_.playlist_stream) {
    REC_CHECK(write_whole([](MediaPlaylist as_it_is) { return as_it_is; }));
  } else {
    REC_TRY(const std::string lines, playlist_.more());
    REC_CHECK(playlist_file_->append(lines));
  }
  note_listed(false);
  return ok();
}

Status HlsRecording::begin_live(MediaPlaylist beginning) {
  if (live_ || settings_.live_location.empty()) return ok();
  REC_TRY(std::string path, filled(settings_.live_location, start().value_or(segment_start_)));
  live_ = Live{std::move(path), std::move(beginning)};
  for (MediaSegment &segment : live_->playlist.segments) segment = seen_from_live(std::move(segment));
  return ok();
}

std::string HlsRecording::uri_from(const std::string &uri, const std::string &playlist) const {
  return settings_.playlist_root.empty() ? uri_seen_from(uri, absolute(path_), absolute(playlist)) : uri;
}

std::optional<MediaMap> HlsRecording::map_from(const std::string &playlist) const {
  auto map = map_;
  if (map) map->uri = uri_from(map->uri, playlist);
  return map;
}

MediaSegment HlsRecording::seen_from_live(MediaSegment segment) const {
  segment.uri = uri_from(segment.uri, live_->path);
  if (segment.map) segment.map->uri = uri_from(segment.map->uri, live_->path);
  return segment;
}

void HlsRecording::show_live(bool ended) {
  if (!live_) return;
  MediaPlaylist &live = live_->playlist;
  for (const Closed &closed : unlisted_) live.segments.push_back(seen_from_live(closed.segment));
  live.target_duration = std::max(live.target_duration, playlist_.target_duration());
  live.version = std::max(live.version, required_version(live));
  live = windowed(std::move(live), settings_.live_length);
  live.end_list = ended;
  const auto text = write_playlist(live);
  const Status shown = text ? replace_file(live_->path, *text) : Status(text.error());
  if (!shown && !live_failed_) trouble_ = shown.error();
  live_failed_ = !shown;
}

std::optional<HlsRecording::Live> HlsRecording::take_live() {
  if (!unlisted_.empty()) show_live(false);
  return std::exchange(live_, std::nullopt);
}

void HlsRecording::note_listed(bool ended) {
  playlist_.written();
  if (!unlisted_.empty() || ended) show_live(ended);
  if (settings_.max_files > 0)
    for (const Closed &closed : unlisted_) kept_.push_back({closed.location, closed.size});
  listed_.insert(listed_.end(), unlisted_.begin(), unlisted_.end());
  unlisted_.clear();
  delete_old();
}

void HlsRecording::delete_old() {
  if (settings_.max_files == 0) return;
  const std::size_t shown = std::max(in_window_, live_ ? live_->playlist.segments.size() : 0);
  for (; kept_.size() > std::max(settings_.max_files, shown); kept_.pop_front()) {
    const Kept &old = kept_.front();
    size_ -= old.size;
    if (settings_.delete_fragment && settings_.delete_fragment(old.location)) continue;
    if (unlink(old.location.c_str()) != 0 && errno != ENOENT)
      trouble_ = disk_error("deleting", old.location, errno);
  }
}

Result<std::string> HlsRecording::filled(const std::string &pattern, UtcTime start) const {
  NameFacts facts;
  facts.start = start;
  facts.sequence = playlist_.next_sequence();
  REC_TRY(facts.utc_offset, utc_offset_of(settings_.time_zone, start));
  return begin_name(pattern, facts);
}

std::optional<MediaMap> HlsRecording::map_of_last() const {
  return playlist_.last() ? playlist_.last()->map : map_;
}

Result<std::optional<MediaMap>> HlsRecording::initialise(const std::string &bytes, UtcTime start) {
  if (bytes.empty()) return std::optional<MediaMap>();
  const auto latest = map_of_last();
  if (latest && !latest->range && has_bytes(path_of_uri(latest->uri), bytes)) return latest;
  REC_TRY(std::string name, filled(settings_.location, start));
  const auto slash = name.rfind('/'), dot = name.rfind('.');
  const bool has_extension = dot != std::string::npos && (slash == std::string::npos || dot > slash);
  name = (has_extension ? name.substr(0, dot) : name) + "-init.mp4";
  const std::string wanted = beside(path_, name);
  REC_TRY(const std::string location, store_map(wanted, bytes));
  const CString base(g_path_get_basename(location.c_str()));
  const std::string file = (slash == std::string::npos ? "" : name.substr(0, slash + 1)) + base.get();
  return std::optional(MediaMap{uri_of_file(below(path_, file), settings_.playlist_root), std::nullopt});
}

Result<std::string> HlsRecording::store_map(const std::string &path, const std::string &bytes) {
  if (!settings_.fragment_stream) return write_new_file(path, bytes);
  REC_CHECK(write_to_stream(settings_.fragment_stream, path, bytes));
  return path;
}

Result<SegmentFile> HlsRecording::create_segment(const std::string &path) {
  if (settings_.fragment_stream) {
    REC_TRY(OutputStream stream, stream_for(settings_.fragment_stream, path));
    return SegmentFile(std::move(stream));
  }
  REC_TRY(OutputFile file, OutputFile::create(part_path(path)));
  return SegmentFile(std::move(file));
}

Result<HlsRecording::NewSegment> HlsRecording::name_segment(UtcTime start) {
  REC_TRY(const std::string name, filled(settings_.location, start));
  if (name != last_name_) last_number_ = 0;
  last_name_ = name;
  for (const unsigned most = last_number_ + kMostNumbers; last_number_ < most;) {
    const std::string file = numbered_path(name, last_number_++);
    const std::string path = beside(path_, file);
    if (!settings_.fragment_stream && (exists(path) || exists(part_path(path)))) continue;
    return NewSegment{path, uri_of_file(below(path_, file), settings_.playlist_root)};
  }
  return Error{Errc::exists, "no free name beside '" + name + "'"};
}

Status HlsRecording::open_segment(UtcTime start) {
  REC_CHECK(settle());
  for (unsigned attempt = 0;; ++attempt) {
    REC_TRY(NewSegment segment, name_segment(start));
    OpenSegment open{segment.uri, false, std::nullopt, period_ ? period_->map : map_};
    if (period_) {
      const bool continues = period_->continues && period_->map == map_of_last();
      open.discontinuity = !continues && playlist_.segments() > 0;
      open.program_date_time = to_playlist(period_->start);
    }
    REC_CHECK(playlist_.open(std::move(open)));
    REC_CHECK(publish());
    auto file = create_segment(segment.path);
    if (!file && file.error().code == Errc::exists && attempt < kMostNumbers) continue;  // another was faster
    if (!file) return std::move(file).error();
    file_.emplace(*std::move(file));
    map_ = playlist_.open_segment()->map;
    period_.reset();
    segment_path_ = std::move(segment.path);
    segment_start_ = start;
    return ok();
  }
}

Status HlsRecording::close_segment(Nanoseconds duration, const std::optional<MediaSpread> &spread) {
  REC_TRY(std::string location, file_->finish(segment_path_));
  const OpenSegment &open = *playlist_.open_segment();
  Closed closed;
  closed.size = file_->size();
  file_.reset();
  closed.location = std::move(location);
  closed.start = segment_start_;
  closed.spread = spread;
  MediaSegment &segment = closed.segment;
  segment.uri = open.uri;
  if (closed.location != segment_path_) {  // somebody took the name meanwhile
    const CString name(g_path_get_basename(closed.location.c_str()));
    segment.uri = segment.uri.substr(0, segment.uri.rfind('/') + 1) + uri_of_file(name.get());
  }
  segment.duration = std::max(to_playlist(duration), PlaylistDuration(0));
  segment.discontinuity = open.discontinuity;
  segment.program_date_time = open.program_date_time;
  segment.map = open.map;
  return list(std::move(closed));
}

void HlsRecording::salvage_segment() {
  if (!file_) return;
  (void)file_->flush();
  file_.reset();
  if (settle()) (void)publish();
}

void HlsRecording::let_go() {
  if (playlist_file_) playlist_file_->let_go();
}

Status HlsRecording::finish() {
  if (!playlist_file_ && !(settings_.playlist_stream && segments() > 0)) return ok();
  REC_CHECK(settle());
  REC_CHECK(write_whole(finished));
  note_listed(true);
  return ok();
}

}  // namespace rec
