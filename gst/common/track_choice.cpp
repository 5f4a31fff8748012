// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/common/track_choice.h"

#include <string>

namespace rec {
namespace {

constexpr Nanoseconds kTail = std::chrono::seconds(2);  // of other tracks after the last frame of one

}  // namespace

bool TrackChoice::takes(const Frame &frame, const Intake &intake) {
  now_ = frame.pts;
  const bool held = holdings_.holds(frame.kind, frame.caps);
  if (frame.kind == MediaKind::video || (refused_until_ && frame.pts > *refused_until_))
    refused_until_.reset();
  if (!held) {
    if (frame.kind == MediaKind::video) refused_until_ = frame.end() + kTail;
    refuse(frame.kind, frame.caps);
    return false;
  }
  if (frame.kind == MediaKind::audio && refuses_video()) return false;
  if (has_room_for(frame.track, intake)) {
    (frame.kind == MediaKind::video ? video_ : audio_).kept_until = frame.end() + kTail;
    return true;
  }
  if (!told_of_room_)
    warn_({Errc::invalid_argument,
           std::string(container_.name) +
               " holds one audio track: the first that lives is recorded, the others are "
               "in the formats that hold several (mp4)."});
  told_of_room_ = true;
  return false;
}

bool TrackChoice::has_track(std::size_t track, const Ref<GstCaps> &caps, const Intake &intake) {
  return holdings_.holds(intake.kind(track), caps) && has_room_for(track, intake);
}

void TrackChoice::refuse(MediaKind kind, const Ref<GstCaps> &caps) {
  Ref<GstCaps> &told = kind == MediaKind::video ? refused_video_ : refused_audio_;
  if (told && gst_caps_is_equal(told.get(), caps.get())) return;
  told = caps;
  warn_({Errc::invalid_argument, cannot_hold(container_, kind, caps)});
}

bool TrackChoice::has_room_for(std::size_t track, const Intake &intake) {
  const MediaKind kind = intake.kind(track);
  if (container_.takes_many(kind)) return true;
  Place &place = kind == MediaKind::video ? video_ : audio_;
  if (place.track && now_ >= place.kept_until && !may_have_place(*place.track, intake)) place.track.reset();
  for (std::size_t other = 0; other < intake.tracks() && !place.track; ++other)
    if (intake.kind(other) == kind && (other == track || may_have_place(other, intake))) place.track = other;
  return place.track == track;
}

bool TrackChoice::may_have_place(std::size_t track, const Intake &intake) {
  const Ref<GstCaps> &caps = intake.caps(track);  // none yet: it is announced, and waited for
  return !intake.silent(track) && (!caps || holdings_.holds(intake.kind(track), caps));
}

}  // namespace rec
