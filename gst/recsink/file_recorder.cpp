// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/recsink/file_recorder.h"

#include <algorithm>
#include <utility>

#include "gst/common/encoding.h"

namespace rec {
namespace {

constexpr Nanoseconds kRetryAfter = std::chrono::seconds(2);
constexpr Nanoseconds kVideoTail = std::chrono::seconds(2);       // audio after the last video frame
constexpr Nanoseconds kSilence = std::chrono::milliseconds(200);  // between GAP events for a silent track
constexpr Nanoseconds kLead =
    std::chrono::milliseconds(100);      // audio that a first file takes before its keyframe
constexpr std::size_t kMostHeld = 4096;  // frames: about a minute and a half of AAC

const Container &container_of(Format format) {
  switch (format) {
    case Format::flv:
      return flv_container();
    case Format::mp4:
      return mp4_container();
    case Format::aac:
      return aac_container();
    case Format::mp3:
      return mp3_container();
    case Format::hls:
      break;
  }
  return ts_container();
}

Nanoseconds order_of(const Frame &frame) { return frame.kind == MediaKind::video ? frame.dts : frame.pts; }

void describe(FileBegin &begin, const std::vector<MuxWriter::Track> &tracks) {
  for (const MuxWriter::Track &track : tracks) {
    if (track.kind == MediaKind::audio) {
      begin.audio_codec = codec_name(track.caps);
    } else {
      begin.video_codec = codec_name(track.caps);
      const PictureSize size = picture_size(track.caps);
      begin.width = size.width;
      begin.height = size.height;
    }
  }
}

}  // namespace

FileRecorder::FileRecorder(Format format, CutRule rule, std::string time_zone, unsigned start_index,
                           Host host)
    : format_(format),
      container_(container_of(format)),
      rule_(rule),
      time_zone_(std::move(time_zone)),
      start_index_(start_index),
      host_(std::move(host)),
      next_id_(start_index) {}

void FileRecorder::record(const Frame &frame, const Intake &intake) {
  must_cut_ = must_cut_ || frame.breaks;
  if (!container_.takes(frame.kind)) return;
  ++ledger_.ingested;
  if (!container_holds(frame) || !has_room_for(frame.track, intake)) {
    ++ledger_.not_supported;
    return;
  }
  if (is_late_for_current(frame)) return store(previous_, frame);

  const bool fitting = current_ && fits(*current_, frame);
  must_cut_ = must_cut_ || (current_ && !fitting);
  const bool may_begin = !video_leads(frame, intake) || (frame.kind == MediaKind::video && frame.keyframe);
  if (!current_ ? may_begin : rule_.cuts(frame.pts - current_->first, may_begin, must_cut_)) {
    begin_file(frame, intake);
  } else if (fitting) {
    store(current_, frame);
    keep_silent_tracks_moving(frame, intake);
  } else {
    hold(frame);
  }
}

// Audio that comes before the file that can take it. A first file takes only what plays with its first
// pictures.
void FileRecorder::hold(const Frame &frame) {
  if (frame.kind == MediaKind::video || held_.size() >= kMostHeld) {
    ++ledger_.before_keyframe;
    return;
  }
  held_.push_back(frame);
  if (!current_) drop_held_before(frame.pts - kLead);
}

void FileRecorder::drop_held_before(Nanoseconds pts) {
  while (!held_.empty() && held_.front().pts < pts) {
    held_.pop_front();
    ++ledger_.before_keyframe;
  }
}

// Whether this format records the frame at all. Without its video a format that takes video records nothing.
bool FileRecorder::container_holds(const Frame &frame) {
  const bool holds = container_.holds(frame.kind, frame.caps.get());
  if (frame.kind == MediaKind::audio) return holds && !refused_;
  if (!holds && !refused_) {
    finish();
    const CString caps(gst_caps_to_string(frame.caps.get()));
    host_.warn({Errc::invalid_argument, std::string(name_of(format_)) + " cannot hold this video (" +
                                            caps.get() + "); the other formats go on"});
  }
  refused_ = !holds;
  return holds;
}

// A container with one place for a kind records the first track of it that did not end.
bool FileRecorder::has_room_for(std::size_t track, const Intake &intake) const {
  const MediaKind kind = intake.kind(track);
  if (std::string_view(container_.pad_of(kind)).find('%') != std::string_view::npos) return true;
  for (std::size_t earlier = 0; earlier < track; ++earlier)
    if (intake.kind(earlier) == kind && !intake.ended(earlier)) return false;
  return true;
}

// Whether files begin with video. When it has ended, the rest of its audio still belongs to the file of its
// last frames.
bool FileRecorder::video_leads(const Frame &frame, const Intake &intake) const {
  if (!container_.takes(MediaKind::video)) return false;
  const bool just_ended = current_ && frame.pts - current_->video_end < kVideoTail;
  return just_ended || intake.alive(MediaKind::video);
}

bool FileRecorder::fits(const OpenFile &file, const Frame &frame) const {
  return std::any_of(file.tracks.begin(), file.tracks.end(), [&](const MuxWriter::Track &track) {
    return track.track == frame.track && same_encoding(track.caps, frame.caps);
  });
}

bool FileRecorder::is_late_for_current(const Frame &frame) const {
  return previous_ && frame.kind == MediaKind::audio && frame.pts < boundary_ && fits(*previous_, frame);
}

void FileRecorder::begin_file(const Frame &frame, const Intake &intake) {
  finish_file(previous_);
  if (!current_) drop_held_before(order_of(frame) - kLead);
  const std::deque<Frame> waiting = std::exchange(held_, {});
  if (order_of(frame) < retry_at_) {
    ledger_.file_failed += waiting.size() + 1;
    return;
  }
  previous_ = std::exchange(current_, std::nullopt);
  boundary_ = frame.pts;
  must_cut_ = false;
  const Nanoseconds base = waiting.empty() ? order_of(frame) : std::min(order_of(frame), waiting.front().pts);

  current_ = open_file(frame, intake, base);
  if (!current_) retry_at_ = order_of(frame) + kRetryAfter;
  for (const Frame &earlier : waiting) store(current_, earlier);
  store(current_, frame);
  const bool reordered = frame.kind == MediaKind::video && frame.pts > frame.dts;
  if (!reordered) finish_file(previous_);
}

std::optional<FileRecorder::OpenFile> FileRecorder::open_file(const Frame &frame, const Intake &intake,
                                                              Nanoseconds base) {
  OpenFile file;
  file.base = base;
  file.first = frame.pts;
  file.video_end = base - kVideoTail;
  for (std::size_t track = 0; track < intake.tracks(); ++track) {
    const MediaKind kind = intake.kind(track);
    const Ref<GstCaps> &caps = track == frame.track ? frame.caps : intake.caps(track);
    const bool alive = track == frame.track || !intake.silent(track);
    if (alive && container_.holds(kind, caps.get()) && has_room_for(track, intake))
      file.tracks.push_back({track, kind, caps});
  }
  file.fed.assign(file.tracks.size(), base);
  file.facts = std::make_shared<Guarded<FileEnd>>();

  FileBegin begin;
  begin.format = format_;
  begin.time_zone = time_zone_;
  begin.fragment_id = next_id_;
  begin.start = host_.wall_clock(base);
  begin.running_time = std::max(frame.source_pts, Nanoseconds(0));
  describe(begin, file.tracks);
  auto pattern = host_.name(format_, begin.start, next_id_);
  if (!pattern) {
    host_.warn(std::move(pattern).error());
    return std::nullopt;
  }
  begin.pattern = *std::move(pattern);

  auto output = std::make_unique<FileOutput>(host_.element, std::move(begin), file.facts, host_.on_file_end);
  const std::string name = std::string(container_.name) + "-" + std::to_string(next_id_);
  auto writer = MuxWriter::create(host_.writers, container_, name, file.tracks, std::move(output));
  if (!writer) {
    host_.warn(std::move(writer).error());
    return std::nullopt;
  }
  ++next_id_;
  host_.file_began();
  file.writer = *std::move(writer);
  return file;
}

void FileRecorder::store(std::optional<OpenFile> &file, const Frame &frame) {
  if (!file || !file->writer->push(frame, file->base)) {  // its output says why
    ++ledger_.file_failed;
    if (file) retry_at_ = order_of(frame) + kRetryAfter;
    file.reset();
    return;
  }
  ++ledger_.stored;
  file->end = std::max(file->end, frame.end());
  if (frame.kind == MediaKind::video) file->video_end = std::max(file->video_end, frame.end());
  for (std::size_t i = 0; i < file->tracks.size(); ++i)
    if (file->tracks[i].track == frame.track) file->fed[i] = frame.end();
  file->facts->with([&](FileEnd &facts) {
    facts.duration = file->end - file->base;
    ++(frame.kind == MediaKind::video ? facts.video_frames : facts.audio_frames);
  });
}

// A muxer waits for every track that it was promised; a dead one must not keep the others from the disk.
// Where the track has to end for that, a new file begins when it comes back.
void FileRecorder::keep_silent_tracks_moving(const Frame &frame, const Intake &intake) {
  if (!current_) return;
  auto &tracks = current_->tracks;
  for (std::size_t i = tracks.size(); i-- > 0;) {
    const std::size_t track = tracks[i].track;
    if (!intake.silent(track) || order_of(frame) - current_->fed[i] < kSilence) continue;
    if (container_.heeds_gaps) {
      current_->writer->gap(track, current_->fed[i], order_of(frame), current_->base);
      current_->fed[i] = order_of(frame);
    } else {
      current_->writer->end_track(track);
      tracks.erase(tracks.begin() + static_cast<std::ptrdiff_t>(i));
      current_->fed.erase(current_->fed.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
}

void FileRecorder::finish_file(std::optional<OpenFile> &file) {
  if (file) file->writer->finish();
  file.reset();
}

void FileRecorder::finish() {
  finish_file(previous_);
  finish_file(current_);
  ledger_.before_keyframe += held_.size();
  held_.clear();
  must_cut_ = false;
}

}  // namespace rec
