// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/base/sync.h"
#include "core/model/format.h"
#include "gst/common/mux_writer.h"
#include "gst/common/output_file.h"
#include "gst/recsink/header_polish.h"

namespace rec {

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
};

// What became of it; complete when the last frame was given to the muxer.
struct FileEnd {
  Nanoseconds duration{0};  // media in the file
  std::uint64_t video_frames = 0;
  std::uint64_t audio_frames = 0;
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
};

// One file of a recording, on its muxer's thread: opened with the first bytes, announced, and put under its
// final name when the muxer is done.
class FileOutput final : public MuxOutput {
 public:
  // Called last.
  using OnEnd = std::function<void(const FileResult &)>;

  // `element` posts the messages and outlives this.
  FileOutput(GstElement *element, FileBegin begin, std::shared_ptr<Guarded<FileEnd>> end, OnEnd on_end)
      : element_(element),
        begin_(std::move(begin)),
        end_(std::move(end)),
        on_end_(std::move(on_end)),
        polish_(begin_.format) {}

  Status write(Ref<GstBuffer> buffer) override;
  Status seek(std::uint64_t offset) override;
  void end(Status status) override;

 private:
  Status open();
  Status close(const FileEnd &facts);
  void report_failure(const Error &error);
  void drop(const FileEnd &facts);

  GstElement *element_;
  const FileBegin begin_;
  const std::shared_ptr<Guarded<FileEnd>> end_;  // shared with the recorder, which fills it while it records
  const OnEnd on_end_;
  std::optional<OutputFile> file_;
  HeaderPolish polish_;
};

}  // namespace rec
