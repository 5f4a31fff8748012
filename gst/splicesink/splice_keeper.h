// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/base/sync.h"
#include "core/disk/trail_file.h"
#include "core/model/trail.h"
#include "core/model/ts_scan.h"
#include "gst/splicesink/hls_recording.h"
#include "gst/splicesink/hold.h"
#include "gst/splicesink/sidecar.h"
#include "gst/splicesink/turns.h"

namespace rec {

struct SpliceSettings {
  HlsSettings hls;
  std::string playlist_location;  // pattern
  Nanoseconds splice_timeout{0};  // 0: a push's end is the recording's end
  Nanoseconds cycle{0};           // media after which another recording begins; 0: never
};

// What a period is, from its first frame on.
struct PeriodFacts {
  UtcTime start{};          // wall clock of its first frame
  std::string video_codec;  // "h264", "h265", "" without video
  unsigned width = 0;
  unsigned height = 0;
  std::string audio_codec;     // "aac", "mp3", "" without audio
  std::uint64_t encoding = 0;  // digest of all tracks' encodings
  Nanoseconds first{0};        // PTS of the first frame of the leading kind, as the publisher sent it
  Nanoseconds zero{0};         // what the publisher's clock showed where PeriodPlace::time is
  std::string init;            // its segments' initialisation section; "" in MPEG-TS
  MediaKind leads() const { return has_video() ? MediaKind::video : MediaKind::audio; }
  bool has_video() const { return !video_codec.empty(); }
};

// Where a period lies in the recording.
struct PeriodPlace {
  Nanoseconds time{0};     // in the segments, of PeriodFacts::zero: in MPEG-TS the muxer's 0
  bool continues = false;  // the period before: timestamps and encoding go on, there is no discontinuity
  TsCounters counters;     // of the packets before it; empty where they are not known
};

// Which recording the periods of this element go to: claims one when media comes, pauses it when the push
// ends, holds it, and finishes or gives it up. Posts the element's messages.
//
// Its functions, but for turns() and cancel_hold(), are called one at a time, by whoever has the turn: muxer
// threads and GStreamer's pool, in the end the application thread that stops the element. They block on the
// disk and on signal handlers.
class SpliceKeeper {
 public:
  struct Host {
    GstElement *element;  // posts the messages; outlives us
    // The element's signals.
    std::function<std::optional<std::string>()> claim;
    std::function<HoldChoice(Nanoseconds waited)> ask_hold;
    std::function<void(guint32 seqnum)> post_eos;
  };
  struct Totals {
    guint64 recordings = 0, periods = 0, segments = 0, bytes = 0, failed = 0;
  };

  SpliceKeeper(SpliceSettings settings, const Clock &clock, Host host);

  Turns &turns() { return turns_; }
  const SpliceSettings &settings() const { return settings_; }
  Totals totals() { return totals_.copy(); }

  // Media comes: from here on the recording that it continues is ours, if there is one. Returns that one's
  // end; an empty one for a new recording.
  Trail claim();
  // There is a recording now, and it has an open segment.
  Result<PeriodPlace> begin_period(const PeriodFacts &facts);
  // These frames come with the bytes that are appended next; `segment` counts from the period's first one.
  void note_frames(std::vector<TrailFrame> frames);
  Status append(Ref<GstBuffer> buffer) { return recording_->append(std::move(buffer)); }
  Status tick() { return recording_ ? recording_->tick() : ok(); }  // the source has fallen silent
  // Closes the open segment and opens the next. `spread`: of what is in it, if that is known.
  Status next_segment(Nanoseconds duration, const std::optional<MediaSpread> &spread);
  Status end_period(Nanoseconds duration, const std::optional<MediaSpread> &spread);
  void fail_period(const Error &error);
  // `eos`: what the element owes when it has no more to do; nothing where no pad had one.
  void push_ended(std::optional<guint32> eos);
  void interrupt();  // the element is stopped: the recording stays open if it may be continued
  void cancel_hold() { hold_.cancel(); }

  // The default handlers of the element's signals: the note beside the playlist decides.
  std::optional<std::string> claim_by_sidecar();
  HoldChoice ask_sidecar(Nanoseconds waited);

 private:
  void settle_hold();
  void post_owed_eos();
  void claim_recording();
  Status name_recording(UtcTime start);
  bool is_full() const;
  void begin_another();
  Status change_recording();
  void announce_recording();
  void announce_listed();
  void begin_note();
  void pause();
  void drop_claim();
  void finish();
  void release();
  void forget();
  PeriodPlace place_period(const PeriodFacts &facts);
  void keep_trail(const TrailPeriod &period);
  void append_to_trail(const std::string &records);
  void drop_trail();
  void finish_left_behind(Sidecar sidecar);
  void post_finished(const HlsRecording &recording, UtcTime start, UtcTime end, const PeriodFacts &media);
  Result<std::string> new_playlist_path(UtcTime start) const;
  UtcTime end_time() const;

  const SpliceSettings settings_;
  const Clock &clock_;  // outlives us
  const Host host_;
  Turns turns_;
  Hold hold_;
  std::optional<HlsRecording> recording_;
  bool paused_ = false;
  bool resumed_ = false;      // the playlist is one that was found
  bool announced_ = false;    // its begin was said
  bool claimed_ = false;      // somebody was asked for it; without recording_: it will be a new one
  UtcTime start_{};           // of the recording
  PeriodFacts period_;        // the latest
  Nanoseconds in_period_{0};  // media of its closed segments
  unsigned named_ = 0;        // recordings begun
  std::optional<Sidecar> sidecar_, claimed_sidecar_;
  Trail trail_;                          // of recording_; what was recorded before it is forgotten
  std::optional<TrailFile> trail_file_;  // for whoever continues it
  TrailPeriod trail_period_;
  std::optional<HlsRecording::Live> live_;    // of the recording before, which was full
  std::uint64_t period_sequence_ = 0;         // of the period's first segment
  Guarded<std::optional<guint32>> owed_eos_;  // leaves when nothing is held
  Guarded<Totals> totals_;
};

}  // namespace rec
