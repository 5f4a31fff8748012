// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/recsink/open_file.h"

#include <algorithm>
#include <utility>

#include "gst/common/encoding.h"

namespace rec {
namespace {

constexpr Nanoseconds kSilence = std::chrono::milliseconds(200);  // between GAP events for a silent track

}  // namespace

OpenFile::OpenFile(Begin begin, std::unique_ptr<Writer> writer, std::shared_ptr<Guarded<FileEnd>> facts)
    : begin_(std::move(begin)),
      end_(begin_.base),
      video_end_(begin_.base - std::chrono::hours(1)),
      bytes_(kFileOverhead),
      writer_(std::move(writer)),
      facts_(std::move(facts)) {
  for (std::size_t i = 0; i < begin_.tracks.size(); ++i) fed_.push_back({i, begin_.base});
}

bool OpenFile::fits(const Frame &frame) const {
  return std::any_of(begin_.tracks.begin(), begin_.tracks.end(), [&](const Writer::Track &track) {
    return track.track == frame.track && same_encoding(track.caps, frame.caps);
  });
}

bool OpenFile::await_end() {
  return facts_->with([](FileEnd &facts) { return facts.awaited = !facts.ended; });
}

// Before the muxer has the frame, for its header may come with it.
void OpenFile::begin_track(Fed &fed, const Frame &frame) {
  fed.begun = true;
  const bool is_video = frame.kind == MediaKind::video;
  facts_->with([&](FileEnd &facts) {
    facts.starts.resize(std::max(facts.starts.size(), fed.number + 1));
    facts.starts[fed.number] = {is_video, frame.pts, is_video ? frame.dts : frame.pts};
  });
}

bool OpenFile::store(const Frame &frame) {
  const auto track = std::find_if(begin_.tracks.begin(), begin_.tracks.end(),
                                  [&](const Writer::Track &t) { return t.track == frame.track; });
  Fed *fed =
      track == begin_.tracks.end() ? nullptr : &fed_[static_cast<std::size_t>(track - begin_.tracks.begin())];
  if (fed && !fed->begun) begin_track(*fed, frame);
  if (!writer_->push(frame, begin_.base)) return false;
  end_ = std::max(end_, frame.end());
  if (frame.kind == MediaKind::video) video_end_ = std::max(video_end_, frame.end());
  bytes_ += gst_buffer_get_size(frame.buffer.get()) + kFrameOverhead;
  if (fed) fed->until = frame.end();
  facts_->with([&](FileEnd &facts) {
    facts.duration = end_ - begin_.base;
    facts.spread.add(frame.kind, frame.keyframe, frame.pts, frame.duration);
    ++(frame.kind == MediaKind::video ? facts.video_frames : facts.audio_frames);
  });
  return true;
}

// Where the track has to end for that, a new file begins when it comes back.
void OpenFile::keep_silent_tracks_moving(const Container &container, const Intake &intake, Nanoseconds now) {
  auto &tracks = begin_.tracks;
  for (std::size_t i = tracks.size(); i-- > 0;) {
    const std::size_t track = tracks[i].track;
    if (!intake.silent(track) || now - fed_[i].until < kSilence) continue;
    if (container.heeds_gaps) {
      writer_->gap(track, fed_[i].until, now, begin_.base);
      fed_[i].until = now;
    } else {
      writer_->end_track(track);
      tracks.erase(tracks.begin() + static_cast<std::ptrdiff_t>(i));
      fed_.erase(fed_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
}

FileExtent OpenFile::extent_to(Nanoseconds end, std::uint64_t more) const {
  return {end - begin_.first, bytes_ + more};
}

}  // namespace rec
