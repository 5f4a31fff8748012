// SPDX-License-Identifier: LGPL-2.1-or-later
// A clip or a merge as a new file: frames are copied, none is encoded again.
#include <algorithm>
#include <filesystem>
#include <utility>

#include "core/disk/joined_file.h"
#include "core/io/files.h"
#include "core/service/clip_parts.h"
#include "core/service/fetched_media.h"
#include "core/service/media_conversion.h"

namespace rec {
namespace {

// What of a recording is taken, in files of one kind.
struct Piece {
  MediaKindOfFile kind = MediaKindOfFile::mp4;
  FileRange range;
  UtcTime begins;  // wall clock of what range.from means
};

std::string folder_of(const ClipJob &job) { return std::filesystem::path(job.path).parent_path().string(); }

class FileClip {
 public:
  FileClip(Catalogue &catalogue, ClipJob &job, OpenStores *stores)
      : catalogue_(catalogue), job_(job), fetched_(stores, folder_of(job)) {}

  Result<Recording> make() {
    for (const Recording &source : job_.sources) REC_CHECK(add(source));
    if (pieces_.empty()) return Error{Errc::not_found, "nothing was recorded in that range"};
    Conversions temporary(folder_of(job_));
    std::vector<FileRange> ranges;
    for (Piece &piece : pieces_) {
      REC_TRY(FileRange range, temporary.as(job_.request.format, piece.kind, piece.range));
      ranges.push_back(std::move(range));
    }
    return write(ranges);
  }

 private:
  Result<Recording> write(const std::vector<FileRange> &ranges) {
    REC_TRY(DiskFile file, DiskFile::create_for(job_.path));
    auto media = join_ranges(job_.request.format, ranges, file, {});
    if (!media) {
      file.discard();
      return media.error();
    }
    ClosedFile facts;
    facts.started = pieces_.front().begins;
    facts.duration = media->duration;
    facts.ended = facts.started + std::chrono::duration_cast<std::chrono::microseconds>(media->duration);
    facts.size_bytes = media->size_bytes;
    facts.video_frames = media->video_frames;
    facts.audio_frames = media->audio_frames;
    take_codecs(catalogue_, job_.sources, facts);
    if (facts.video_frames == 0) facts.video_codec = "";
    if (facts.audio_frames == 0) facts.audio_codec = "";
    return publish_clip(catalogue_, job_, std::move(file), std::move(facts));
  }

  // From what needs the least work.
  Status add(const Recording &source) {
    REC_TRY(const auto files, catalogue_.files(source.id));
    const Format wanted = job_.request.format;
    if (has(files, wanted)) return add_files(files, wanted);
    if (!source.playlist_path.empty()) return add_segments(source);
    const Format other = wanted == Format::mp4 ? Format::flv : Format::mp4;
    if (has(files, other)) return add_files(files, other);
    return Error{Errc::invalid_argument, "recording " + source.session_id + " has no HLS, MP4 or FLV"};
  }

  static bool is_media(const StoredFile &file) {
    const bool is_there = file.state == FileState::open || file.state == FileState::closed;
    return is_there && !file.joined_into && file.part != PartState::whole;
  }
  static bool has(const std::vector<StoredFile> &files, Format format) {
    return std::any_of(files.begin(), files.end(),
                       [&](const StoredFile &f) { return f.format == format && is_media(f); });
  }

  Status add_files(const std::vector<StoredFile> &files, Format format) {
    for (const StoredFile &file : files) {
      if (file.format != format || !is_media(file)) continue;
      const bool is_open = file.state == FileState::open;
      const std::string &path = is_open ? file.facts.temp_path : file.facts.path;
      const UtcTime ends =
          file.facts.started + std::chrono::duration_cast<std::chrono::microseconds>(file.facts.duration);
      if (!is_open && job_.request.from && ends <= *job_.request.from) continue;
      if (job_.request.to && file.facts.started >= *job_.request.to) continue;
      auto range = fetched_.file(path, {file.stored_in, file.url, file.facts.size_bytes});
      if (!range) return gone(path, range.error());
      add_piece(format == Format::mp4 ? MediaKindOfFile::mp4 : MediaKindOfFile::flv, *std::move(range),
                file.facts.started);
    }
    return ok();
  }

  // Those that touch the range, as far as one continues the other.
  Status add_segments(const Recording &source) {
    REC_TRY(const auto named, named_segments(catalogue_, source.id));
    const auto all = clip_segments(named);
    std::optional<std::size_t> map;
    for (const ClipEntry &entry :
         segments_in({job_.request.from, job_.request.to}, bounds_of_segments(), all)) {
      REC_TRY(std::string path, path_of(named[entry.segment]));
      if (pieces_.empty() || !in_segments_of(source, entry) || entry.map != map) {
        const bool is_ts = !entry.map;
        add_piece(is_ts ? MediaKindOfFile::ts : MediaKindOfFile::mp4, {}, all[entry.segment].started);
        if (entry.map) {
          REC_TRY(std::string of_map, path_of(named[*entry.map]));
          pieces_.back().range.paths.push_back(std::move(of_map));
        }
        of_ = source.id;
      }
      map = entry.map;
      pieces_.back().range.paths.push_back(std::move(path));
    }
    return ok();
  }
  Result<std::string> path_of(const NamedSegment &segment) {
    auto path = fetched_.whole(segment.facts.path, {.store = segment.stored_in,
                                                    .url = segment.url,
                                                    .size_bytes = segment.facts.size_bytes,
                                                    .name = segment.object});
    if (!path) return gone(segment.facts.path, path.error());
    return path;
  }
  ClipBounds bounds_of_segments() const {
    return job_.request.bounds == ClipBounds::inside ? ClipBounds::inside : ClipBounds::covering;
  }
  bool in_segments_of(const Recording &source, const ClipEntry &entry) const {
    return of_ == source.id && !entry.discontinuity;
  }

  void add_piece(MediaKindOfFile kind, FileRange whole, UtcTime started) {
    const bool is_exact = job_.request.bounds == ClipBounds::keyframe;
    Piece piece{.kind = kind, .range = std::move(whole), .begins = started};
    const auto &[from, to] = std::pair(job_.request.from, job_.request.to);
    const bool of_segments = piece.range.paths.empty();
    if (from && *from > started && (is_exact || !of_segments)) {
      piece.range.from = *from - started;
      piece.begins = *from;
    }
    if (to && (is_exact || !of_segments)) piece.range.to = *to - started;
    pieces_.push_back(std::move(piece));
  }

  static Error gone(const std::string &path, const Error &error) {
    return {error.code, "'" + path + "': " + error.message};
  }

  Catalogue &catalogue_;
  ClipJob &job_;
  FetchedMedia fetched_;
  std::vector<Piece> pieces_;
  std::int64_t of_ = 0;  // recording whose segments the last piece holds
};

}  // namespace

Result<Recording> make_file_clip(Catalogue &catalogue, ClipJob &job, OpenStores *stores) {
  return FileClip(catalogue, job, stores).make();
}

}  // namespace rec
