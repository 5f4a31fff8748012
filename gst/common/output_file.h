// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "gst/common/gst_ptr.h"

namespace rec {

// A file that appears under its final name only when it is complete: written beside it, fsynced, renamed
// without replacing anything, its directory fsynced. Blocks on the disk: muxer threads only.
//
// Bytes are gathered and written with few, large system calls, at the latest 200 ms after they came (with the
// next ones), so that a killed process loses little.
class OutputFile {
 public:
  // Creates the directories and the file `path`, which must not exist.
  static Result<OutputFile> create(const std::string &path);
  ~OutputFile();  // closes; what was written stays under the temporary name
  OutputFile(OutputFile &&other) noexcept;
  OutputFile &operator=(OutputFile &&other) noexcept;

  const std::string &path() const { return path_; }
  std::uint64_t size() const { return size_; }  // bytes given so far, the highest offset

  Status append(Ref<GstBuffer> buffer);
  Status seek(std::uint64_t offset);
  Status flush();  // hands what is gathered to the kernel
  // Makes the file durable under `final_path`, or, where something has that name, under the next free one
  // ("name-1.ext", "name-2.ext"...). Returns the name it got. The object is closed afterwards.
  Result<std::string> finish(const std::string &final_path);
  void discard();  // removes it

 private:
  OutputFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  void close_fd();

  std::string path_;
  int fd_ = -1;
  std::uint64_t offset_ = 0;  // of the next byte to be written
  std::uint64_t size_ = 0;
  std::uint64_t gathered_bytes_ = 0;
  std::chrono::steady_clock::time_point gathered_since_;
  std::vector<Ref<GstBuffer>> gathered_;
};

// ".<name>.part" beside `path`: where a file grows before it is complete.
std::string part_path(const std::string &path);
// Makes a rename in `path`'s directory durable.
Status sync_folder_of(const std::string &path);
// Creates the directories above `path`.
Status make_directories_for(const std::string &path);
// Replaces `path` as a whole: readers see the old text or the new, also after a crash.
Status replace_file(const std::string &path, const std::string &text);
// The name that numbering gives: "name-2.ext"; 0 is the name itself.
std::string numbered_path(const std::string &path, unsigned number);

}  // namespace rec
