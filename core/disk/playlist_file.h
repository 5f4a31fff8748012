// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/result.h"
#include "core/disk/disk_file.h"

namespace rec {

// A playlist that grows on disk by one write per segment, and that readers find valid at every instant.
// Nobody else writes it meanwhile: it is locked as DiskFile is. What a call has written is durable when it
// returns, and what could not be written is not there: the file says what it said before. Blocks on the disk.
class PlaylistFile {
 public:
  // Gives the text the name `path` or, where something has it, the next free one.
  static Result<PlaylistFile> create(const std::string &path, std::string_view text);
  // Goes on with what is there. `unavailable`: another process writes it; `not_found`.
  static Result<PlaylistFile> take(const std::string &path);

  const std::string &path() const { return path_; }
  // Lets others take it. The next call takes it back, which fails with `exists` when somebody wrote
  // meanwhile.
  void let_go();
  Result<std::string> read();
  // Says that only so many bytes of it are good: the next append() drops the others.
  void keep_only(std::uint64_t bytes) { size_ = bytes; }
  // Adds whole lines. Readers see all of them or none.
  Status append(std::string_view lines);
  // Readers see the old text or the new. Comes back, too, when somebody removed the file; another file in its
  // place is left alone: `exists`.
  Status replace(std::string_view text);

 private:
  PlaylistFile(DiskFile file, std::uint64_t size)
      : path_(file.path()), file_(std::move(file)), size_(size), there_(size) {}
  Status hold();

  std::string path_;
  std::optional<DiskFile> file_;  // while we hold it
  std::uint64_t size_;            // bytes that are good
  std::uint64_t there_;           // when we let it go: bytes with what a failure or a crash left behind them
};

}  // namespace rec
