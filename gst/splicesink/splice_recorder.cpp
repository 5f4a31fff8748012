// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/splicesink/splice_recorder.h"

#include <utility>

#include "core/base/time_zone.h"
#include "core/model/name_pattern.h"
#include "gst/common/barrier.h"

namespace rec {
namespace {

constexpr Seconds kLongestClose{5};

// A player plays a segment for as long as the playlist says: a hole must not be in one.
IntakeSettings intake_settings() {
  IntakeSettings settings;
  settings.limits.forward = Seconds(3);
  return settings;
}

guint64 to_waited(Nanoseconds waited) {
  return waited == Hold::kForEver ? G_MAXUINT64 : static_cast<guint64>(waited.count());
}
Nanoseconds from_waited(guint64 waited) {
  return waited > G_MAXINT64 ? Hold::kForEver : Nanoseconds(static_cast<gint64>(waited));
}

// The playlist is there while it grows, so its name cannot say when it will end.
Status check_playlist_pattern(const std::string &pattern, UtcTime now) {
  REC_CHECK(check_pattern(pattern));
  NameFacts facts;
  facts.start = now;
  REC_TRY(const std::string name, begin_name(pattern, facts));
  if (name.find("{End") != std::string::npos || name.find("{EscapedEnd") != std::string::npos)
    return Error{Errc::invalid_argument, "playlist-location cannot have {End...} placeholders"};
  return ok();
}

void add(GstStructure *s, const char *field, std::uint64_t value) {
  gst_structure_set(s, field, G_TYPE_UINT64, static_cast<guint64>(value), nullptr);
}

}  // namespace

SpliceRecorder::SpliceRecorder(GstBin *bin, const Clock &clock, Signals signals)
    : RecorderBin(bin, StreamFormat::byte_stream, intake_settings()),
      clock_(clock),
      signals_(std::move(signals)) {}

Status SpliceRecorder::start() {
  const SpliceSinkSettings s = settings.copy();
  const UtcTime now = clock_.now_utc();
  REC_CHECK(utc_offset_of(s.time_zone, now));
  REC_CHECK(check_playlist_pattern(s.playlist_location, now));
  REC_CHECK(check_pattern(s.location));
  NameFacts facts;
  REC_CHECK(begin_name(s.location, facts));

  SpliceSettings active;
  active.hls = {s.location, s.playlist_root, Seconds(s.target_duration), s.time_zone};
  active.playlist_location = s.playlist_location;
  active.splice_timeout = Nanoseconds(static_cast<gint64>(s.splice_timeout));
  keeper_ = std::make_shared<SpliceKeeper>(
      std::move(active), clock_,
      SpliceKeeper::Host{.element = element(),
                         .claim = signals_.claim_recording,
                         .ask_hold = [this](Nanoseconds w) { return signals_.poll_hold(to_waited(w)); },
                         .post_eos = [this] { post_eos(); }});
  periods_.emplace(PeriodRecorder::Host{
      .writers = writers(),
      .keeper = keeper_,
      // Called from record() and push_ended(): under the lock.
      .wall_clock =
          [this](Nanoseconds line) REC_TSA(no_thread_safety_analysis) {
            return anchor_->wall + std::chrono::duration_cast<UtcTime::duration>(line - anchor_->line);
          },
      .warn = [this](Error error) REC_TSA(no_thread_safety_analysis) { warn_later(std::move(error)); }});
  anchor_.reset();
  return ok();
}

void SpliceRecorder::record(const Frame &frame) {
  if (!anchor_ || frame.breaks) anchor_ = Anchor{frame.dts, clock_.now_utc()};
  periods_->record(frame, intake());
}

// What follows a push is decided when its last segment is on disk, on a thread of GStreamer's pool.
void SpliceRecorder::push_ended() {
  periods_->finish();
  struct End {
    std::shared_ptr<SpliceKeeper> keeper;
    std::uint64_t turn;
  };
  gst_element_call_async(
      element(),
      [](GstElement *e, gpointer data) {
        auto &end = *static_cast<End *>(data);
        end.keeper->turns().wait(end.turn);
        barrier(e, [&] { end.keeper->push_ended(); });
        end.keeper->turns().done(end.turn);
      },
      new End{keeper_, keeper_->turns().take()}, [](gpointer data) { delete static_cast<End *>(data); });
}

void SpliceRecorder::stop() { periods_->finish(); }

std::shared_ptr<SpliceKeeper> SpliceRecorder::keeper() {
  MutexLock lock(mutex_);
  return keeper_;
}

GstStateChangeReturn SpliceRecorder::change_state(GstStateChange transition,
                                                  const std::function<GstStateChangeReturn()> &chain_up) {
  const GstStateChangeReturn result = RecorderBin::change_state(transition, chain_up);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    if (const auto k = keeper(); k && k->turns().wait_all(kLongestClose)) k->interrupt();
  return result;
}

void SpliceRecorder::cancel_delay() {
  if (const auto k = keeper()) k->cancel_hold();
}

std::optional<std::string> SpliceRecorder::claim_by_sidecar() { return keeper()->claim_by_sidecar(); }

HoldChoice SpliceRecorder::ask_sidecar(guint64 waited_ns) {
  return keeper()->ask_sidecar(from_waited(waited_ns));
}

StructurePtr SpliceRecorder::stats() {
  StructurePtr stats(gst_structure_new_empty("splicesink-stats"));
  MutexLock lock(mutex_);
  if (!keeper_) return stats;
  const SpliceKeeper::Totals totals = keeper_->totals();
  add(stats.get(), "recordings", totals.recordings);
  add(stats.get(), "periods", totals.periods);
  add(stats.get(), "periods-failed", totals.failed);
  add(stats.get(), "segments", totals.segments);
  add(stats.get(), "bytes", totals.bytes);
  const PeriodLedger &ledger = periods_->ledger();
  add(stats.get(), "frames-ingested", ledger.ingested);
  add(stats.get(), "frames-stored", ledger.stored);
  add(stats.get(), "dropped-before-keyframe", ledger.before_keyframe);
  add(stats.get(), "dropped-not-supported", ledger.not_supported);
  add(stats.get(), "dropped-write-failed", ledger.write_failed);
  const StructurePtr input = structure_of(intake().total());
  gst_structure_set(stats.get(), "intake", GST_TYPE_STRUCTURE, input.get(), nullptr);
  return stats;
}

}  // namespace rec
