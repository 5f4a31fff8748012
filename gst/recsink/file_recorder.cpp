// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/recsink/file_recorder.h"

#include <algorithm>
#include <utility>

#include "core/base/time_zone.h"
#include "core/model/name_pattern.h"
#include "gst/common/encoding.h"

namespace rec {
namespace {

constexpr Nanoseconds kVideoTail = std::chrono::seconds(2);  // audio after the last video frame
constexpr Nanoseconds kLead =
    std::chrono::milliseconds(100);  // audio that a first file takes before its keyframe
constexpr std::size_t kMostSplits = 10000;

Nanoseconds order_of(const Frame &frame) { return frame.kind == MediaKind::video ? frame.dts : frame.pts; }

void describe(FileBegin &begin, const std::vector<Writer::Track> &tracks) {
  for (const Writer::Track &track : tracks) {
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

const Frame *first_of(std::size_t track, const std::deque<Frame> &frames) {
  const auto next = std::find_if(frames.begin(), frames.end(),
                                 [track](const Frame &frame) { return frame.track == track; });
  return next == frames.end() ? nullptr : &*next;
}

Result<std::string> name_of_file(const FilePlan &plan, UtcTime start, unsigned fragment_id) {
  NameFacts facts;
  facts.start = start;
  facts.sequence = fragment_id;
  REC_TRY(facts.utc_offset, utc_offset_of(plan.time_zone, start));
  REC_TRY(std::string name, begin_name(plan.location, facts));
  const std::string extension = "." + std::string(extension_of(plan.format));
  return name.ends_with(extension) ? name : name + extension;
}

}  // namespace

FileRecorder::FileRecorder(FilePlan plan, Host host)
    : plan_(std::move(plan)),
      container_(container_of(plan_.format)),
      host_(std::move(host)),
      choice_(container_, host_.warn),
      outcomes_(std::make_shared<Guarded<FrameOutcomes>>()),
      trouble_(std::make_shared<Trouble>()),
      next_id_(plan_.start_index) {}

void FileRecorder::record(const Frame &frame, const Intake &intake) {
  breaks_ = breaks_ || frame.breaks;
  if (!container_.takes(frame.kind)) return;
  ++ledger_.ingested;
  if (!takes(frame, intake)) {
    ++ledger_.not_supported;
    return;
  }
  Frame taken = frame;
  taken.breaks = std::exchange(breaks_, false);
  if (plan_.rule.mode == CutMode::at_or_after) {
    const bool is_due = current_ && (current_->limits().reached(current_->extent_to(taken.pts)) ||
                                     split_is_due(taken.source_pts));
    if (is_due) ask_for_keyframe(taken);
    place(taken, intake, is_due);
    return;
  }
  if (group_.is_full() || may_begin(taken, intake)) place_group(intake);
  group_.push(taken);
}

void FileRecorder::leave_out(const Frame &frame) {
  if (!container_.takes(frame.kind)) return;
  ++ledger_.ingested;
  ++ledger_.not_recording;
}

// The group is known as a whole: it goes into the current file if that stays within its limits.
void FileRecorder::place_group(const Intake &intake) {
  if (group_.empty()) return;
  const bool has_split = take_splits(group_.last_running_time());
  bool is_due = current_ &&
                (has_split || current_->limits().exceeded(current_->extent_to(group_.end(), group_.bytes())));
  placing_ = group_.take();
  while (!placing_.empty()) {
    const Frame frame = std::move(placing_.front());
    placing_.pop_front();
    place(frame, intake, std::exchange(is_due, false));
  }
}

void FileRecorder::place(const Frame &frame, const Intake &intake, bool cut_is_due) {
  must_cut_ = must_cut_ || frame.breaks;
  if (is_late_for_current(frame)) return store(previous_, frame);
  if (order_of(frame) >= boundary_) finish_file(previous_);  // frames come in order: nothing is late any more
  const bool fitting = current_ && current_->fits(frame);
  must_cut_ = must_cut_ || (current_ && !fitting);
  if (may_begin(frame, intake) && (!current_ || must_cut_ || cut_is_due)) {
    begin_file(frame, intake);
  } else if (fitting) {
    store(current_, frame);
    if (current_) current_->keep_silent_tracks_moving(container_, intake, order_of(frame));
  } else {
    hold(frame);
  }
}

void FileRecorder::ask_for_keyframe(const Frame &frame) {
  if (frame.kind != MediaKind::video || frame.keyframe || current_->keyframe_requested) return;
  current_->keyframe_requested = true;
  host_.request_keyframe(std::nullopt);
}

bool FileRecorder::split_is_due(Nanoseconds running_time) const {
  return !splits_.empty() && splits_.front() <= running_time;
}

// Whether there were any until then; there are none any more.
bool FileRecorder::take_splits(Nanoseconds running_time) {
  const auto end = std::upper_bound(splits_.begin(), splits_.end(), running_time);
  const bool had_some = end != splits_.begin();
  splits_.erase(splits_.begin(), end);
  return had_some;
}

void FileRecorder::split_at(Nanoseconds running_time) {
  if (splits_.size() >= kMostSplits) {
    host_.warn({Errc::invalid_argument, "too many splits are waiting: one is left out"});
    return;
  }
  splits_.insert(std::upper_bound(splits_.begin(), splits_.end(), running_time), running_time);
}

void FileRecorder::restart() {
  if (!current_) return;
  must_cut_ = true;
  next_id_ = plan_.start_index;
}

// Audio that comes before the file that can take it. A first file takes only what plays with its first
// pictures.
void FileRecorder::hold(const Frame &frame) {
  if (!current_ && trouble_->is_on()) return lose(1);
  if (frame.kind == MediaKind::video || held_.is_full()) {
    ++ledger_.before_keyframe;
    return;
  }
  held_.push(frame);
  if (!current_) drop_held_before(frame.pts - kLead);
}

void FileRecorder::drop_held_before(Nanoseconds pts) {
  while (!held_.empty() && held_.front().pts < pts) {
    held_.pop_front();
    ++ledger_.before_keyframe;
  }
}

// Whether this format records the frame at all.
bool FileRecorder::takes(const Frame &frame, const Intake &intake) {
  const bool taken = choice_.takes(frame, intake);
  if (choice_.refuses_video()) finish(intake);
  return taken;
}

// Whether files begin with video. When it has ended, the rest of its audio still belongs to the file of its
// last frames.
bool FileRecorder::video_leads(const Frame &frame, const Intake &intake) const {
  if (!container_.takes(MediaKind::video)) return false;
  const bool just_ended = current_ && frame.pts - current_->video_end() < kVideoTail;
  return just_ended || intake.alive(MediaKind::video);
}

bool FileRecorder::may_begin(const Frame &frame, const Intake &intake) const {
  // Video that ended before its first keyframe does not lead any more, and is no beginning for that.
  return frame.kind == MediaKind::video ? frame.keyframe : !video_leads(frame, intake);
}

bool FileRecorder::is_late_for_current(const Frame &frame) const {
  return previous_ && frame.kind == MediaKind::audio && frame.pts < boundary_ && previous_->fits(frame);
}

void FileRecorder::begin_file(const Frame &frame, const Intake &intake) {
  finish_file(previous_);
  if (!current_) drop_held_before(order_of(frame) - kLead);
  std::deque<Frame> waiting = held_.take();
  if (!trouble_->may_try(order_of(frame))) return lose(waiting.size() + 1);
  previous_ = std::exchange(current_, std::nullopt);
  boundary_ = frame.pts;
  must_cut_ = false;
  take_splits(frame.source_pts);
  const Nanoseconds base = waiting.empty() ? order_of(frame) : std::min(order_of(frame), waiting.front().pts);

  waiting.push_back(frame);
  current_ = open_file(waiting, intake, base);
  if (!current_) trouble_->put_off(order_of(frame));
  for (const Frame &next : waiting) {
    if (current_ && !current_->fits(next))
      ++ledger_.before_keyframe;  // its encoding changed while it waited
    else
      store(current_, next);
  }
  const bool reordered = frame.kind == MediaKind::video && frame.pts > frame.dts;
  if (!reordered) finish_file(previous_);
}

Result<FileBegin> FileRecorder::begin_of(const Frame &frame, Nanoseconds base,
                                         const std::vector<Writer::Track> &tracks) const {
  FileBegin begin;
  begin.format = plan_.format;
  begin.time_zone = plan_.time_zone;
  begin.fragment_id = next_id_;
  begin.start = host_.wall_clock(base);
  begin.running_time = std::max(frame.source_pts, Nanoseconds(0));
  begin.min_duration = plan_.min_duration;
  begin.storage = plan_.storage;
  describe(begin, tracks);
  REC_TRY(begin.pattern, name_of_file(plan_, begin.start, next_id_));
  return begin;
}

FileLimits FileRecorder::limits_from(UtcTime start) const {
  return limits_of(plan_.rule, start, [this](UtcTime at) {
    const auto offset = utc_offset_of(plan_.time_zone, at);
    return offset ? *offset : Seconds(0);  // the zone was checked at start
  });
}

// The tracks that bring something now, each in the encoding of the next frame that is to be stored.
std::vector<Writer::Track> FileRecorder::tracks_from(const std::deque<Frame> &first, const Intake &intake) {
  std::vector<Writer::Track> tracks;
  for (std::size_t track = 0; track < intake.tracks(); ++track) {
    const Frame *next = first_of(track, first);
    if (!next) next = first_of(track, placing_);
    const Ref<GstCaps> &caps = next ? next->caps : intake.caps(track);
    if (next || (!intake.silent(track) && choice_.has_track(track, caps, intake)))
      tracks.push_back({track, intake.kind(track), caps, storable(intake.tags(track))});
  }
  return tracks;
}

TrackTags FileRecorder::storable(const TrackTags &tags) const {
  TrackTags all = tags;
  for (Ref<GstTagList> &list : all) list = without_long_strings(list, container_.longest_string);
  return all;
}

std::optional<OpenFile> FileRecorder::open_file(const std::deque<Frame> &first, const Intake &intake,
                                                Nanoseconds base) {
  const Frame &frame = first.back();
  OpenFile::Begin file;
  file.base = base;
  file.first = frame.pts;
  file.tracks = tracks_from(first, intake);
  auto begin = begin_of(frame, base, file.tracks);
  if (!begin) {
    if (trouble_->begin()) host_.warn(std::move(begin).error());
    return std::nullopt;
  }
  file.limits = limits_from(host_.wall_clock(frame.pts));
  auto facts = std::make_shared<Guarded<FileEnd>>();
  auto output =
      std::make_unique<FileOutput>(host_.element, *std::move(begin), facts, trouble_, count_at_end());
  const std::string name = std::string(container_.name) + "-" + std::to_string(next_id_);
  auto writer = Writer::create(host_.writers, container_, name, file.tracks, std::move(output));
  if (!writer) {
    if (trouble_->begin()) host_.warn(std::move(writer).error());
    return std::nullopt;
  }
  ++next_id_;
  host_.file_began();
  if (file.limits.length && frame.kind == MediaKind::video)
    host_.request_keyframe(frame.source_pts + *file.limits.length);
  return OpenFile(std::move(file), *std::move(writer), std::move(facts));
}

FileOutput::OnEnd FileRecorder::count_at_end() const {
  return [outcomes = outcomes_, next = host_.on_file_end](const FileResult &result) {
    outcomes->with([&](FrameOutcomes &counts) {
      (result.outcome == FileOutcome::stored   ? counts.stored
       : result.outcome == FileOutcome::failed ? counts.failed
                                               : counts.too_short) += result.frames - result.lost;
      counts.failed += result.lost;
    });
    next(result);
  };
}

void FileRecorder::store(std::optional<OpenFile> &file, const Frame &frame) {
  if (!file || !file->store(frame)) {
    lose(1);
    if (file) {
      trouble_->put_off(order_of(frame));
      if (file->await_end()) trouble_->hold_up();
    }
    file.reset();
    return;
  }
  ++ledger_.pending;
}

void FileRecorder::lose(std::uint64_t frames) {
  ledger_.file_failed += frames;
  trouble_->lose(frames);
}

void FileRecorder::finish_file(std::optional<OpenFile> &file) {
  if (file) file->finish();
  file.reset();
}

void FileRecorder::finish(const Intake &intake) {
  place_group(intake);
  finish_file(previous_);
  finish_file(current_);
  ledger_.before_keyframe += held_.size();
  held_.take();
  must_cut_ = false;
}

FrameLedger FileRecorder::ledger() const {
  FrameLedger ledger = ledger_;
  const FrameOutcomes outcomes = outcomes_->copy();
  ledger.stored = outcomes.stored;
  ledger.file_failed += outcomes.failed;
  ledger.too_short = outcomes.too_short;
  ledger.pending = ledger_.pending - outcomes.all() + held_.size() + group_.size();
  return ledger;
}

}  // namespace rec
