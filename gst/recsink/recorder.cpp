// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/recsink/recorder.h"

#include <utility>

#include "core/base/time_zone.h"
#include "core/model/name_pattern.h"
#include "gst/common/messages.h"

namespace rec {
namespace {

bool ends_with(const std::string &text, const std::string &end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

void add(GstStructure *s, const char *field, std::uint64_t value) {
  gst_structure_set(s, field, G_TYPE_UINT64, static_cast<guint64>(value), nullptr);
}

}  // namespace

Recorder::Recorder(GstBin *bin, const Clock &clock)
    : RecorderBin(bin, StreamFormat::packetized), clock_(clock) {}

Status Recorder::start() {
  active_ = settings.copy();
  anchor_.reset();
  files_.with([](Files &files) { files = Files(); });
  formats_.clear();
  REC_TRY(const auto formats, parse_formats(active_.formats));
  if (formats.empty())
    return Error{Errc::invalid_argument, "formats is empty: expected flv, mp4, aac or mp3"};
  REC_CHECK(check_pattern(active_.location));
  REC_CHECK(utc_offset_of(active_.time_zone, clock_.now_utc()));
  const CutRule rule{Nanoseconds(static_cast<gint64>(active_.cycle))};
  for (const Format format : formats) {
    if (format == Format::hls)
      return Error{Errc::invalid_argument, "formats names hls: splicesink records it"};
    formats_.emplace_back(format, rule, active_.time_zone, active_.start_index, host());
  }
  return ok();
}

FileRecorder::Host Recorder::host() {
  return {
      .element = element(),
      .writers = writers(),
      .name = [this](Format format, UtcTime start, unsigned id) { return name(format, start, id); },
      // FileRecorder calls these three from record() and push_ended(): under the lock.
      .wall_clock =
          [this](Nanoseconds line) REC_TSA(no_thread_safety_analysis) {
            return anchor_->wall +
                   std::chrono::duration_cast<std::chrono::microseconds>(line - anchor_->line);
          },
      .warn = [this](Error error) REC_TSA(no_thread_safety_analysis) { warn_later(std::move(error)); },
      .file_began = [this] { files_.with([](Files &files) { ++files.open; }); },
      .on_file_end = [this](std::uint64_t bytes, bool stored) { file_ended(bytes, stored); },
  };
}

Result<std::string> Recorder::name(Format format, UtcTime start, unsigned fragment_id) const {
  NameFacts facts;
  facts.start = start;
  facts.sequence = fragment_id;
  REC_TRY(facts.utc_offset, utc_offset_of(active_.time_zone, start));
  REC_TRY(std::string name, begin_name(active_.location, facts));
  const std::string extension = "." + std::string(extension_of(format));
  return ends_with(name, extension) ? name : name + extension;
}

void Recorder::record(const Frame &frame) {
  if (!anchor_ || frame.breaks) anchor_ = Anchor{frame.dts, clock_.now_utc()};
  for (FileRecorder &format : formats_) format.record(frame, intake());
}

void Recorder::finish_all() {
  for (FileRecorder &format : formats_) format.finish();
}

void Recorder::push_ended() {
  finish_all();
  const bool nothing_open = files_.with([](Files &files) {
    files.ending = files.open > 0;
    return files.open == 0;
  });
  if (nothing_open) later([this] { post_eos(); });
}

void Recorder::stop() { finish_all(); }

void Recorder::file_ended(std::uint64_t bytes, bool stored) {
  const bool last = files_.with([&](Files &files) {
    --files.open;
    ++(stored ? files.stored : files.failed);
    files.bytes += stored ? bytes : 0;
    return files.open == 0 && std::exchange(files.ending, files.ending && files.open > 0);
  });
  if (last) post_eos();
}

StructurePtr Recorder::stats() {
  StructurePtr stats(gst_structure_new_empty("recsink-stats"));
  const Files files = files_.copy();
  add(stats.get(), "files-open", files.open);
  add(stats.get(), "files-stored", files.stored);
  add(stats.get(), "files-failed", files.failed);
  add(stats.get(), "bytes-stored", files.bytes);
  MutexLock lock(mutex_);
  for (const FileRecorder &format : formats_) {
    const FrameLedger &ledger = format.ledger();
    const StructurePtr frames(gst_structure_new_empty("frames"));
    add(frames.get(), "ingested", ledger.ingested);
    add(frames.get(), "stored", ledger.stored);
    add(frames.get(), "dropped-before-keyframe", ledger.before_keyframe);
    add(frames.get(), "dropped-not-supported", ledger.not_supported);
    add(frames.get(), "dropped-file-failed", ledger.file_failed);
    gst_structure_set(stats.get(), std::string(name_of(format.format())).c_str(), GST_TYPE_STRUCTURE,
                      frames.get(), nullptr);
  }
  return stats;
}

}  // namespace rec
