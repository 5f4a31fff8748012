// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/model/cut_rule.h"
#include "gst/common/intake.h"
#include "gst/common/mux_writer.h"
#include "gst/recsink/file_output.h"

namespace rec {

// Every frame that a format was given: ingested = stored + the sum of the dropped.
struct FrameLedger {
  std::uint64_t ingested = 0;
  std::uint64_t stored = 0;           // taken by a muxer
  std::uint64_t before_keyframe = 0;  // dropped: nothing decodable can begin with them
  std::uint64_t not_supported = 0;    // dropped: the container cannot hold the codec
  std::uint64_t file_failed = 0;      // dropped: no file could be written
};

// Records one format: opens a file, feeds its muxer, cuts, closes. Under the recorder's lock.
class FileRecorder {
 public:
  struct Host {
    GstElement *element;  // posts the messages
    std::shared_ptr<WriterGroup> writers;
    // Names a file that begins now: FileBegin::pattern.
    std::function<Result<std::string>(Format, UtcTime start, unsigned fragment_id)> name;
    std::function<UtcTime(Nanoseconds line_time)> wall_clock;
    std::function<void(Error)> warn;
    std::function<void()> file_began;  // a FileOutput was made; on_file_end follows
    FileOutput::OnEnd on_file_end;     // any thread, without the lock
  };

  FileRecorder(Format format, CutRule rule, std::string time_zone, unsigned start_index, Host host);

  // `intake` says which tracks are alive.
  void record(const Frame &frame, const Intake &intake);
  void finish();  // completes what is open; more may be recorded afterwards

  Format format() const { return format_; }
  const FrameLedger &ledger() const { return ledger_; }
  unsigned files() const { return next_id_ - start_index_; }  // begun so far

 private:
  struct OpenFile {
    std::unique_ptr<MuxWriter> writer;
    std::vector<MuxWriter::Track> tracks;
    std::vector<Nanoseconds> fed;  // per track: until when (line time) the muxer knows what there is
    Nanoseconds base{0};           // line time of the file's 0
    Nanoseconds first{0};          // PTS of the frame that began it
    Nanoseconds end{0};            // of the media in it
    Nanoseconds video_end{0};      // of its last video frame
    std::shared_ptr<Guarded<FileEnd>> facts;
  };

  bool container_holds(const Frame &frame);
  bool has_room_for(std::size_t track, const Intake &intake) const;
  bool video_leads(const Frame &frame, const Intake &intake) const;
  bool fits(const OpenFile &file, const Frame &frame) const;
  bool is_late_for_current(const Frame &frame) const;
  void begin_file(const Frame &frame, const Intake &intake);
  std::optional<OpenFile> open_file(const Frame &frame, const Intake &intake, Nanoseconds base);
  void store(std::optional<OpenFile> &file, const Frame &frame);
  void keep_silent_tracks_moving(const Frame &frame, const Intake &intake);
  void finish_file(std::optional<OpenFile> &file);
  void hold(const Frame &frame);
  void drop_held_before(Nanoseconds pts);

  const Format format_;
  const Container &container_;
  const CutRule rule_;
  const std::string time_zone_;
  const unsigned start_index_;
  const Host host_;
  FrameLedger ledger_;
  std::optional<OpenFile> current_;
  // After a cut: audio that is played before the cutting keyframe but came after it (B-frames) is the
  // previous file's.
  std::optional<OpenFile> previous_;
  Nanoseconds boundary_{0};                    // PTS of the cutting keyframe
  std::deque<Frame> held_;                     // audio that only the next file can take
  bool must_cut_ = false;                      // the current file cannot take what follows
  bool refused_ = false;                       // the container cannot hold the video; said once
  Nanoseconds retry_at_ = Nanoseconds::min();  // after a failure: line time before which no file is begun
  unsigned next_id_;
};

}  // namespace rec
