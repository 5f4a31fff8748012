// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/recsink/file_output.h"

#include <algorithm>

#include "core/base/time_zone.h"
#include "core/disk/repaired_file.h"
#include "core/model/name_pattern.h"
#include "gst/common/messages.h"

namespace rec {
namespace {

constexpr unsigned kMostPartNames = 1000;
constexpr std::uint64_t kWorthWhile = std::uint64_t{4} << 20;  // room for less is as good as none

}  // namespace

// After a failure nobody hears of a file before it takes bytes: where there is no room it is soon gone again.
Status FileOutput::open() {
  const std::string part = part_path(begin_.pattern);
  for (unsigned number = 0; number < kMostPartNames; ++number) {
    auto file = OutputFile::create(numbered_path(part, number), begin_.storage.durability);
    if (!file && file.error().code == Errc::exists) continue;  // another recorder's, or a crash left it
    if (!file) return std::move(file).error();
    file_.emplace(*std::move(file));
    if (!trouble_->is_on())
      announce();
    else
      REC_CHECK(file_->reserve(kWorthWhile));
    return ok();
  }
  return Error{Errc::exists, "too many unfinished files like '" + part + "'"};
}

void FileOutput::announce() {
  announced_ = true;
  MessageBuilder("recsink-file-opened")
      .field("format", std::string(name_of(begin_.format)))
      .field("temp-location", file_->path())
      .field("location-pattern", begin_.pattern)
      .field("fragment-id", begin_.fragment_id)
      .time("start-time", begin_.start)
      .post(element_);
  if (const auto lost = trouble_->end())
    MessageBuilder("recsink-recording-resumed")
        .field("format", std::string(name_of(begin_.format)))
        .field("temp-location", file_->path())
        .field("frames-lost", static_cast<guint64>(*lost))
        .post(element_);
}

Status FileOutput::write(Ref<GstBuffer> buffer) {
  if (!file_) REC_CHECK(open());
  REC_CHECK(file_->append(polish_.polish(std::move(buffer))));
  if (polish_.ends_fragment()) REC_CHECK(file_->flush());
  if (announced_) return ok();
  REC_CHECK(file_->flush());
  announce();
  return ok();
}

Status FileOutput::seek(std::uint64_t offset) {
  polish_.seek();
  if (!file_) return ok();  // before the first byte; every file begins at 0
  return file_->seek(offset);
}

Result<std::string> FileOutput::final_name(Nanoseconds duration) const {
  const UtcTime end = begin_.start + std::chrono::duration_cast<std::chrono::microseconds>(duration);
  REC_TRY(const Seconds zone, utc_offset_of(begin_.time_zone, end));
  return end_name(begin_.pattern, end, zone);
}

Status FileOutput::close(const FileEnd &facts) {
  REC_TRY(const std::string name, final_name(facts.duration));
  const std::string part = file_->path();
  if (begin_.format == Format::mp4) {
    Status plain = file_->make_plain();
    if (!plain && plain.error().code != Errc::corrupt) return plain;
    if (!plain)
      post_warning(element_, {plain.error().code, plain.error().message + "; it is kept in fragments"});
    if (plain && begin_.storage.faststart) put_index_in_front();
  }
  REC_TRY(const std::string location, file_->finish(name));
  post_closed(part, location, file_->size(), facts, nullptr);
  return ok();
}

void FileOutput::put_index_in_front() {
  const Status moved = file_->move_index_to_front();
  if (!moved)
    post_warning(element_, {moved.error().code, "the index stays at the end of '" + file_->path() +
                                                    "': " + moved.error().message});
}

void FileOutput::post_closed(const std::string &part, const std::string &location, std::uint64_t size,
                             const FileEnd &facts, const Error *error) {
  MessageBuilder message("recsink-file-closed");
  message.field("format", std::string(name_of(begin_.format)))
      .field("temp-location", part)
      .field("location", location)
      .field("fragment-id", begin_.fragment_id)
      .time("start-time", begin_.start)
      .time("end-time", begin_.start + std::chrono::duration_cast<std::chrono::microseconds>(facts.duration))
      .field("running-time", static_cast<guint64>(begin_.running_time.count()))
      .field("fragment-duration", static_cast<guint64>(facts.duration.count()))
      .field("size", static_cast<guint64>(size))
      .field("video-codec", begin_.video_codec)
      .field("width", begin_.width)
      .field("height", begin_.height)
      .field("audio-codec", begin_.audio_codec)
      .field("video-frames", static_cast<guint64>(facts.video_frames))
      .field("audio-frames", static_cast<guint64>(facts.audio_frames))
      .field("media-start-time", static_cast<guint64>(begin_.running_time.count()));
  if (error)
    message.field("error", error->message);
  else
    message.spread(facts.spread.spread());
  message.post(element_);
}

// The file without what the disk did not take. corrupt: nothing playable is in it.
Result<FileResult> FileOutput::save(const Error &error, std::uint64_t frames) {
  const std::string part = file_->path();
  DiskFile &disk = file_->settled();
  REC_TRY(const Repair repair, repair_file(begin_.format, disk));
  const bool durable = begin_.storage.durability != Durability::none;
  if (durable) REC_CHECK(disk.sync());
  REC_TRY(const std::string name, final_name(repair.duration));
  REC_TRY(const std::string location, disk.publish(name, durable));
  post_closed(part, location, repair.size(),
              {repair.duration, repair.video_frames, repair.audio_frames, true, false}, &error);
  const std::uint64_t saved = std::min(frames, repair.video_frames + repair.audio_frames);
  return FileResult{FileOutcome::stored, repair.size(), frames, frames - saved, {}};
}

FileResult FileOutput::fail(const Error &error, const FileEnd &facts) {
  const std::string part = file_ ? file_->path() : part_path(begin_.pattern);
  FileResult result;
  result.frames = facts.video_frames + facts.audio_frames;
  result.lost = result.frames;
  if (file_) {
    auto saved = save(error, result.frames);
    if (saved) result = *saved;
    if (!saved && saved.error().code == Errc::corrupt) file_->discard();
  }
  trouble_->lose(result.lost);
  const bool is_news = trouble_->begin();
  if (announced_ || is_news) {
    result.error = error.message;
    MessageBuilder("recsink-file-failed")
        .field("format", std::string(name_of(begin_.format)))
        .field("temp-location", part)
        .field("error", error.message)
        .field("frames-lost", static_cast<guint64>(result.lost))
        .post(element_);
  }
  if (is_news)
    post_warning(element_, {error.code, error.message + "; recording goes on in a new file when it can"});
  return result;
}

void FileOutput::give_up(const Error &error) {
  const FileEnd facts = end_->copy();
  if (trouble_->begin()) {
    MessageBuilder("recsink-file-stalled")
        .field("format", std::string(name_of(begin_.format)))
        .field("location-pattern", begin_.pattern)
        .field("fragment-id", begin_.fragment_id)
        .field("error", error.message)
        .post(element_);
    post_warning(element_, {error.code, "writing '" + begin_.pattern + "': " + error.message +
                                            "; recording goes on in a new file when it answers"});
  }
  FileResult result;
  result.frames = facts.video_frames + facts.audio_frames;
  result.error = error.message;
  report(result);
}

void FileOutput::report(const FileResult &result) {
  if (!reported_.exchange(true)) on_end_(result);
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
  if (file_ && status && facts.duration < begin_.min_duration) {
    drop(facts);
    result.outcome = FileOutcome::too_short;
  } else {
    if (file_ && status) status = close(facts);
    result.outcome = FileOutcome::stored;
    result.bytes = file_ ? file_->size() : 0;
    if (!status) result = fail(status.error(), facts);
  }
  file_.reset();
  const bool is_awaited = end_->with([](FileEnd &e) {
    e.ended = true;
    return e.awaited;
  });
  if (is_awaited) trouble_->go_on();
  report(result);
}

}  // namespace rec
