// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/recsink/file_output.h"

#include "core/base/time_zone.h"
#include "core/model/name_pattern.h"
#include "gst/common/messages.h"

namespace rec {
namespace {

constexpr unsigned kMostPartNames = 1000;

}  // namespace

Status FileOutput::open() {
  const std::string part = part_path(begin_.pattern);
  for (unsigned number = 0; number < kMostPartNames; ++number) {
    auto file = OutputFile::create(numbered_path(part, number));
    if (!file && file.error().code == Errc::exists) continue;  // another recorder's, or a crash left it
    if (!file) return std::move(file).error();
    file_.emplace(*std::move(file));
    MessageBuilder("recsink-file-opened")
        .field("format", std::string(name_of(begin_.format)))
        .field("temp-location", file_->path())
        .field("location-pattern", begin_.pattern)
        .field("fragment-id", begin_.fragment_id)
        .time("start-time", begin_.start)
        .post(element_);
    return ok();
  }
  return Error{Errc::exists, "too many unfinished files like '" + part + "'"};
}

Status FileOutput::write(Ref<GstBuffer> buffer) {
  if (!file_) REC_CHECK(open());
  return file_->append(polish_.polish(std::move(buffer)));
}

Status FileOutput::seek(std::uint64_t offset) {
  polish_.seek();
  if (!file_) return ok();  // before the first byte; every file begins at 0
  return file_->seek(offset);
}

Status FileOutput::close(const FileEnd &facts) {
  const UtcTime end = begin_.start + std::chrono::duration_cast<std::chrono::microseconds>(facts.duration);
  REC_TRY(const Seconds zone, utc_offset_of(begin_.time_zone, end));
  REC_TRY(const std::string name, end_name(begin_.pattern, end, zone));
  const std::string part = file_->path();
  REC_TRY(const std::string location, file_->finish(name));
  MessageBuilder("recsink-file-closed")
      .field("format", std::string(name_of(begin_.format)))
      .field("temp-location", part)
      .field("location", location)
      .field("fragment-id", begin_.fragment_id)
      .time("start-time", begin_.start)
      .time("end-time", end)
      .field("running-time", static_cast<guint64>(begin_.running_time.count()))
      .field("fragment-duration", static_cast<guint64>(facts.duration.count()))
      .field("size", static_cast<guint64>(file_->size()))
      .field("video-codec", begin_.video_codec)
      .field("width", begin_.width)
      .field("height", begin_.height)
      .field("audio-codec", begin_.audio_codec)
      .field("video-frames", static_cast<guint64>(facts.video_frames))
      .field("audio-frames", static_cast<guint64>(facts.audio_frames))
      .field("media-start-time", static_cast<guint64>(begin_.running_time.count()))
      .post(element_);
  return ok();
}

void FileOutput::report_failure(const Error &error) {
  MessageBuilder("recsink-file-failed")
      .field("format", std::string(name_of(begin_.format)))
      .field("temp-location", file_ ? file_->path() : part_path(begin_.pattern))
      .field("error", error.message)
      .post(element_);
  post_warning(element_, error);
}

void FileOutput::drop(const FileEnd &facts) {
  file_->discard();
  MessageBuilder("recsink-file-dropped")
      .field("format", std::string(name_of(begin_.format)))
      .field("temp-location", file_->path())
      .field("fragment-duration", static_cast<guint64>(facts.duration.count()))
      .field("reason", std::string("it is shorter than min-duration"))
      .post(element_);
}

void FileOutput::end(Status status) {
  const FileEnd facts = end_->copy();
  FileResult result;
  result.frames = facts.video_frames + facts.audio_frames;
  const bool is_too_short = facts.duration < begin_.min_duration;
  if (file_ && status && is_too_short) {
    drop(facts);
    result.outcome = FileOutcome::too_short;
  } else {
    if (file_ && status) status = close(facts);
    if (!status) report_failure(status.error());
    result.outcome = status ? FileOutcome::stored : FileOutcome::failed;
    result.bytes = file_ ? file_->size() : 0;
  }
  file_.reset();
  on_end_(result);
}

}  // namespace rec
