// SPDX-License-Identifier: LGPL-2.1-or-later
// A clip as a playlist over segments that are there already.
#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <utility>

#include "core/disk/disk_file.h"
#include "core/io/files.h"
#include "core/model/hls_resume.h"
#include "core/service/clip_parts.h"

namespace rec {
namespace {
namespace fs = std::filesystem;

bool is_map(const NewSegment &segment) {
  return segment.duration == Nanoseconds(0) && !segment.path.ends_with(".ts") &&
         !segment.path.ends_with(".m4s");
}

}  // namespace

std::vector<ClipSegment> clip_segments(const std::vector<NamedSegment> &named) {
  std::vector<ClipSegment> segments;
  segments.reserve(named.size());
  for (const NamedSegment &one : named)
    segments.push_back({.id = one.id,
                        .recording = one.facts.recording_id,
                        .sequence = one.facts.sequence,
                        .started = one.facts.started,
                        .duration = one.facts.duration,
                        .discontinuity = one.facts.discontinuity,
                        .is_map = is_map(one.facts)});
  return segments;
}

namespace {

class PlaylistClip {
 public:
  PlaylistClip(Catalogue &catalogue, ClipJob &job) : catalogue_(catalogue), job_(job) {}

  Result<Recording> make() {
    REC_CHECK(check());
    REC_CHECK(read_segments());
    const ClipRequest &request = job_.request;
    const auto entries = segments_in({request.from, request.to}, request.bounds, segments_);
    if (entries.empty())
      return Error{Errc::not_found,
                   "nothing was recorded in that range, or no segment of it is complete yet"};
    std::vector<std::string> uris(named_.size());
    for (const ClipEntry &entry : entries) {
      if (entry.map) REC_CHECK(refer_to(*entry.map, uris));
      REC_CHECK(refer_to(entry.segment, uris));
    }
    REC_TRY(const std::string text, write_playlist(clip_playlist(entries, segments_, uris)));
    REC_TRY(DiskFile file, create(text));
    return publish_clip(catalogue_, job_, std::move(file), facts_of(entries));
  }

 private:
  Status check() const {
    if (job_.request.bounds == ClipBounds::keyframe)
      return Error{Errc::invalid_argument,
                   "a playlist is cut between segments; for a cut at the frame make an mp4 or flv"};
    for (const Recording &source : job_.sources)
      if (source.playlist_path.empty())
        return Error{Errc::invalid_argument,
                     "recording " + source.session_id + " has no HLS; make an mp4 or flv of it"};
    return ok();
  }

  Status read_segments() {
    for (const Recording &source : job_.sources) {
      REC_TRY(auto named, named_segments(catalogue_, source.id));
      named_.insert(named_.end(), std::make_move_iterator(named.begin()),
                    std::make_move_iterator(named.end()));
    }
    segments_ = clip_segments(named_);
    return ok();
  }

  // As the playlist names it, once for each.
  Status refer_to(std::size_t segment, std::vector<std::string> &uris) {
    if (!uris[segment].empty()) return ok();
    REC_TRY(uris[segment], uri_of(named_[segment]));
    job_.result.segments.push_back(named_[segment].id);
    return ok();
  }

  // Relative wherever the clip and the segment go to the same places, so that it holds in all of them.
  Result<std::string> uri_of(const NamedSegment &segment) {
    REC_TRY(const Recording *recorded, recorder_of(segment));
    const fs::path path(segment.facts.path);
    const std::string relative =
        uri_of_file(path.lexically_relative(fs::path(job_.path).parent_path()).string());
    if (job_.result.is_stored && !job_.sources.front().store.empty()) {
      const bool is_beside = recorded->directory == job_.result.directory && !recorded->playlist_apart &&
                             recorded->store == job_.sources.front().store;
      if (is_beside) return relative;
      if (!segment.url.empty()) return segment.url;
      return Error{
          Errc::unavailable,
          "'" + segment.facts.path +
              "' has another place in stores than beside the clip, and is not uploaded yet; try again when "
              "it is"};
    }
    if (file_facts(segment.facts.path)) return relative;
    if (!segment.url.empty()) return segment.url;
    return Error{Errc::not_found, "'" + segment.facts.path + "' is neither there nor in a store"};
  }

  Result<const Recording *> recorder_of(const NamedSegment &segment) {
    const std::int64_t id = segment.facts.recording_id;
    const auto known = recorders_.find(id);
    if (known != recorders_.end()) return &known->second;
    REC_TRY(Recording recorded, catalogue_.recording(id));
    return &recorders_.emplace(id, std::move(recorded)).first->second;
  }

  Result<DiskFile> create(const std::string &text) const {
    REC_TRY(DiskFile file, DiskFile::create_for(job_.path));
    Status written = file.write(0, text);
    if (written) written = file.sync();
    if (!written) {
      file.discard();
      return written.error();
    }
    return file;
  }

  ClosedFile facts_of(const std::vector<ClipEntry> &entries) {
    ClosedFile facts;
    facts.started = segments_[entries.front().segment].started;
    facts.ended = facts.started;
    for (const ClipEntry &entry : entries) {
      const ClipSegment &segment = segments_[entry.segment];
      facts.duration += segment.duration;
      facts.size_bytes += named_[entry.segment].facts.size_bytes;
      facts.ended =
          std::max(facts.ended,
                   segment.started + std::chrono::duration_cast<std::chrono::microseconds>(segment.duration));
      facts.started = std::min(facts.started, segment.started);
    }
    take_codecs(catalogue_, job_.sources, facts);
    return facts;
  }

  Catalogue &catalogue_;
  ClipJob &job_;
  std::vector<NamedSegment> named_;
  std::vector<ClipSegment> segments_;  // of named_
  std::map<std::int64_t, Recording> recorders_;
};

}  // namespace

Result<Recording> make_playlist_clip(Catalogue &catalogue, ClipJob &job) {
  return PlaylistClip(catalogue, job).make();
}

}  // namespace rec
