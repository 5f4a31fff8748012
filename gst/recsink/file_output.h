// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/base/sync.h"
#include "core/model/format.h"
#include "core/model/media_spread.h"
#include "gst/common/output_file.h"
#include "gst/common/writer.h"
#include "gst/recsink/header_polish.h"
#include "gst/recsink/trouble.h"

namespace rec {

// How a file is to be stored.
struct FileStorage {
  Durability durability = Durability::file;
  bool faststart = false;  // MP4: the index in front
  WriterLimits limits{std::uint64_t{64} << 20, std::chrono::seconds(30)};
};

// What a file is, from its first frame on.
struct FileBegin {
  Format format = Format::flv;
  std::string pattern;  // final path; only {End...} placeholders are left
  std::string time_zone;
  unsigned fragment_id = 0;
  UtcTime start{};              // wall clock of its first frame
  Nanoseconds running_time{0};  // of its first frame, as it came
  Nanoseconds min_duration{0};  // a shorter file is dropped
  std::string video_codec;      // "h264", "h265", "" without video
  unsigned width = 0;
  unsigned height = 0;
  std::string audio_codec;  // "aac", "mp3", "" without audio
  FileStorage storage;
};

// What became of it; complete when the last frame was given to the muxer.
struct FileEnd {
  Nanoseconds duration{0};  // media in the file
  std::uint64_t video_frames = 0;
  std::uint64_t audio_frames = 0;
  bool ended = false;                      // the output's end() is over
  bool awaited = false;                    // the recorder makes no other file before that
  std::vector<Mp4TrackStart> starts = {};  // of the tracks that have begun, in the order of the file's
  SpreadMeter spread = {};                 // of the frames
};

enum class FileOutcome {
  stored,     // complete under its final name
  failed,     // it could not be opened, written or completed
  too_short,  // dropped
};
struct FileResult {
  FileOutcome outcome = FileOutcome::failed;
  std::uint64_t bytes = 0;   // of the file
  std::uint64_t frames = 0;  // that its muxer was given
  std::uint64_t lost = 0;    // of them, in a file that was stored without its end
  std::string error;         // what is to be told: not each attempt while the disk fails
};

// One file of a recording, on its muxer's thread: opened with the first bytes, announced, and put under its
// final name when the muxer is done. When the disk fails, what it has taken is completed as well as possible
// and keeps its final name, too.
class FileOutput final : public MuxOutput {
 public:
  // Called last.
  using OnEnd = std::function<void(const FileResult &)>;

  // `element` posts the messages and outlives this. `trouble` is that of all files of the format.
  FileOutput(GstElement *element, FileBegin begin, std::shared_ptr<Guarded<FileEnd>> end,
             std::shared_ptr<Trouble> trouble, OnEnd on_end)
      : element_(element),
        begin_(std::move(begin)),
        end_(std::move(end)),
        trouble_(std::move(trouble)),
        on_end_(std::move(on_end)),
        polish_(begin_.format, [end = end_] { return end->copy().starts; }) {}

  Status write(Ref<GstBuffer> buffer) override;
  Status seek(std::uint64_t offset) override;
  void end(Status status) override;
  Status tick() override { return file_ ? file_->tick() : ok(); }
  bool ticks_always() const override { return begin_.storage.durability == Durability::interval; }
  WriterLimits limits() const override { return begin_.storage.limits; }
  void give_up(const Error &error) override;

 private:
  Status open();
  void announce();
  Status close(const FileEnd &facts);
  Result<std::string> final_name(Nanoseconds duration) const;
  void put_index_in_front();
  FileResult fail(const Error &error, const FileEnd &facts);
  Result<FileResult> save(const Error &error, std::uint64_t frames);
  void post_closed(const std::string &part, const std::string &location, std::uint64_t size,
                   const FileEnd &facts, const Error *error);
  void drop(const FileEnd &facts);
  void report(const FileResult &result);

  GstElement *element_;
  const FileBegin begin_;
  const std::shared_ptr<Guarded<FileEnd>> end_;  // shared with the recorder, which fills it while it records
  const std::shared_ptr<Trouble> trouble_;       // shared with the recorder and the format's other files
  const OnEnd on_end_;
  std::optional<OutputFile> file_;
  bool announced_ = false;             // recsink-file-opened was posted
  std::atomic<bool> reported_{false};  // on_end_ was called
  HeaderPolish polish_;
};

}  // namespace rec
