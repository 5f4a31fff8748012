// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <sys/uio.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace rec {

// A file that one process at a time writes: it is locked (flock) while it is open, and the kernel drops the
// lock when the process dies. Every call may wait for the disk, goes on after signals and partial writes, and
// returns Errors that name the file, say what the system said and what to do about it. One thread at a time.
class DiskFile {
 public:
  // Creates `path`. Errors: exists = there is such a file.
  static Result<DiskFile> create(const std::string &path);
  // The same, or an empty one in the place of what a dead writer has left there. Errors: unavailable = its
  // writer lives.
  static Result<DiskFile> create_or_take(const std::string &path);
  // What is to be called `path`. Until publish() it has no name: what a killed process leaves of it is
  // nothing. On a file system without such files it is part_path(path), or that with a number while somebody
  // writes it, which the next one takes over from a dead writer.
  static Result<DiskFile> create_for(const std::string &path);
  // What never gets a name, on the disk of `folder`, which need not exist yet: it is gone with the last who
  // has it open.
  static Result<DiskFile> create_temporary(const std::string &folder);
  // Opens what a dead writer left. Errors: unavailable = its writer lives, not_found.
  static Result<DiskFile> take(const std::string &path);
  // Opens a complete file, for reading only and without a lock. Errors: not_found.
  static Result<DiskFile> open_to_read(const std::string &path);
  ~DiskFile();  // closes; the file stays
  DiskFile(DiskFile &&other) noexcept;
  DiskFile &operator=(DiskFile &&other) noexcept;

  const std::string &path() const { return path_; }
  // A path by which this process opens it, whatever its name, while this is open.
  std::string path_by_fd() const;
  int fd() const { return fd_; }  // for a child process
  // Whether path() still names this file: nobody has removed, renamed or replaced it.
  bool has_its_name() const;
  Result<std::uint64_t> size() const;
  // Fills `out`; false when the file has not that many bytes there or cannot be read.
  bool read(std::uint64_t offset, std::span<std::uint8_t> out) const;
  Status write(std::uint64_t offset, std::vector<iovec> pieces);
  Status write(std::uint64_t offset, std::string_view bytes);
  // Appends `bytes` of another file at `to`, without reading them where the file system can do that.
  Status copy(const DiskFile &from, std::uint64_t offset, std::uint64_t bytes, std::uint64_t to);
  Status truncate(std::uint64_t bytes);
  // Takes room on the disk for so many bytes, where the file system can; the size stays. The room that is
  // left goes with truncate().
  Status reserve(std::uint64_t bytes);
  Status sync();       // fsync
  Status sync_data();  // fdatasync
  // Gives the file the name `wanted` or, where something has it, the next free one ("name-1.ext",
  // "name-2.ext"...), never replacing anything. `durable`: the directory is synced, too. Returns the name
  // that it got. The object is closed afterwards.
  Result<std::string> publish(const std::string &wanted, bool durable);
  // Puts this file in the place of `other`, which is closed and gone then.
  Status replace(DiskFile &other);
  void discard();  // removes it

 private:
  DiskFile(std::string path, int fd, bool is_named = true)
      : path_(std::move(path)), fd_(fd), is_named_(is_named) {}
  int give_free_name(const char *name) const;
  bool lock();
  void close_fd();

  std::string path_;
  int fd_ = -1;
  bool is_named_ = true;  // path_ is in its folder
};

// ".<name>.part" beside `path`: where a file grows before it is complete.
std::string part_path(const std::string &path);
// The name that numbering gives: "name-2.ext"; 0 is the name itself.
std::string numbered_path(const std::string &path, unsigned number);
// A whole file, durable under `path` or the next free name, which it returns.
Result<std::string> write_new_file(const std::string &path, std::string_view bytes);
// Makes a rename in `path`'s directory durable.
Status sync_folder_of(const std::string &path);
// Creates the directories above `path`.
Status make_directories_for(const std::string &path);
// "doing 'path': what the system says; what to do".
Error disk_error(std::string_view doing, const std::string &path, int number);

}  // namespace rec
