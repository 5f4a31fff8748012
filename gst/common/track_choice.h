// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <optional>

#include "core/base/result.h"
#include "gst/common/containers.h"
#include "gst/common/intake.h"

namespace rec {

// Which of a recorder's tracks one container records:
// - no audio beside video that the container cannot hold (half a recording would pass for a whole one);
// - where it has one place for a kind, the first living track of it that it can hold, and that one until it
//   has brought nothing for two seconds: tracks of one push end one after the other.
// What is left out is told once per reason. Under the recorder's lock.
class TrackChoice {
 public:
  using Warn = std::function<void(Error)>;

  TrackChoice(const Container &container, Warn warn)
      : container_(container), holdings_(container), warn_(std::move(warn)) {}

  // Whether the frame is recorded.
  bool takes(const Frame &frame, const Intake &intake);
  // Whether a file that begins now, with or after the frame that was taken last, has this track. `caps` are
  // those of the track's next frame.
  bool has_track(std::size_t track, const Ref<GstCaps> &caps, const Intake &intake);
  // The video that comes cannot be held: nothing is recorded, until there has been none for two seconds.
  bool refuses_video() const { return refused_until_.has_value(); }

 private:
  void refuse(MediaKind kind, const Ref<GstCaps> &caps);
  bool has_room_for(std::size_t track, const Intake &intake);
  bool may_have_place(std::size_t track, const Intake &intake);

  const Container &container_;
  Holdings holdings_;
  const Warn warn_;
  std::optional<Nanoseconds> refused_until_;  // line time
  bool told_of_room_ = false;
  Ref<GstCaps> refused_video_;  // told
  Ref<GstCaps> refused_audio_;
  struct Place {
    std::optional<std::size_t> track;
    Nanoseconds kept_until = Nanoseconds::min();  // line time, though the track may be silent
  };
  Place video_;
  Place audio_;
  Nanoseconds now_{0};  // line time of the latest frame
};

}  // namespace rec
