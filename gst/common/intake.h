// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/model/interleaver.h"
#include "core/model/recording_exception.h"
#include "core/model/timeline.h"
#include "core/model/track_clock.h"
#include "gst/common/frame.h"
#include "gst/common/track_input.h"

namespace rec {

struct IntakeSettings {
  TimelineLimits limits;
  Nanoseconds burst = std::chrono::milliseconds(250);  // media that is gathered before it is handed on
  Patience patience;                                   // with a track that brings nothing
};

// Every frame that came in through a pad: received = handed on + held + the sum of the dropped. What is
// dropped before it is a frame is counted in buffers.
struct IntakeLedger {
  std::uint64_t received = 0;
  std::uint64_t handed_on = 0;   // to the recorder, whose own ledger goes on with them
  std::uint64_t held = 0;        // still waiting for earlier media of other tracks
  std::uint64_t refused = 0;     // dropped: caps or a segment that cannot be recorded
  std::uint64_t empty = 0;       // dropped: no bytes
  std::uint64_t after_end = 0;   // dropped: the track had ended
  std::uint64_t estimated = 0;   // no drop: of those received, without a timestamp that can be true
  std::uint64_t video = 0;       // no drop: of those received, the video frames; the others are audio
  std::uint64_t bytes = 0;       // no drop: of the coded media received
  std::uint64_t held_bytes = 0;  // of all tracks; only in Intake::total()
  // How long ago the last frame came; nothing = none has. Only in Intake::total().
  std::optional<Nanoseconds> silent_for = std::nullopt;

  IntakeLedger &operator+=(const IntakeLedger &other);
};

// The ledger as fields of a recorder's `stats`: `received`, `handed-on`, `held`, `dropped-...`; `silent-for`
// in nanoseconds, where anything came.
StructurePtr structure_of(const IntakeLedger &ledger);

// The tracks of a recorder when a frame was handed on.
struct TrackStates {
  struct Track {
    MediaKind kind;
    Ref<GstCaps> caps;  // Intake::caps()
    bool silent;        // Intake::silent()
    bool brought_media;
  };
  std::vector<Track> tracks;
  // Intake::alive()
  bool alive(MediaKind kind) const {
    for (const Track &track : tracks)
      if (track.kind == kind && track.brought_media && !track.silent) return true;
    return false;
  }
};

// Turns what the tracks of one recorder bring into frames of one time line, in order of decoding time,
// handed on in bursts: a wake-up of a muxer serves many frames. Not thread-safe: lives under its owner's
// lock.
//
// What it holds is bounded: `Patience::most` of media and `Patience::most_bytes`.
class Intake {
 public:
  using Out = std::function<void(Frame)>;
  // Told of what is wrong with the media; `track` is the name that add_track() was given.
  using Note = std::function<void(ExceptionType, const std::string &track, std::string description)>;

  explicit Intake(IntakeSettings settings = {}, Note note = nullptr)
      : settings_(settings), note_(std::move(note)), timeline_(settings.limits), order_(settings.patience) {}

  // Its index: 0, 1, ...; or that of a track of the kind that was removed.
  std::size_t add_track(MediaKind kind, const std::string &name = "");
  void remove_track(std::size_t track);  // its pad is gone; the others keep their index
  void reset();                          // forgets all media; the tracks stay
  void begin(std::size_t track);         // media comes (again)
  void end(std::size_t track);           // EOS, or the pad is gone
  void end_push();                       // no track is left: what new ones bring is another push

  // Takes a frame and hands on what is due.
  void push(std::size_t track, ParsedBuffer media, const Out &out);
  void gap(std::size_t track, Nanoseconds until_running_time, const Out &out);
  // The track was flushed: what it brought is kept, what it brings next is a new period.
  void flush(std::size_t track);
  // In place of the track's tags of the same scope, until another stream begins.
  void set_tags(std::size_t track, Ref<GstTagList> tags);
  void drop_refused(std::size_t track);
  void drop_empty(std::size_t track);
  // Hands on everything.
  void drain(const Out &out);

  bool ended(std::size_t track) const { return tracks_[track].ended; }
  bool all_ended() const;
  // Whether frames of this kind are coming: some track of it brought media and is not silent.
  bool alive(MediaKind kind) const;
  // Whether some track of this kind did not end: it may bring media, however late.
  bool expected(MediaKind kind) const;
  // Caps of the track's next frame to be handed on, as far as it is known; none before the first.
  const Ref<GstCaps> &caps(std::size_t track) const {
    const Frame *next = order_.next(track);
    return next ? next->caps : tracks_[track].caps;
  }
  // What the track's stream says of itself now.
  const TrackTags &tags(std::size_t track) const { return tracks_[track].tags; }
  std::size_t tracks() const { return tracks_.size(); }
  MediaKind kind(std::size_t track) const { return tracks_[track].kind; }
  // Nothing of this track will be handed on soon.
  bool silent(std::size_t track) const {
    return (tracks_[track].ended && !order_.holds(track)) || order_.stalled(track);
  }
  TrackStates states() const;
  Nanoseconds line_end() const { return timeline_.end(); }
  const std::string &name(std::size_t track) const { return tracks_[track].name; }
  bool removed(std::size_t track) const { return tracks_[track].removed; }
  IntakeLedger ledger(std::size_t track) const;
  IntakeLedger total() const;  // of all tracks, those included that are gone

 private:
  struct Track {
    explicit Track(MediaKind k, std::string n)
        : kind(k),
          name(std::move(n)),
          clock(k == MediaKind::video ? TrackClock::Kind::video : TrackClock::Kind::audio) {}
    MediaKind kind;
    std::string name;
    TrackClock clock;
    IntakeLedger ledger;
    Ref<GstCaps> caps;
    TrackTags tags;
    bool ended = false;
    bool removed = false;
    bool brought_media = false;
    bool told_silent = false;                // that it brings nothing, since it last did
    std::optional<Nanoseconds> line_offset;  // line time - running time
    std::optional<Nanoseconds> gap_until;    // running time; before its first frame
  };

  Frame frame_of(std::size_t track, ParsedBuffer media);
  static void receive(Track &track);
  void judge(const Track &track, const FrameTimes &times, const Timeline::Place &place);
  void release(Nanoseconds now, const Out &out);
  void hand_on(Frame frame, const Out &out);
  void skip_gap(std::size_t track, Nanoseconds now);
  void tell_silent(Track &track);
  void judge_encoding(const Track &track, const Ref<GstCaps> &caps);
  void note(ExceptionType type, const Track &track, std::string description);

  const IntakeSettings settings_;
  const Note note_;
  Timeline timeline_;
  Interleaver<Frame> order_;
  std::vector<Track> tracks_;
  IntakeLedger gone_;  // of tracks whose number was given away
  bool had_media_ = false;
  std::optional<Nanoseconds> arrived_;          // the last frame; monotonic
  Nanoseconds handed_on_ = Nanoseconds::min();  // line time up to which media was handed on
};

}  // namespace rec
