// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/splice_join.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <span>
#include <utility>

#include "core/disk/joined_file.h"
#include "core/io/files.h"
#include "core/model/name_pattern.h"
#include "core/service/recovered_file.h"

namespace rec {
namespace {

class Joiner {
 public:
  Joiner(Catalogue &catalogue, std::int64_t recording_id, const std::function<bool()> &is_cancelled)
      : catalogue_(catalogue), recording_id_(recording_id), is_cancelled_(is_cancelled) {}

  Result<JoinReport> run() {
    REC_CHECK(settle_earlier());
    REC_TRY(const auto files, catalogue_.files(recording_id_));
    for (const auto &group : files_that_become_one(file_parts(files))) {
      std::vector<StoredFile> parts;
      parts.reserve(group.size());
      for (const std::size_t i : group) parts.push_back(files[i]);
      REC_CHECK(join(std::move(parts)));
    }
    return std::move(report_);
  }

 private:
  // ---- What somebody began who did not live to end it

  Status settle_earlier() {
    REC_TRY(const auto files, catalogue_.files(recording_id_));
    for (const StoredFile &joined : files) {
      if (joined.part == PartState::whole) REC_CHECK(settle(joined, files));
      if (joined.part == PartState::whole || joined.state == FileState::closed)
        REC_CHECK(remove_parts_of(joined.id));
    }
    return ok();
  }

  // It is published, or its bytes are as good as none.
  Status settle(const StoredFile &joined, const std::vector<StoredFile> &files) {
    const bool has_parts = std::any_of(files.begin(), files.end(),
                                       [&](const StoredFile &f) { return f.joined_into == joined.id; });
    auto left = DiskFile::take(joined.facts.temp_path);
    if (!left && left.error().code != Errc::not_found) return left.error();
    if (left) left->discard();
    if (left || !has_parts) return abandon(joined.id, joined.location_pattern);
    auto published = recover_file(joined, files);
    if (!published) return abandon(joined.id, joined.location_pattern);
    for (const StoredFile &part : files)
      if (part.joined_into == joined.id) published->ended = std::max(published->ended, part.facts.ended);
    return catalogue_.close_file(*published);
  }

  // Of one whose row is closed: their bytes are in it.
  Status remove_parts_of(std::int64_t joined_id) {
    REC_TRY(const auto files, catalogue_.files(recording_id_));
    const bool is_closed = std::any_of(files.begin(), files.end(), [&](const StoredFile &f) {
      return f.id == joined_id && f.state == FileState::closed;
    });
    for (const StoredFile &part : files)
      if (is_closed && part.joined_into == joined_id) REC_CHECK(remove(part));
    return ok();
  }

  Status remove(const StoredFile &part) {
    if (auto file = DiskFile::take(part.facts.path)) file->discard();  // else it is gone already
    return catalogue_.forget_part(part.id);
  }

  // ---- Joining

  // As far as the parts fit; then from where they do not.
  Status join(std::vector<StoredFile> parts) {
    while (parts.size() > 1) {
      REC_TRY(const Outcome outcome, join_first(parts));
      if (outcome.why_not) report_.left_apart.push_back(*outcome.why_not);
      if (outcome.parts == 0 && !is_misfit(*outcome.why_not)) break;  // the disk: they are good as they are
      if (outcome.parts == 0) REC_CHECK(catalogue_.free_part(parts.front().id));
      parts.erase(parts.begin(), parts.begin() + std::max<std::ptrdiff_t>(1, outcome.parts));
    }
    for (const StoredFile &part : parts) REC_CHECK(catalogue_.free_part(part.id));
    return ok();
  }

  struct Outcome {
    std::ptrdiff_t parts = 0;      // so many became one file
    std::optional<Error> why_not;  // more did not; there when none did
  };

  // Errors are the catalogue's, or cancelled.
  Result<Outcome> join_first(std::vector<StoredFile> &parts) {
    const StoredFile &first = parts.front();
    OpenedFile opened;
    opened.recording_id = recording_id_;
    opened.format = first.format;
    opened.temp_path = numbered_path(part_path(first.facts.path), static_cast<unsigned>(first.id));
    opened.location_pattern = first.location_pattern;
    opened.utc_offset = first.utc_offset;
    opened.fragment_id = first.fragment_id;
    opened.started = first.facts.started;
    opened.push_id = first.push_id;
    REC_TRY(const std::int64_t row, catalogue_.begin_join(opened));
    auto file = create_or_take(opened.temp_path);
    if (!file) {
      REC_CHECK(catalogue_.abandon_join(row));
      return Outcome{0, file.error()};
    }
    std::vector<std::string> paths;
    paths.reserve(parts.size());
    for (const StoredFile &part : parts) paths.push_back(part.facts.path);
    const auto media = join_files(first.format, paths, JoinWhat::what_fits, *file, is_cancelled_);
    if (!media) return give_up(*file, row, "", media.error());
    const auto taken = std::span(parts).first(media->parts);
    if (const Status whole = holds_all(taken, *media); !whole) return give_up(*file, row, "", whole.error());
    return publish(*file, row, taken, *media);
  }

