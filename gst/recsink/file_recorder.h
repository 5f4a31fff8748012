// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/model/cut_rule.h"
#include "gst/common/held_frames.h"
#include "gst/common/intake.h"
#include "gst/common/track_choice.h"
#include "gst/common/writer.h"
#include "gst/recsink/file_output.h"
#include "gst/recsink/frame_ledger.h"
#include "gst/recsink/gop_hold.h"
#include "gst/recsink/open_file.h"

namespace rec {

// What one format is to become.
struct FilePlan {
  Format format = Format::flv;
  CutRule rule;
  std::string location;  // pattern without extension
  std::string time_zone;
  unsigned start_index = 0;
  Nanoseconds min_duration{0};  // shorter files are dropped
  FileStorage storage;
};

// Records one format: opens a file, feeds its muxer, cuts, closes. Under the recorder's lock.
class FileRecorder {
 public:
  struct Host {
    GstElement *element;  // posts the messages
    std::shared_ptr<WriterGroup> writers;
    std::function<UtcTime(Nanoseconds line_time)> wall_clock;
    std::function<void(Error)> warn;
    // A cut is (nullopt) or will be (running time) due: a keyframe there makes it exact.
    std::function<void(std::optional<Nanoseconds> running_time)> request_keyframe;
    std::function<void()> file_began;  // a FileOutput was made; on_file_end follows
    FileOutput::OnEnd on_file_end;     // any thread, without the lock
  };

  FileRecorder(FilePlan plan, Host host);

  // `intake` says which tracks are alive.
  void record(const Frame &frame, const Intake &intake);
  // Counts a frame that was not to be recorded.
  void leave_out(const Frame &frame);
  // Cuts at the next place, or where frames of that running time come.
  void split_at(Nanoseconds running_time);
  // Cuts at the next place and numbers files from the beginning.
  void restart();
  void finish(const Intake &intake);  // completes what is open; more may be recorded afterwards

  Format format() const { return plan_.format; }
  FrameLedger ledger() const;

 private:
  bool takes(const Frame &frame, const Intake &intake);
  bool video_leads(const Frame &frame, const Intake &intake) const;
  bool may_begin(const Frame &frame, const Intake &intake) const;
  bool is_late_for_current(const Frame &frame) const;
  bool split_is_due(Nanoseconds running_time) const;
  bool take_splits(Nanoseconds running_time);
  void place(const Frame &frame, const Intake &intake, bool cut_is_due);
  void place_group(const Intake &intake);
  void ask_for_keyframe(const Frame &frame);
  void begin_file(const Frame &frame, const Intake &intake);
  // `first`: what it begins with; the last of them is the frame that lets it begin.
  std::optional<OpenFile> open_file(const std::deque<Frame> &first, const Intake &intake, Nanoseconds base);
  TrackTags storable(const TrackTags &tags) const;
  std::vector<Writer::Track> tracks_from(const std::deque<Frame> &first, const Intake &intake);
  Result<FileBegin> begin_of(const Frame &frame, Nanoseconds base,
                             const std::vector<Writer::Track> &tracks) const;
  FileLimits limits_from(UtcTime start) const;
  FileOutput::OnEnd count_at_end() const;
  void store(std::optional<OpenFile> &file, const Frame &frame);
  void finish_file(std::optional<OpenFile> &file);
  void hold(const Frame &frame);
  void drop_held_before(Nanoseconds pts);
  void lose(std::uint64_t frames);

  const FilePlan plan_;
  const Container &container_;
  const Host host_;
  TrackChoice choice_;
  FrameLedger ledger_;
  std::shared_ptr<Guarded<FrameOutcomes>> outcomes_;  // with the outputs of files that are still open
  std::optional<OpenFile> current_;
  // After a cut: audio that is played before the cutting keyframe but came after it (B-frames) is the
  // previous file's.
  std::optional<OpenFile> previous_;
  Nanoseconds boundary_{0};           // PTS of the cutting keyframe
  HeldFrames held_;                   // audio that only the next file can take
  GopHold group_;                     // CutMode::not_longer: what may still be the next file's
  std::deque<Frame> placing_;         // rest of the group that is being placed
  std::vector<Nanoseconds> splits_;   // running times, ascending
  bool must_cut_ = false;             // the current file cannot take what follows
  bool breaks_ = false;               // the next frame that is taken comes after a break
  std::shared_ptr<Trouble> trouble_;  // with the outputs of files that are still open
  unsigned next_id_;
};

}  // namespace rec
