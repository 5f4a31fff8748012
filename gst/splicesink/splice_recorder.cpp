// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/splicesink/splice_recorder.h"

#include <utility>

#include "core/base/time_zone.h"
#include "core/model/name_pattern.h"
#include "gst/common/barrier.h"
#include "gst/common/messages.h"

namespace rec {
namespace {

constexpr Seconds kLongestClose{5};
constexpr std::uint64_t kMostWaiting = std::uint64_t{64} << 20;  // bytes of media

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

// The default has the extension of MPEG-TS.
std::string location_of(const SpliceSinkSettings &s) {
  const SpliceSinkSettings untouched;
  if (s.location != untouched.location) return s.location;
  return "segment%05d." + std::string(extension_of(s.segment_format));
}

HlsSettings hls_settings(const SpliceSinkSettings &s) {
  HlsSettings hls;
  hls.segment_format = s.segment_format;
  hls.location = location_of(s);
  hls.playlist_root = s.playlist_root;
  hls.target_duration = Seconds(s.target_duration);
  hls.time_zone = s.time_zone;
  hls.live_location = s.live_playlist_location;
  if (s.playlist_length > 0) hls.live_length = s.playlist_length;
  // No EVENT playlist may list what was deleted.
  if (s.live_playlist_location.empty()) hls.window = s.playlist_length;
  if (s.max_files > 0 && hls.window == 0) hls.window = s.max_files;
  hls.max_files = s.max_files;
  return hls;
}

// The playlist is there while it grows, so its name cannot say when it will end.
Status check_playlist_pattern(const char *property, const std::string &pattern, UtcTime now) {
  REC_CHECK(check_pattern(pattern));
  NameFacts facts;
  facts.start = now;
  REC_TRY(const std::string name, begin_name(pattern, facts));
  if (name.find("{End") != std::string::npos || name.find("{EscapedEnd") != std::string::npos)
    return Error{Errc::invalid_argument, std::string(property) + " cannot have {End...} placeholders"};
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
  REC_CHECK(check_playlist_pattern("playlist-location", s.playlist_location, now));
  if (!s.live_playlist_location.empty())
    REC_CHECK(check_playlist_pattern("live-playlist-location", s.live_playlist_location, now));
  const std::string location = location_of(s);
  REC_CHECK(check_pattern(location));
  NameFacts facts;
  REC_CHECK(begin_name(location, facts));
  const bool is_cmaf = s.segment_format == SegmentFormat::cmaf;
  set_stream_format(is_cmaf ? StreamFormat::packetized : StreamFormat::byte_stream);

  SpliceSettings active;
  active.hls = hls_settings(s);
  active.hls.delete_fragment = signals_.delete_fragment;
  active.hls.fragment_stream = signals_.fragment_streams();
  active.hls.playlist_stream = signals_.playlist_streams();
  if (active.hls.playlist_stream && s.splice_timeout > 0)
    return Error{
        Errc::invalid_argument,
        "splice-timeout needs a playlist in a file: set it to 0, or do not handle get-playlist-stream"};
  active.playlist_location = s.playlist_location;
  active.splice_timeout = Nanoseconds(static_cast<gint64>(s.splice_timeout));
  active.cycle = Nanoseconds(static_cast<gint64>(s.cycle));
  keeper_ = std::make_shared<SpliceKeeper>(
      std::move(active), clock_,
      SpliceKeeper::Host{.element = element(),
                         .claim = signals_.claim_recording,
                         .ask_hold = [this](Nanoseconds w) { return signals_.poll_hold(to_waited(w)); },
                         .post_eos = [this](guint32 seqnum) { post_eos(seqnum); }});
  periods_.emplace(PeriodRecorder::Host{
      .writers = writers(),
      .keeper = keeper_,
      // Called from record() and push_ended(): under the lock.
      .wall_clock =
          [this](Nanoseconds line) REC_TSA(no_thread_safety_analysis) {
            return anchor_->wall + std::chrono::duration_cast<UtcTime::duration>(line - anchor_->line);
          },
      .warn = [this](Error error) REC_TSA(no_thread_safety_analysis) { warn_later(std::move(error)); },
      .request_keyframe =
          [this, wanted = s.send_keyframe_requests](Nanoseconds running_time)
              REC_TSA(no_thread_safety_analysis) {
                if (wanted) request_keyframe(running_time);
              },
      .report_repeated = [this](std::uint64_t frames, Nanoseconds media)
                             REC_TSA(no_thread_safety_analysis) { report_repeated(frames, media); },
      .keep_repeated = s.keep_repeated});
  anchor_.reset();
  asking_ = false;
  waiting_.clear();
  waiting_bytes_ = 0;
  if (s.splice_timeout > 0 && s.idle_timeout > 0)
    watch_for_silence(Nanoseconds(static_cast<gint64>(s.idle_timeout)));
  return ok();
}

void SpliceRecorder::watch_for_silence(Nanoseconds longest) {
  recorded_at_ = Nanoseconds(0);
  const auto look = [this, longest, kept = Ref<GstElement>::retain(element())] {
    const Nanoseconds last = recorded_at_;
    if (last == Nanoseconds(0) || clock_.monotonic() - last < longest) return;
    gst_element_call_async(
        kept.get(),
        [](GstElement *e, gpointer self) {
          barrier(e, [&] { static_cast<SpliceRecorder *>(self)->end_silent_push(); });
        },
        this, nullptr);
  };
  silence_ = Timer::every(std::min<Nanoseconds>(longest, Seconds(1)), look);
}

// A publisher that vanished without a word, or has nothing to say: its recording waits as after EOS, so that
// another element may continue it.
void SpliceRecorder::end_silent_push() {
  const Nanoseconds last = recorded_at_;
  Section section(*this);
  if (last == Nanoseconds(0) || !silence_ || recorded_at_.load() != last) return;  // it goes on
  drain();
  pads_gone();
}

void SpliceRecorder::report_repeated(std::uint64_t frames, Nanoseconds media) {
  later([this, frames, media] {
    MessageBuilder("splicesink-media-repeated")
        .field("frames", static_cast<guint64>(frames))
        .field("duration", static_cast<guint64>(media.count()))
        .post(element());
  });
}

void SpliceRecorder::record(const Frame &frame) {
  recorded_at_ = clock_.monotonic();
  if (frame.sent_at)
    anchor_ = Anchor{frame.pts, *frame.sent_at};
  else if (!anchor_ || frame.breaks)
    anchor_ = Anchor{frame.dts, clock_.now_utc()};
  TrackStates states = intake().states();
  if (!asking_) {
    if (periods_->record(frame, states)) return;
    ask_past();
  }
  wait({frame, std::move(states), anchor_});
}

// On a thread of GStreamer's pool: whoever answers may look at the disk.
void SpliceRecorder::ask_past() {
  asking_ = true;
  struct Ask {
    SpliceRecorder *self;  // of the element, which the call keeps
    std::shared_ptr<SpliceKeeper> keeper;
    std::uint64_t turn, number;
  };
  gst_element_call_async(
      element(),
      [](GstElement *e, gpointer data) {
        auto &ask = *static_cast<Ask *>(data);
        ask.keeper->turns().wait(ask.turn);
        Trail past;
        barrier(e, [&] { past = ask.keeper->claim(); });
        barrier(e, [&] { ask.self->go_on(ask.number, std::move(past)); });
        ask.keeper->turns().done(ask.turn);
      },
      new Ask{this, keeper_, keeper_->turns().take(), ++asks_},
      [](gpointer data) { delete static_cast<Ask *>(data); });
}

void SpliceRecorder::go_on(std::uint64_t ask, Trail past) {
  Section section(*this);
  if (asking_ && ask == asks_) replay(std::move(past));
}

void SpliceRecorder::replay(Trail past) {
  asking_ = false;
  periods_->know_past(std::move(past));
  const auto newest = anchor_;
  while (!waiting_.empty() && !asking_) {
    const Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    anchor_ = next.anchor;
    if (!next.frame) {
      next.is_stop ? periods_->finish() : end_push(next.eos);
    } else if (periods_->record(*next.frame, next.states)) {
      waiting_bytes_ -= gst_buffer_get_size(next.frame->buffer.get());
    } else {  // of another push
      ask_past();
      waiting_.push_front(next);
    }
  }
  anchor_ = newest;
}

void SpliceRecorder::wait(Waiting what) {
  if (what.frame) waiting_bytes_ += gst_buffer_get_size(what.frame->buffer.get());
  waiting_.push_back(std::move(what));
  if (waiting_bytes_ > kMostWaiting) replay({});  // recorded without an answer: nothing is dropped
}

// What follows a push is decided when its last segment is on disk, on a thread of GStreamer's pool.
void SpliceRecorder::end_push(std::optional<guint32> eos) {
  periods_->finish();
  struct End {
    std::shared_ptr<SpliceKeeper> keeper;
    std::uint64_t turn;
    std::optional<guint32> eos;
  };
  gst_element_call_async(
      element(),
      [](GstElement *e, gpointer data) {
        auto &end = *static_cast<End *>(data);
        end.keeper->turns().wait(end.turn);
        barrier(e, [&] { end.keeper->push_ended(end.eos); });
        end.keeper->turns().done(end.turn);
      },
      new End{keeper_, keeper_->turns().take(), eos}, [](gpointer data) { delete static_cast<End *>(data); });
}

void SpliceRecorder::end_push_in_turn(std::optional<guint32> eos) {
  recorded_at_ = Nanoseconds(0);
  asking_ ? wait({.eos = eos}) : end_push(eos);
}

void SpliceRecorder::push_ended() { end_push_in_turn(eos_due()); }

// As EOS does, but for the element's own EOS: no pad had one.
void SpliceRecorder::pads_gone() { end_push_in_turn(std::nullopt); }

void SpliceRecorder::stop() {
  silence_.reset();
  asking_ ? wait({.is_stop = true}) : periods_->finish();
}

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
  add(stats.get(), "dropped-repeated", ledger.repeated);
  add(stats.get(), "dropped-before-keyframe", ledger.before_keyframe);
  add(stats.get(), "dropped-not-supported", ledger.not_supported);
  add(stats.get(), "dropped-write-failed", ledger.write_failed);
  const StructurePtr input = structure_of(intake().total());
  gst_structure_set(stats.get(), "intake", GST_TYPE_STRUCTURE, input.get(), nullptr);
  return stats;
}

}  // namespace rec