  // The parts are deleted when they are joined: what their recorders wrote must be there.
  static Status holds_all(std::span<const StoredFile> parts, const JoinedMedia &media) {
    std::uint64_t video = 0, audio = 0;
    for (const StoredFile &part : parts) {
      video += part.facts.video_frames;
      audio += part.facts.audio_frames;
    }
    if (media.video_frames >= video && media.audio_frames >= audio) return ok();
    return Error{Errc::corrupt,
                 "'" + parts.front().facts.path + "' and what follows it have " + std::to_string(video) +
                     " pictures and " + std::to_string(audio) + " frames of sound, joined they would have " +
                     std::to_string(media.video_frames) + " and " + std::to_string(media.audio_frames)};
  }

  Result<Outcome> give_up(DiskFile &file, std::int64_t row, const std::string &wanted, const Error &error) {
    file.discard();
    REC_CHECK(abandon(row, wanted));
    if (error.code == Errc::cancelled) return error;
    return Outcome{0, error};
  }

  // The name is taken by nobody but one who died here.
  static Result<DiskFile> create_or_take(const std::string &path) {
    auto file = DiskFile::create(path);
    if (file || file.error().code != Errc::exists) return file;
    file = DiskFile::take(path);
    if (file) REC_CHECK(file->truncate(0));
    return file;
  }

  Result<Outcome> publish(DiskFile &file, std::int64_t row, std::span<StoredFile> parts,
                          const JoinedMedia &media) {
    ClosedFile closed = facts_of(parts, media);
    closed.temp_path = file.path();
    const StoredFile &first = parts.front();
    REC_TRY(const std::string wanted, end_name(first.location_pattern, closed.ended, first.utc_offset));
    std::vector<std::int64_t> ids;
    ids.reserve(parts.size());
    for (const StoredFile &part : parts) ids.push_back(part.id);
    REC_CHECK(catalogue_.set_parts(row, ids, wanted));
    JoinReport::Joined told{first.format, "", {}, media.duration, media.size_bytes};
    for (const StoredFile &part : parts) told.parts.push_back(part.facts.path);
    REC_CHECK(clear_name(wanted, parts));
    auto name = file.publish(wanted, true);
    if (!name) return give_up(file, row, wanted, name.error());
    told.location = closed.path = *std::move(name);
    // From here on it is there: whoever goes on when this fails finds it.
    REC_CHECK(catalogue_.close_file(closed));
    for (const StoredFile &part : parts) REC_CHECK(remove(part));
    report_.joined.push_back(std::move(told));
    return Outcome{static_cast<std::ptrdiff_t>(parts.size()), media.left_out};
  }

  // ---- The name, when it is that of a part: a name pattern need not tell when a file ends

  static std::string aside(const std::string &path) {
    const std::filesystem::path p(path);
    return (p.parent_path() / ("." + p.filename().string() + ".joined")).string();
  }

  // The row first: from it the part is found again wherever it lies.
  Status clear_name(const std::string &wanted, std::span<StoredFile> parts) {
    for (StoredFile &part : parts) {
      if (part.facts.path != wanted) continue;
      part.facts.path = aside(wanted);
      REC_CHECK(catalogue_.set_part_path(part.id, part.facts.path));
      (void)rename_noreplace(wanted, part.facts.path);  // else the joined file gets a number
    }
    return ok();
  }

  Status abandon(std::int64_t row, const std::string &wanted) {
    REC_TRY(const auto files, catalogue_.files(recording_id_));
    for (const StoredFile &part : files) {
      if (part.joined_into != row || part.facts.path != aside(wanted)) continue;
      (void)rename_noreplace(part.facts.path, wanted);  // else it had not been moved yet
      REC_CHECK(catalogue_.set_part_path(part.id, wanted));
    }
    return catalogue_.abandon_join(row);
  }

  static ClosedFile facts_of(std::span<const StoredFile> parts, const JoinedMedia &media) {
    ClosedFile closed = parts.front().facts;
    closed.duration = media.duration;
    closed.size_bytes = media.size_bytes;
    closed.video_frames = media.video_frames;
    closed.audio_frames = media.audio_frames;
    for (const StoredFile &part : parts) {
      closed.ended = std::max(closed.ended, part.facts.ended);
      if (!part.facts.spread) closed.spread.reset();
      if (closed.spread && &part != &parts.front())
        closed.spread = joined(*closed.spread, *part.facts.spread);
      if (closed.video_codec.empty()) {
        closed.video_codec = part.facts.video_codec;
        closed.width = part.facts.width;
        closed.height = part.facts.height;
      }
      if (closed.audio_codec.empty()) closed.audio_codec = part.facts.audio_codec;
    }
    return closed;
  }

  Catalogue &catalogue_;
  const std::int64_t recording_id_;
  const std::function<bool()> &is_cancelled_;
  JoinReport report_;
};

}  // namespace

std::vector<FilePart> file_parts(const std::vector<StoredFile> &files) {
  std::vector<FilePart> parts;
  parts.reserve(files.size());
  for (const StoredFile &file : files) {
    FilePart part;
    part.format = file.format;
    part.push = file.push_id.value_or(0);
    part.is_lost =
        file.state == FileState::failed || file.part == PartState::whole || file.joined_into.has_value();
    part.is_free = file.part == PartState::free;
    part.is_complete = file.state == FileState::closed;
    parts.push_back(part);
  }
  return parts;
}

Result<JoinReport> join_parts(Catalogue &catalogue, std::int64_t recording_id,
                              const std::function<bool()> &is_cancelled) {
  return Joiner(catalogue, recording_id, is_cancelled).run();
}

}  // namespace rec
