// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/recsink/recorder.h"

#include <algorithm>
#include <utility>

#include "core/base/time_zone.h"
#include "core/model/name_pattern.h"
#include "gst/common/barrier.h"
#include "gst/common/messages.h"

namespace rec {
namespace {

// Two requests for a keyframe that are closer than this are one.
constexpr Nanoseconds kSameKeyframe = std::chrono::milliseconds(100);

Nanoseconds nanoseconds(guint64 value) { return Nanoseconds(static_cast<gint64>(value)); }

void add(GstStructure *s, const char *field, std::uint64_t value) {
  gst_structure_set(s, field, G_TYPE_UINT64, static_cast<guint64>(value), nullptr);
}

StructurePtr structure_of(const FrameLedger &ledger) {
  StructurePtr frames(gst_structure_new_empty("frames"));
  add(frames.get(), "ingested", ledger.ingested);
  add(frames.get(), "stored", ledger.stored);
  add(frames.get(), "pending", ledger.pending);
  add(frames.get(), "dropped-not-recording", ledger.not_recording);
  add(frames.get(), "dropped-before-keyframe", ledger.before_keyframe);
  add(frames.get(), "dropped-not-supported", ledger.not_supported);
  add(frames.get(), "dropped-file-failed", ledger.file_failed);
  add(frames.get(), "dropped-too-short", ledger.too_short);
  return frames;
}

}  // namespace

Recorder::Recorder(GstBin *bin, const Clock &clock)
    : RecorderBin(bin, StreamFormat::packetized), clock_(clock) {
  for (SharedFormatSettings &own : format_settings) own = std::make_shared<Guarded<FormatSettings>>();
}

Status Recorder::start() {
  active_ = settings.copy();
  anchor_.reset();
  keyframe_asked_for_.reset();
  keyframe_awaited_ = false;
  files_ = std::make_shared<Guarded<Files>>();
  formats_.clear();
  REC_TRY(const auto formats, parse_formats(active_.formats));
  if (formats.empty())
    return Error{Errc::invalid_argument, "formats is empty: expected flv, mp4, aac or mp3"};
  REC_CHECK(utc_offset_of(active_.time_zone, clock_.now_utc()));
  std::vector<PartOrigin> origins;
  for (const Format format : formats) {
    REC_TRY(FilePlan plan, plan_for(format));
    origins.push_back({format, plan.location, plan.time_zone});
    formats_.emplace_back(std::move(plan), host());
  }
  if (active_.recover) recover(std::move(origins));
  recording_ = active_.auto_start;
  pre_roll_ = PreRoll<Frame>({nanoseconds(active_.pre_roll), active_.max_pre_roll_bytes});
  if (active_.end_time > 0) end_at(UtcTime(std::chrono::microseconds(active_.end_time)));
  started_ = true;
  return ok();
}

// Also when no media come any more.
void Recorder::end_at(UtcTime time) {
  const Nanoseconds wait = std::max<Nanoseconds>(time - clock_.now_utc(), Nanoseconds(0));
  deadline_ = Timer::once(wait, [this, kept = Ref<GstElement>::retain(element())] {
    barrier(kept.get(), [this] { end_time_came(); });
  });
}

void Recorder::recover(std::vector<PartOrigin> origins) {
  recovery_ends_ = std::make_shared<std::atomic<bool>>(false);
  recover_parts_later(element(), std::move(origins), recovery_ends_);
}

Result<FilePlan> Recorder::plan_for(Format format) const {
  FilePlan plan;
  plan.format = format;
  plan.rule.cycle = nanoseconds(active_.cycle);
  plan.rule.bytes = active_.max_size_bytes;
  plan.rule.on_wall_clock = active_.align_to_clock;
  plan.rule.mode = active_.cut_mode;
  plan.location = active_.location;
  plan.time_zone = active_.time_zone;
  plan.start_index = active_.start_index;
  plan.min_duration = nanoseconds(active_.min_duration);
  plan.storage.durability = active_.durability;
  plan.storage.faststart = active_.faststart;
  plan.storage.limits.bytes = active_.max_backlog_bytes;
  for (std::size_t i = 0; i < kFormats.size(); ++i) {
    if (kFormats[i] != format) continue;
    const FormatSettings own = format_settings[i]->copy();
    if (own.cycle >= 0) plan.rule.cycle = Nanoseconds(own.cycle);
    if (own.max_size_bytes >= 0) plan.rule.bytes = static_cast<std::uint64_t>(own.max_size_bytes);
    if (!own.location.empty()) plan.location = own.location;
    REC_CHECK(check_pattern(plan.location));
    return plan;
  }
  return Error{Errc::invalid_argument, "formats names hls: splicesink records it"};
}

FileRecorder::Host Recorder::host() {
  return {
      .element = element(),
      .writers = writers(),
      // FileRecorder calls these four from record(), push_ended() and the actions: under the lock.
      .wall_clock = [this](Nanoseconds line) REC_TSA(no_thread_safety_analysis) { return wall_clock(line); },
      .warn = [this](Error error) REC_TSA(no_thread_safety_analysis) { warn_later(std::move(error)); },
      .request_keyframe = [this](std::optional<Nanoseconds> running_time)
                              REC_TSA(no_thread_safety_analysis) { ask_for_keyframe(running_time); },
      .file_began =
          [run = files_] {
            run->with([](Files &files) {
              ++files.open;
              ++files.begun;
            });
          },
      .on_file_end = [this, run = files_](const FileResult &result) { file_ended(*run, result); },
  };
}

UtcTime Recorder::wall_clock(Nanoseconds line) const {
  return anchor_->wall + std::chrono::duration_cast<std::chrono::microseconds>(line - anchor_->line);
}

void Recorder::record(const Frame &frame) {
  if (!anchor_ || frame.breaks) anchor_ = Anchor{frame.dts, clock_.now_utc()};
  if (recording_ && active_.end_time > 0 &&
      wall_clock(frame.dts).time_since_epoch().count() >= active_.end_time)
    end_recording("end-time");
  if (!recording_) return keep_for_pre_roll(frame);
  if (frame.kind == MediaKind::video && frame.keyframe) keyframe_awaited_ = false;
  for (FileRecorder &format : formats_) format.record(frame, intake());
}

void Recorder::keep_for_pre_roll(const Frame &frame) {
  const auto leave_out = [this](const Frame &old) REC_TSA(no_thread_safety_analysis) {
    for (FileRecorder &format : formats_) format.leave_out(old);
  };
  if (active_.pre_roll == 0) return leave_out(frame);
  const bool begins = frame.kind == MediaKind::video ? frame.keyframe : !intake().alive(MediaKind::video);
  pre_roll_.push(frame.dts, begins, gst_buffer_get_size(frame.buffer.get()), frame, leave_out);
}

void Recorder::begin_recording() {
  recording_ = true;
  pre_roll_.clear([this](const Frame &frame) REC_TSA(no_thread_safety_analysis) {
    for (FileRecorder &format : formats_) format.record(frame, intake());
  });
  ask_for_keyframe(std::nullopt);
  later([this] { MessageBuilder("recsink-started").time("time", clock_.now_utc()).post(element()); });
}

void Recorder::end_recording(const char *reason) {
  recording_ = false;
  finish_all();
  later([this, reason] {
    MessageBuilder("recsink-stopped")
        .field("reason", std::string(reason))
        .time("time", clock_.now_utc())
        .post(element());
  });
}

void Recorder::start_recording() {
  const Section section(*this);
  if (started_ && !recording_) begin_recording();
}

void Recorder::stop_recording() {
  const Section section(*this);
  if (!started_ || !recording_) return;
  drain();
  end_recording("stop");
}

void Recorder::restart_recording() {
  const Section section(*this);
  if (!started_) return;
  if (!recording_) return begin_recording();
  for (FileRecorder &format : formats_) format.restart();
  ask_for_keyframe(std::nullopt);
}

void Recorder::split_now() {
  const Section section(*this);
  for (FileRecorder &format : formats_) format.split_at(Nanoseconds::min());
  ask_for_keyframe(std::nullopt);
}

void Recorder::split_at(Nanoseconds running_time) {
  const Section section(*this);
  for (FileRecorder &format : formats_) format.split_at(running_time);
  ask_for_keyframe(running_time);
}

void Recorder::end_time_came() {
  const Section section(*this);
  if (!started_ || !recording_ || active_.end_time <= 0) return;
  drain();
  if (recording_) end_recording("end-time");
}

void Recorder::ask_for_keyframe(std::optional<Nanoseconds> running_time) {
  if (!active_.send_keyframe_requests) return;
  if (running_time) {
    const auto distance = keyframe_asked_for_ ? *running_time - *keyframe_asked_for_ : kSameKeyframe;
    if (distance < kSameKeyframe && distance > -kSameKeyframe) return;
    keyframe_asked_for_ = running_time;
  } else if (std::exchange(keyframe_awaited_, true)) {
    return;
  }
  request_keyframe(running_time);
}

void Recorder::finish_all() {
  for (FileRecorder &format : formats_) format.finish(intake());
}

void Recorder::push_ended() {
  finish_all();
  const bool nothing_open = files_->with([](Files &files) {
    files.ending = files.open > 0;
    return files.open == 0;
  });
  if (nothing_open) later([this] { post_eos(); });
}

void Recorder::stop() {
  finish_all();
  deadline_.reset();
  if (recovery_ends_) *recovery_ends_ = true;
  files_->with([](Files &files) { files.ending = false; });
  pre_roll_.clear([this](const Frame &frame) REC_TSA(no_thread_safety_analysis) {
    for (FileRecorder &format : formats_) format.leave_out(frame);
  });
  started_ = false;
}

void Recorder::file_ended(Guarded<Files> &run, const FileResult &result) {
  if (!result.error.empty()) report_now(ExceptionType::write_failed, "", result.error);
  const bool last = run.with([&](Files &files) {
    --files.open;
    ++(result.outcome == FileOutcome::stored   ? files.stored
       : result.outcome == FileOutcome::failed ? files.failed
                                               : files.dropped);
    files.bytes += result.outcome == FileOutcome::stored ? result.bytes : 0;
    return files.open == 0 && std::exchange(files.ending, files.ending && files.open > 0);
  });
  if (last) post_eos();
}

StructurePtr Recorder::stats() {
  StructurePtr stats(gst_structure_new_empty("recsink-stats"));
  MutexLock lock(mutex_);
  const Files files = files_->copy();
  add(stats.get(), "files-begun", files.begun);
  add(stats.get(), "files-open", files.open);
  add(stats.get(), "files-stored", files.stored);
  add(stats.get(), "files-failed", files.failed);
  add(stats.get(), "files-dropped", files.dropped);
  add(stats.get(), "bytes-stored", files.bytes);
  gst_structure_set(stats.get(), "recording", G_TYPE_BOOLEAN, static_cast<gboolean>(recording_), nullptr);
  add(stats.get(), "pre-roll-frames", pre_roll_.size());
  add(stats.get(), "pre-roll-bytes", pre_roll_.bytes());
  const StructurePtr input = structure_of(intake().total());
  gst_structure_set(stats.get(), "intake", GST_TYPE_STRUCTURE, input.get(), nullptr);
  for (const FileRecorder &format : formats_)
    gst_structure_set(stats.get(), std::string(name_of(format.format())).c_str(), GST_TYPE_STRUCTURE,
                      structure_of(format.ledger()).get(), nullptr);
  return stats;
}

}  // namespace rec
