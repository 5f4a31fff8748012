// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/disk/disk_file.h"
#include "gst/common/gst_ptr.h"

namespace rec {

// What a power cut may take.
enum class Durability {
  none,  // whatever the system had not written; a file is still complete or not there for a killed process
  file,  // what was not yet a complete file
  interval,  // about the last second as well
};

// A file that appears under its final name only when it is complete: written beside it, synced, renamed
// without replacing anything, its directory synced. Locked while it grows, so that whoever looks for the
// files of dead recorders lets it be. Blocks on the disk: muxer threads and MuxOutput::tick() only.
//
// Bytes are gathered and written with few, large system calls, so that a killed process loses little: at the
// latest 200 ms after they came (with the next ones) or, when none follow, with the next tick().
//
// What goes over earlier bytes (a muxer completes its headers) waits until what the muxer writes behind them
// next is with the system, at the end until it is on the disk: at every moment the file is as it was while it
// grew, and can be repaired, or complete.
class OutputFile {
 public:
  // Creates the directories and the file `path`, which must not exist.
  static Result<OutputFile> create(const std::string &path, Durability durability = Durability::file);
  OutputFile(OutputFile &&other) noexcept = default;
  OutputFile &operator=(OutputFile &&other) noexcept = default;
  // Closes; what was written stays under the temporary name.
  ~OutputFile() = default;

  const std::string &path() const { return disk_.path(); }
  std::uint64_t size() const { return size_; }  // bytes given so far, the highest offset

  Status append(Ref<GstBuffer> buffer);
  Status seek(std::uint64_t offset);
  Status flush();  // hands what is gathered to the kernel
  // About every second: writes what has been waiting; with Durability::interval makes it durable.
  Status tick();
  // The file itself, with all that could be written; what is gathered after a failure is given up. Nothing
  // may be appended any more.
  DiskFile &settled();
  // Takes room for so many bytes from the disk, where it can; what was not used goes back at the end.
  Status reserve(std::uint64_t bytes);
  // For an MP4 of fragments, when all is given: makes a plain one of it, where the disk takes an index; else
  // it stays as it grew, as it does with an Error that is `corrupt`.
  Status make_plain();
  // For a plain MP4: see core/disk. What was given is written; as before when it fails.
  Status move_index_to_front();
  // Makes the file durable under `final_path`, or, where something has that name, under the next free one
  // ("name-1.ext", "name-2.ext"...). Returns the name it got. The object is closed afterwards.
  Result<std::string> finish(const std::string &final_path);
  void discard();  // removes it

 private:
  OutputFile(DiskFile disk, Durability durability) : disk_(std::move(disk)), durability_(durability) {}

  void gather(Ref<GstBuffer> buffer, std::uint64_t bytes);
  Status write_patches(std::uint64_t from);
  Status settle();  // everything that was given is with the system

  struct Piece {
    Ref<GstBuffer> buffer;  // or, where it is none, bytes of copied_:
    std::size_t at;
    std::size_t size;
  };
  struct Patch {
    std::uint64_t offset;
    Ref<GstBuffer> buffer;
  };

  DiskFile disk_;
  Durability durability_;
  std::uint64_t offset_ = 0;  // of the next byte to be given
  std::uint64_t size_ = 0;
  std::uint64_t gathered_bytes_ = 0;  // they end at offset_
  std::chrono::steady_clock::time_point gathered_since_;
  std::vector<Piece> gathered_;
  std::size_t gathered_buffers_ = 0;
  std::vector<guint8> copied_;
  std::vector<Patch> patches_;
  bool unsynced_ = false;
  // Patches before it wait for the end: what followed the first patch, a moov, is of the head, too.
  std::uint64_t head_end_ = 0;
  std::uint64_t first_patched_end_ = 0;
  bool reserved_ = false;
};

// Replaces `path` as a whole: readers see the old text or the new, also after a crash.
Status replace_file(const std::string &path, const std::string &text);

}  // namespace rec
