// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/splicesink/splice_keeper.h"

#include <utility>

#include "core/base/time_zone.h"
#include "core/model/name_pattern.h"
#include "gst/common/messages.h"

namespace rec {
namespace {

UtcTime later(UtcTime time, Nanoseconds by) {
  return time + std::chrono::duration_cast<UtcTime::duration>(by);
}

guint64 count(Nanoseconds time) { return static_cast<guint64>(time.count()); }

}  // namespace

SpliceKeeper::SpliceKeeper(SpliceSettings settings, const Clock &clock, Host host)
    : settings_(std::move(settings)), clock_(clock), host_(std::move(host)), hold_(clock) {}

UtcTime SpliceKeeper::end_time() const { return later(period_.start, in_period_); }

Result<std::string> SpliceKeeper::new_playlist_path(UtcTime start) const {
  NameFacts facts;
  facts.start = start;
  facts.sequence = named_;
  REC_TRY(facts.utc_offset, utc_offset_of(settings_.hls.time_zone, start));
  return begin_name(settings_.playlist_location, facts);
}

// The recording that was paused here when media came again: if its time is over, or another took it, it is
// closed before anything else is claimed.
void SpliceKeeper::settle_hold() {
  const Nanoseconds waited = hold_.stop();
  if (!paused_) return;
  switch (host_.ask_hold(waited)) {
    case HoldChoice::finish:
      return finish();
    case HoldChoice::gone:
      return release();
    case HoldChoice::wait:
      break;
  }
}

void SpliceKeeper::claim_recording() {
  const auto claimed = settings_.hls.playlist_stream ? std::nullopt : host_.claim();
  if (paused_ && claimed != recording_->path())
    host_.ask_hold(Hold::kForEver) == HoldChoice::finish ? finish() : release();
  forget();
  claimed_ = true;
  sidecar_ = std::exchange(claimed_sidecar_, std::nullopt);
  if (claimed) {
    auto found = HlsRecording::resume(settings_.hls, *claimed);
    resumed_ = static_cast<bool>(found);
    if (found) {
      recording_.emplace(*std::move(found));
      trail_ = TrailFile::read(recording_->path());
      trail_.keep_listed(recording_->next_sequence(), recording_->salvaged());
      if (recording_->was_torn()) trail_.forget_beginnings();
      begin_note();
    } else {
      post_warning(host_.element, found.error());
    }
  }
}

Status SpliceKeeper::name_recording(UtcTime start) {
  if (!recording_) {
    REC_TRY(std::string path, new_playlist_path(start));
    recording_.emplace(settings_.hls, std::move(path));
    recording_->continue_live(std::exchange(live_, std::nullopt));
    ++named_;
  }
  if (!announced_) start_ = recording_->start().value_or(start);
  return ok();
}

Trail SpliceKeeper::claim() {
  owed_eos_.with([](auto &eos) { eos.reset(); });  // the push goes on
  settle_hold();
  if (paused_ || (!recording_ && !claimed_)) claim_recording();
  return trail_;
}

// Says that the recording is ours, whether anything of the push will be recorded or not.
void SpliceKeeper::begin_note() {
  if (!sidecar_) return;
  if (const Status noted = sidecar_->begin(recording_->path(), settings_.splice_timeout); !noted)
    post_warning(host_.element, noted.error());
}

// Goes on where the publisher's clock and the encoding do; else at the end of the recording's media.
PeriodPlace SpliceKeeper::place_period(const PeriodFacts &facts) {
  const auto last = trail_.last_period();
  PeriodPlace place;
  place.continues = recording_->segments() > 0 && last && last->encoding == facts.encoding &&
                    trail_.goes_on_at(facts.leads(), facts.first);
  if (place.continues) {
    place.time = last->offset + facts.zero;
    place.counters = recording_->last_counters();
  } else {
    place.time = recording_->duration();
  }
  return place;
}

Result<PeriodPlace> SpliceKeeper::begin_period(const PeriodFacts &facts) {
  claim();
  if (is_full()) begin_another();
  REC_CHECK(name_recording(facts.start));
  PeriodPlace place = place_period(facts);
  period_ = facts;
  in_period_ = Nanoseconds(0);
  REC_TRY(auto map, recording_->initialise(facts.init, facts.start));
  recording_->begin_period({.start = facts.start, .continues = place.continues, .map = std::move(map)});
  period_sequence_ = recording_->next_sequence();
  REC_CHECK(recording_->open_segment(facts.start));
  keep_trail({facts.encoding, place.time - facts.zero});
  totals_.with([](Totals &t) { ++t.periods; });
  announce_recording();
  announce_listed();
  return place;
}

void SpliceKeeper::announce_recording() {
  if (std::exchange(announced_, true)) return;
  totals_.with([](Totals &t) { ++t.recordings; });
  begin_note();
  MessageBuilder("splicesink-recording-started")
      .field("location", recording_->path())
      .time("start-time", start_)
      .flag("resumed", resumed_)
      .post(host_.element);
}

// The file begins anew with each period: what it holds of segments that are not listed has gone.
void SpliceKeeper::keep_trail(const TrailPeriod &period) {
  trail_period_ = period;
  trail_.begin_period(period);
  if (settings_.splice_timeout == Nanoseconds(0)) return;
  trail_file_.reset();
  auto file = TrailFile::create(recording_->path(), trail_);
  if (!file) return post_warning(host_.element, file.error());
  trail_file_.emplace(*std::move(file));
  append_to_trail(Trail::record_of(period));
}

void SpliceKeeper::append_to_trail(const std::string &records) {
  if (!trail_file_) return;
  const Status written = trail_file_->append(records, trail_);
  if (written) return;
  post_warning(host_.element, written.error());
  drop_trail();
}

// It does not tell any more what is on the disk.
void SpliceKeeper::drop_trail() {
  trail_.clear();
  trail_file_.reset();
  if (recording_) TrailFile::remove(recording_->path());
}

void SpliceKeeper::note_frames(std::vector<TrailFrame> frames) {
  std::string records;
  for (TrailFrame &frame : frames) {
    frame.segment += period_sequence_;
    trail_.add(frame);
    records += Trail::record_of(frame);
  }
  append_to_trail(records);
}

void SpliceKeeper::announce_listed() {
  if (const auto error = recording_->take_trouble()) post_warning(host_.element, *error);
  for (const auto &closed : recording_->take_listed()) {
    totals_.with([&](Totals &t) {
      ++t.segments;
      t.bytes += closed.size;
    });
    MessageBuilder added("splicesink-segment-added");
    added.field("playlist", recording_->path())
        .field("location", closed.location)
        .field("uri", closed.segment.uri)
        .field("sequence", static_cast<guint64>(closed.sequence))
        .time("start-time", closed.start)
        .field("duration", count(closed.segment.duration))
        .field("size", static_cast<guint64>(closed.size))
        .flag("discontinuity", closed.segment.discontinuity)
        .field("map-uri", closed.new_map ? closed.new_map->uri : "")
        .field("map-location", closed.new_map ? closed.new_map->location : "")
        .field("map-size", static_cast<guint64>(closed.new_map ? closed.new_map->size : 0))
        .field("total-duration", count(recording_->duration()));
    if (closed.spread) added.spread(*closed.spread);
    added.post(host_.element);
    if (closed.raised_target)
      post_warning(
          host_.element,
          {Errc::unavailable, "segment '" + closed.segment.uri +
                                  "' is longer than the playlist had promised, so its target duration was "
                                  "raised: keyframes are too far apart for target-duration"});
  }
}

bool SpliceKeeper::is_full() const {
  return recording_ && settings_.cycle > Nanoseconds(0) && recording_->duration() >= settings_.cycle;
}

// Finishes the recording; what comes next goes to another one, which is nobody else's: the note stays ours.
void SpliceKeeper::begin_another() {
  auto note = std::exchange(sidecar_, std::nullopt);
  live_ = recording_->take_live();
  finish();
  sidecar_ = std::move(note);
  claimed_ = true;
}

// The period goes on in another recording, whose first segment it has cut already.
Status SpliceKeeper::change_recording() {
  REC_TRY(const std::string next, new_playlist_path(end_time()));
  HlsRecording::Period period{.start = end_time(), .continues = true, .map = recording_->map_from(next)};
  const std::uint64_t segments = recording_->next_sequence() - period_sequence_;
  begin_another();
  REC_CHECK(name_recording(period.start));
  recording_->begin_period(std::move(period));
  period_sequence_ = recording_->next_sequence() - segments;  // modulo 2^64: it began in the one before
  REC_CHECK(recording_->open_segment(end_time()));
  keep_trail(trail_period_);
  announce_recording();
  return ok();
}

Status SpliceKeeper::next_segment(Nanoseconds duration, const std::optional<MediaSpread> &spread) {
  REC_CHECK(recording_->close_segment(duration, spread));
  in_period_ += duration;
  if (is_full()) return change_recording();
  Status opened = recording_->open_segment(end_time());
  if (!opened) REC_CHECK(recording_->publish());
  announce_listed();
  return opened;
}

Status SpliceKeeper::end_period(Nanoseconds duration, const std::optional<MediaSpread> &spread) {
  REC_CHECK(recording_->close_segment(duration, spread));
  in_period_ += duration;
  REC_CHECK(recording_->publish());
  announce_listed();
  return ok();
}

void SpliceKeeper::fail_period(const Error &error) {
  totals_.with([](Totals &t) { ++t.failed; });
  post_warning(host_.element, error);
  drop_trail();
  if (!recording_) return;
  recording_->salvage_segment();
  announce_listed();
}

void SpliceKeeper::push_ended(std::optional<guint32> eos) {
  if (eos) owed_eos_.with([eos](auto &owed) { owed = eos; });
  if (hold_.running()) return;  // it posts the EOS
  if (recording_ && !paused_) {
    if (settings_.splice_timeout > Nanoseconds(0) && (announced_ || resumed_)) {
      hold_.arm();
      pause();
      return hold_.start([this](Nanoseconds waited) { return host_.ask_hold(waited); },
                         [this](HoldChoice choice) { choice == HoldChoice::finish ? finish() : release(); },
                         [this] { post_owed_eos(); });
    }
    finish();
  }
  drop_claim();
  post_owed_eos();
}

void SpliceKeeper::post_owed_eos() {
  const auto eos = owed_eos_.with([](auto &owed) { return std::exchange(owed, std::nullopt); });
  if (eos) host_.post_eos(*eos);
}

// Nothing came that could be recorded.
void SpliceKeeper::drop_claim() {
  if (recording_ || !claimed_) return;
  if (sidecar_) sidecar_->remove();
  forget();
}

void SpliceKeeper::interrupt() {
  hold_.stop();
  drop_claim();
  if (!recording_ || paused_) return;
  settings_.splice_timeout > Nanoseconds(0) && (announced_ || resumed_) ? pause() : finish();
}

void SpliceKeeper::pause() {
  paused_ = true;
  trail_file_.reset();  // whoever continues the recording reads it
  recording_->let_go();
  if (sidecar_)
    if (const Status noted = sidecar_->pause(later(clock_.now_utc(), settings_.splice_timeout)); !noted)
      post_warning(host_.element, noted.error());
  MessageBuilder("splicesink-recording-paused")
      .field("location", recording_->path())
      .time("end-time", end_time())
      .post(host_.element);
}

void SpliceKeeper::finish() {
  const Status written = recording_->finish();
  announce_listed();
  if (written) {
    TrailFile::remove(recording_->path());
    if (sidecar_) sidecar_->remove();
    if (announced_ || resumed_) post_finished(*recording_, start_, end_time(), period_);
  } else {
    post_warning(host_.element, written.error());
  }
  forget();
}

void SpliceKeeper::post_finished(const HlsRecording &recording, UtcTime start, UtcTime end,
                                 const PeriodFacts &media) {
  MessageBuilder("splicesink-recording-finished")
      .field("location", recording.path())
      .time("start-time", start)
      .time("end-time", end)
      .field("duration", count(recording.duration()))
      .field("size", static_cast<guint64>(recording.size()))
      .field("segments", static_cast<guint64>(recording.segments()))
      .field("video-codec", media.video_codec)
      .field("width", media.width)
      .field("height", media.height)
      .field("audio-codec", media.audio_codec)
      .post(host_.element);
}

void SpliceKeeper::release() {
  MessageBuilder("splicesink-recording-released").field("location", recording_->path()).post(host_.element);
  forget();
}

void SpliceKeeper::forget() {
  sidecar_.reset();
  recording_.reset();
  trail_file_.reset();
  trail_.clear();
  paused_ = resumed_ = announced_ = claimed_ = false;
}

// A recording whose process died and whose time is over: nobody else will close it.
void SpliceKeeper::finish_left_behind(Sidecar sidecar) {
  auto recording = HlsRecording::resume(settings_.hls, sidecar.playlist());
  const Status done = recording ? recording->finish() : Status(recording.error());
  if (recording)
    if (const auto trouble = recording->take_trouble()) post_warning(host_.element, *trouble);
  if (done) {
    TrailFile::remove(recording->path());
    const UtcTime start = recording->start().value_or(UtcTime{});
    const UtcTime end = recording->end().value_or(start);
    post_finished(*recording, start, end, {});
  } else if (done.error().code != Errc::exists && done.error().code != Errc::not_found) {
    post_warning(host_.element, done.error());
  }
  if (done || !done.error().retryable()) sidecar.remove();
}

std::optional<std::string> SpliceKeeper::claim_by_sidecar() {
  auto claim = Sidecar::claim(Sidecar::base_of(settings_.playlist_location), settings_.splice_timeout,
                              clock_.now_utc(), [this](const std::string &playlist) {
                                return HlsRecording::last_activity(playlist, settings_.hls.playlist_root);
                              });
  if (!claim) {
    post_warning(host_.element, claim.error());
    return std::nullopt;
  }
  for (Sidecar &expired : claim->expired) finish_left_behind(std::move(expired));
  claimed_sidecar_ = std::move(claim->sidecar);
  if (!claim->resumes) return std::nullopt;
  return claimed_sidecar_->playlist();
}

HoldChoice SpliceKeeper::ask_sidecar(Nanoseconds waited) {
  return sidecar_ ? sidecar_->ask(waited) : HoldChoice::finish;
}

}  // namespace rec
