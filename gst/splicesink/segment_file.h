// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gio/gio.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "core/base/glib_ptr.h"
#include "core/base/result.h"
#include "gst/common/output_file.h"

REC_COUNTED(GOutputStream, g_object_ref, g_object_unref);

namespace rec {

// What an application takes the bytes of one segment or playlist with. Everything blocks for as long as the
// application's stream does.
class OutputStream {
 public:
  OutputStream(Ref<GOutputStream> stream, std::string location)
      : stream_(std::move(stream)), location_(std::move(location)) {}
  Status write(std::string_view bytes);
  Status close();  // all that was written has arrived
  std::uint64_t size() const { return size_; }

 private:
  Status status_of(const GError *error, const char *doing) const;

  Ref<GOutputStream> stream_;
  std::string location_;  // for messages
  std::uint64_t size_ = 0;
};

// The segment that is being written: a hidden file, or an application's stream.
class SegmentFile {
 public:
  explicit SegmentFile(OutputFile file) : to_(std::move(file)) {}
  explicit SegmentFile(OutputStream stream) : to_(std::move(stream)) {}

  std::uint64_t size() const;
  Status append(Ref<GstBuffer> buffer);
  Status flush();
  Status tick();
  // OutputFile::finish(); a stream is closed, and keeps its name.
  Result<std::string> finish(const std::string &final_path);

 private:
  std::variant<OutputFile, OutputStream> to_;
};

}  // namespace rec
