// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <optional>
#include <vector>

#include "core/model/interleaver.h"
#include "core/model/timeline.h"
#include "gst/common/frame.h"
#include "gst/common/track_input.h"

namespace rec {

struct IntakeSettings {
  TimelineLimits limits;
  Nanoseconds burst = std::chrono::milliseconds(250);  // media that is gathered before it is handed on
  Patience patience;                                   // with a track that brings nothing
};

// Turns what the tracks of one recorder bring into frames of one time line, in order of decoding time,
// handed on in bursts: a wake-up of a muxer serves many frames. Not thread-safe: lives under its owner's
// lock.
class Intake {
 public:
  using Out = std::function<void(Frame)>;

  explicit Intake(IntakeSettings settings = {})
      : settings_(settings), timeline_(settings.limits), order_(settings.patience) {}

  std::size_t add_track(MediaKind kind);  // its index: 0, 1, ...
  void remove_track(std::size_t track);   // its pad is gone; the others keep their index
  void reset();                           // forgets all media; the tracks stay
  void begin(std::size_t track);          // media comes (again)
  void end(std::size_t track);            // EOS, or the pad is gone

  // Takes a frame and hands on what is due.
  void push(std::size_t track, ParsedBuffer media, const Out &out);
  void gap(std::size_t track, Nanoseconds until_running_time, const Out &out);
  // Hands on everything.
  void drain(const Out &out) { order_.drain(out); }

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
  std::size_t tracks() const { return tracks_.size(); }
  MediaKind kind(std::size_t track) const { return tracks_[track].kind; }
  // Nothing of this track will be handed on soon.
  bool silent(std::size_t track) const {
    return (tracks_[track].ended && !order_.holds(track)) || order_.stalled(track);
  }
  Nanoseconds line_end() const { return timeline_.end(); }

 private:
  struct Track {
    MediaKind kind = MediaKind::video;
    Ref<GstCaps> caps;
    bool ended = false;
    bool removed = false;
    bool brought_media = false;
    std::optional<Nanoseconds> last_dts;     // running time
    Nanoseconds step{0};                     // last distance between two frames
    std::optional<Nanoseconds> line_offset;  // line time - running time
  };

  Frame frame_of(std::size_t track, ParsedBuffer media);

  const IntakeSettings settings_;
  Timeline timeline_;
  Interleaver<Frame> order_;
  std::vector<Track> tracks_;
  bool had_media_ = false;
};

}  // namespace rec
