// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>

#include "core/disk/trail_file.h"
#include "core/io/files.h"
#include "core/model/hls_resume.h"
#include "core/model/media_playlist.h"
#include "core/service/recovered_file.h"

namespace rec {
namespace {
namespace fs = std::filesystem;

Result<std::optional<FoundSegment>> scan_file(SegmentFormat format, const std::string &path) {
  REC_TRY(const FileFacts facts, file_facts(path));
  REC_TRY(const RandomAccessFile file, RandomAccessFile::open(path));
  bool is_read = true;
  const auto found =
      scan_segment(format, {facts.size_bytes, [&](std::uint64_t at, std::span<std::uint8_t> out) {
                              is_read = is_read && file.read(at, out);
                              return is_read;
                            }});
  if (!is_read) return Error{Errc::unavailable, "cannot read " + path};
  return found;
}

// Where a URI of our own playlists lies; nothing when it is not such a one.
std::optional<std::string> path_of(const Recording &recording, const std::string &uri) {
  const fs::path folder = fs::path(recording.playlist_path).parent_path();
  auto file = file_of_uri(uri);
  if (!file) {  // behind a root: the name is then relative to the playlist all the same
    const std::size_t slash = uri.rfind('/');
    file = file_of_uri(uri.substr(slash == std::string::npos ? 0 : slash + 1));
  }
  if (!file) return std::nullopt;
  return fs::path(*file).is_absolute() ? *file : (folder / *file).string();
}

// The segment that was being written: under its final name when the writer died after renaming it.
Result<std::optional<FoundSegment>> save_open_segment(SegmentFormat format, const std::string &path) {
  if (auto scan = scan_file(format, path)) return scan;
  const fs::path p(path);
  const std::string temp = (p.parent_path() / ("." + p.filename().string() + ".part")).string();
  auto scan = scan_file(format, temp);
  if (!scan && scan.error().code == Errc::not_found) return std::optional<FoundSegment>{};
  if (!scan) return scan;
  if (!*scan) {               // it had just been opened: no frame is in it
    std::error_code ignored;  // a leftover is no reason to leave the playlist open
    fs::remove(temp, ignored);
    return scan;
  }
  REC_CHECK(truncate_file(temp, (*scan)->complete_bytes));
  REC_CHECK(sync_file(temp));
  REC_CHECK(rename_noreplace(temp, path));
  REC_CHECK(sync_parent_directory(path));
  return scan;
}

// Elements that are not ours list a segment when it is complete: what they were writing lies there under its
// name.
std::optional<OpenSegment> unlisted_segment(const Recording &recording, const MediaPlaylist &playlist) {
  if (playlist.segments.empty()) return std::nullopt;
  const auto next = uri_after(playlist.segments.back().uri);
  const auto path = next ? path_of(recording, *next) : std::nullopt;
  if (!path || !file_facts(*path)) return std::nullopt;
  OpenSegment open;
  open.uri = *next;
  open.map = playlist.segments.back().map;
  return open;
}

Result<MediaPlaylist> close_playlist(const Recording &recording, MediaPlaylist playlist) {
  if (playlist.end_list) return playlist;
  if (!playlist.open) playlist.open = unlisted_segment(recording, playlist);
  if (playlist.open) {
    std::optional<FoundSegment> found;
    if (const auto path = path_of(recording, playlist.open->uri)) {
      REC_TRY(found, save_open_segment(format_of(*playlist.open), *path));
    }
    playlist = settle_open_segment(std::move(playlist), found);
  }
  playlist = finished(std::move(playlist));
  REC_TRY(const std::string text, write_playlist(playlist));
  REC_CHECK(write_file_atomically(recording.playlist_path, text));
  TrailFile::remove(recording.playlist_path);
  return playlist;
}

void add_row(std::vector<NewSegment> &rows, NewSegment row) {
  if (row.path.empty()) return;
  const auto facts = file_facts(row.path);
  if (!facts) return;  // lost: nothing to upload, and the playlist says what it said
  row.size_bytes = facts->size_bytes;
  rows.push_back(std::move(row));
}

std::vector<NewSegment> segment_rows(const Recording &recording, const MediaPlaylist &playlist) {
  std::vector<NewSegment> rows;
  std::optional<MediaMap> map;
  std::uint64_t sequence = playlist.media_sequence;
  UtcTime started = recording.started;
  for (const MediaSegment &s : playlist.segments) {
    NewSegment row;
    row.recording_id = recording.id;
    row.path = path_of(recording, s.uri).value_or("");
    row.uri = s.uri;
    row.sequence = sequence++;
    row.started = s.program_date_time ? UtcTime(*s.program_date_time) : started;
    row.duration = s.duration;
    row.discontinuity = s.discontinuity;
    started = row.started + s.duration;
    if (s.map && s.map != map) {
      NewSegment brought = row;
      brought.path = path_of(recording, s.map->uri).value_or("");
      brought.uri = s.map->uri;
      brought.duration = {};
      brought.discontinuity = false;
      add_row(rows, std::move(brought));
    }
    map = s.map;
    add_row(rows, std::move(row));
  }
  return rows;
}

}  // namespace

Result<RecoveredPlaylist> recover_playlist(const Recording &recording) {
  REC_TRY(const std::string text, read_file(recording.playlist_path, kMaxPlaylistBytes));
  auto parsed = parse_grown_playlist(text);
  if (!parsed) return Error{Errc::corrupt, recording.playlist_path + ": " + parsed.error().message};
  REC_TRY(const MediaPlaylist playlist, close_playlist(recording, std::move(parsed->playlist)));
  RecoveredPlaylist recovered;
  recovered.segments = segment_rows(recording, playlist);
  ClosedFile &file = recovered.file;
  file.recording_id = recording.id;
  file.temp_path = recording.playlist_path;
  file.path = recording.playlist_path;
  file.started = recording.started;
  file.ended = recording.started;
  file.duration = media_duration(playlist);
  for (const NewSegment &s : recovered.segments) {
    file.size_bytes += s.size_bytes;
    file.ended =
        std::max(file.ended, s.started + std::chrono::duration_cast<std::chrono::microseconds>(s.duration));
  }
  return recovered;
}

}  // namespace rec
