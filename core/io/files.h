// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/digest.h"
#include "core/base/result.h"

namespace rec {

// Files that are there completely or not at all. Paths are absolute or relative to the working directory.
// Errors name the path and what the system said: not_found, denied, exists, unavailable (no space, I/O).

// Turns the errno of a failed call into an Error: "doing: path: what the system says".
Error error_of_errno(int number, std::string_view doing, std::string_view path);

Status make_directories(const std::string &path);       // mkdir -p, mode 0777 less umask
Status sync_file(const std::string &path);              // fsync of its bytes
Status sync_parent_directory(const std::string &path);  // fsync of the directory that holds `path`'s name
// Renames within one file system; `exists` when something has the name `to` already.
Status rename_noreplace(const std::string &from, const std::string &to);
// Replaces the content of `path` in one step (".<name>.part" beside it, fsync, rename, fsync directory).
// unavailable when another thread or process is just doing the same.
Status write_file_atomically(const std::string &path, std::string_view bytes);
// The same, with the pieces that `next` gives until one is empty; what it fails with leaves the file as it
// was.
Status write_pieces_atomically(const std::string &path, const std::function<Result<std::string>()> &next);
// The same, with the bytes of another file, which the kernel copies where it can. Creates the directory of
// `to`.
Status copy_file_atomically(const std::string &from, const std::string &to);
// Copies a stretch of one file to the same place of another that is there already, and syncs it; what lies
// before it and is not there yet becomes a hole. corrupt when `from` is shorter.
Status copy_stretch(const std::string &from, const std::string &to, std::uint64_t offset,
                    std::uint64_t bytes);
// False also where one of them is shorter.
Result<bool> is_same_stretch(const std::string &one, const std::string &other, std::uint64_t offset,
                             std::uint64_t bytes);
Status create_file(const std::string &path);  // empty; `exists` when there is one
// Renames over what has the name `to`, and syncs its directory; invalid_argument when it is on another file
// system.
Status rename_over(const std::string &from, const std::string &to);
// Whole content; corrupt when it is longer than `max_bytes`.
Result<std::string> read_file(const std::string &path, std::uint64_t max_bytes);
// Digest of `size_bytes` from `offset` on, streamed; corrupt when there are fewer. `is_cancelled` is asked
// now and then (it may be empty).
Result<std::string> digest_of_file(Hash hash, const std::string &path, std::uint64_t offset,
                                   std::uint64_t size_bytes, const std::function<bool()> &is_cancelled);
// Deletes it, and then the folders that have become empty, up to `root`, which stays. One that is not there
// is no error.
Status remove_file_below(const std::string &path, const std::string &root);
Status truncate_file(const std::string &path, std::uint64_t size_bytes);

// A file that is read here and there.
class RandomAccessFile {
 public:
  static Result<RandomAccessFile> open(const std::string &path);
  ~RandomAccessFile();
  RandomAccessFile(RandomAccessFile &&other) noexcept;
  RandomAccessFile &operator=(RandomAccessFile &&other) = delete;

  // Fills `out`; false when the file has not that many bytes there or cannot be read.
  bool read(std::uint64_t offset, std::span<std::uint8_t> out) const;

 private:
  explicit RandomAccessFile(int fd) : fd_(fd) {}
  int fd_;  // -1 after a move
};

struct FileFacts {
  std::uint64_t size_bytes = 0;
  UtcTime modified;
};
Result<FileFacts> file_facts(const std::string &path);  // not_found also for what is no regular file

// Which version of a file there is under a name: equal stamps, equal content, unless it was written to less
// than `kStampSettles` before the stamp was taken (file systems count time in steps).
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size_bytes = 0;
  UtcTime modified{};
  UtcTime changed{};  // its bytes or its name

  bool operator==(const FileStamp &) const = default;
};
inline constexpr Seconds kStampSettles{2};
Result<FileStamp> file_stamp(const std::string &path);

}  // namespace rec
