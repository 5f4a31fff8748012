// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/clip.h"

#include <filesystem>
#include <utility>

#include "core/disk/disk_file.h"
#include "core/disk/joined_file.h"
#include "core/io/files.h"
#include "core/model/object_key.h"
#include "core/service/clip_names.h"
#include "core/service/clip_parts.h"
#include "core/service/owner_lease.h"

namespace rec {
namespace {
namespace fs = std::filesystem;

Status check(const ClipRequest &request) {
  if (request.recordings.empty()) return Error{Errc::invalid_argument, "there is no recording to be cut"};
  if (request.from && request.to && *request.from >= *request.to)
    return Error{Errc::invalid_argument, "the range ends before it begins"};
  if (request.path.empty()) return ok();
  if (!fs::path(request.path).is_absolute())
    return Error{Errc::invalid_argument, "'" + request.path + "' is no absolute path"};
  const std::string extension = "." + std::string(extension_of(request.format));
  if (!request.path.ends_with(extension))
    return Error{Errc::invalid_argument, "the name of what is made ends in " + extension + ", that of '" +
                                             request.path + "' does not"};
  return ok();
}

Result<std::vector<Recording>> sources_of(Catalogue &catalogue, const ClipRequest &request) {
  std::vector<Recording> sources;
  for (const std::int64_t id : request.recordings) {
    REC_TRY(Recording source, catalogue.recording(id));
    if (source.removal != Removal::none)
      return Error{Errc::not_found, "the files of recording " + source.session_id + " are deleted"};
    sources.push_back(std::move(source));
  }
  return sources;
}

// A folder of its own, beside what the first recording has, in which its manifest has room.
Result<std::string> usual_path(Catalogue &catalogue, const ClipJob &job) {
  const Recording &first = job.sources.front();
  std::string beside = first.playlist_path;
  if (beside.empty()) {
    REC_TRY(const auto files, catalogue.files(first.id));
    for (const StoredFile &file : files) {
      beside = file.facts.path.empty() ? file.facts.temp_path : file.facts.path;
      if (!beside.empty()) break;
    }
  }
  if (beside.empty()) return Error{Errc::not_found, "recording " + first.session_id + " has no media yet"};
  const std::string kind(name_of(job.request.source));
  const std::string name = job.request.format == Format::hls ? "playlist" : kind;
  return (fs::path(beside).parent_path() / (kind + "-" + job.result.session_id) /
          (name + "." + std::string(extension_of(job.request.format))))
      .string();
}

Result<ClipJob> plan(Catalogue &catalogue, const ClipRequest &request) {
  REC_CHECK(check(request));
  ClipJob job;
  job.request = request;
  REC_TRY(job.sources, sources_of(catalogue, request));
  job.result.source = request.source;
  job.result.session_id = request.session_id.empty() ? random_decimal_id() : request.session_id;
  job.result.job = request.job;
  job.result.directory = job.sources.front().directory;
  for (const Recording &source : job.sources)
    job.result.parts.push_back({.source_id = source.id, .from = request.from, .to = request.to});
  if (request.path.empty()) {
    REC_TRY(job.path, usual_path(catalogue, job));
  } else {
    job.path = fs::path(request.path).lexically_normal().string();
    if (!object_key("", job.result.directory, job.path)) {  // no store knows where that would be
      job.result.directory = fs::path(job.path).parent_path().string();
      job.result.is_stored = false;
    }
  }
  const bool may_be_left = request.path.empty() && !request.session_id.empty();
  if (may_be_left && object_key("", job.result.directory, job.path))  // no row names it yet
    REC_CHECK(remove_file_below(job.path, job.result.directory));
  if (file_facts(job.path))
    return Error{Errc::exists, "'" + job.path + "' is there already, and nothing is overwritten"};
  return job;
}

}  // namespace

void take_codecs(Catalogue &catalogue, const std::vector<Recording> &sources, ClosedFile &facts) {
  for (const Recording &source : sources) {
    const auto files = catalogue.files(source.id);
    if (!files) continue;  // what is unknown stays so
    for (const StoredFile &file : *files) {
      if (facts.video_codec.empty() && !file.facts.video_codec.empty()) {
        facts.video_codec = file.facts.video_codec;
        facts.width = file.facts.width;
        facts.height = file.facts.height;
      }
      if (facts.audio_codec.empty()) facts.audio_codec = file.facts.audio_codec;
    }
  }
}

Result<Recording> publish_clip(Catalogue &catalogue, ClipJob &job, DiskFile file, ClosedFile facts) {
  auto noted = note_name(catalogue, file, job.path, job.result.directory);
  auto name = noted ? file.publish(job.path, true) : Result<std::string>(noted.error());
  const auto forget = [&] {  // what cannot be forgotten now is when this process has ended
    if (noted) static_cast<void>(forget_name(catalogue.connection(), noted->id));
  };
  if (!name) {
    file.discard();
    forget();
    return name.error();
  }
  job.result.noted_name = noted->id;
  facts.path = *name;
  job.result.files = {{.format = job.request.format, .facts = std::move(facts)}};
  auto added = add_derived(catalogue, job.result);
  if (!added) {  // nobody would ever know of it
    if (auto published = DiskFile::take(*name)) published->discard();
    forget();
  }
  return added;
}

Result<Recording> make_clip(Catalogue &catalogue, const ClipRequest &request, OpenStores *stores) {
  REC_TRY(ClipJob job, plan(catalogue, request));
  if (request.format == Format::hls) return make_playlist_clip(catalogue, job);
  if (can_be_joined(request.format)) return make_file_clip(catalogue, job, stores);
  return Error{Errc::invalid_argument,
               "clips of format " + std::string(name_of(request.format)) + " are not made"};
}

}  // namespace rec
