// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace rec::test {

// A disk that misbehaves, for files whose path contains a text. The program's own definitions of pwritev(),
// pread(), fallocate(), fsync(), fdatasync() and renameat2() stand before the C library's: link
// disk_faults.cpp in. One at a time; the disk is well again when it is gone.
class DiskFaults {
 public:
  explicit DiskFaults(const std::string &in_path);
  ~DiskFaults();  // releases what hangs
  DiskFaults(const DiskFaults &) = delete;
  DiskFaults &operator=(const DiskFaults &) = delete;

  void room(std::uint64_t bytes);  // so many more bytes fit (the last write is a short one), then ENOSPC
  void fail_writes(int error);     // 0: no more
  void fail_writes_after(unsigned good_ones, int error);
  void fail_syncs(int error);
  void fail_reads_from(std::uint64_t offset, int error);  // and behind it; 0: no more
  void write_at_most(std::size_t bytes);                  // per call
  void interrupt(bool every_other_call);                  // EINTR
  void hang(bool on);                                     // writes do not return until hang(false)
  void only_count();                                      // syncs succeed at once, and calls() stays empty
  bool somebody_hangs() const;
  std::uint64_t bytes_written() const;  // since the begin
  // What was called since the begin: "write", "fdatasync", "fsync <name>", "rename <new name>" and what
  // note() added, equal neighbours once.
  std::vector<std::string> calls() const;
  void note(const std::string &what);
};

}  // namespace rec::test
