// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/common/disk_faults.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>

namespace rec::test {
namespace {

struct Faults {
  std::mutex mutex;
  std::condition_variable changed;
  std::string in_path;  // "": none
  std::optional<std::uint64_t> room;
  int write_error = 0;
  unsigned good_writes = 0;  // before write_error
  int sync_error = 0;
  int read_error = 0;
  std::uint64_t unreadable_from = 0;
  bool only_counts = false;
  std::uint64_t written = 0;
  std::size_t most = 0;  // bytes per write, 0: all
  bool interrupts = false;
  bool interrupted = false;
  bool hangs = false;
  unsigned hanging = 0;
  std::vector<std::string> calls;
};
Faults &faults() {
  static Faults all;
  return all;
}

std::string path_of(int fd) {
  std::array<char, 4096> path{};
  const ssize_t n = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path.data(), path.size());
  return n > 0 ? std::string(path.data(), static_cast<std::size_t>(n)) : "";
}
std::string name_of(int fd) { return std::filesystem::path(path_of(fd)).filename().string(); }

bool concerns(const Faults &f, int fd) {
  return !f.in_path.empty() && path_of(fd).find(f.in_path) != std::string::npos;
}

void log(Faults &f, const std::string &call) {
  if (f.only_counts) return;
  if (f.calls.empty() || f.calls.back() != call) f.calls.push_back(call);
}

// How many bytes this write may take; an errno below 0.
ssize_t allowance(int fd, std::size_t wanted) {
  Faults &f = faults();
  std::unique_lock lock(f.mutex);
  if (!concerns(f, fd)) return static_cast<ssize_t>(wanted);
  log(f, "write");
  ++f.hanging;
  f.changed.wait(lock, [&] { return !f.hangs; });
  --f.hanging;
  if (f.interrupts && (f.interrupted = !f.interrupted)) return -EINTR;
  if (f.write_error != 0 && f.good_writes == 0) return -f.write_error;
  if (f.good_writes > 0) --f.good_writes;
  if (f.room && *f.room == 0) return -ENOSPC;
  std::size_t bytes = wanted;
  if (f.most > 0) bytes = std::min(bytes, f.most);
  if (f.room) {
    bytes = std::min<std::uint64_t>(bytes, *f.room);
    *f.room -= bytes;
  }
  f.written += bytes;
  return static_cast<ssize_t>(bytes);
}

// 0: the real call; an errno below 0: fail; 1: nothing to do.
int sync_outcome(int fd, const char *call) {
  Faults &f = faults();
  const std::lock_guard lock(f.mutex);
  if (!f.in_path.empty()) log(f, call + std::string(" ") + name_of(fd));
  if (!concerns(f, fd)) return 0;
  return f.only_counts ? 1 : -f.sync_error;
}

template <typename F>
F real(const char *name) {
  return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}

}  // namespace

DiskFaults::DiskFaults(const std::string &in_path) {
  Faults &f = faults();
  const std::lock_guard lock(f.mutex);
  f.in_path = in_path;
  f.calls.clear();
  f.written = 0;
}

DiskFaults::~DiskFaults() {
  Faults &f = faults();
  const std::lock_guard lock(f.mutex);
  f.in_path.clear();
  f.room.reset();
  f.write_error = f.sync_error = f.read_error = 0;
  f.only_counts = false;
  f.good_writes = 0;
  f.most = 0;
  f.interrupts = f.hangs = false;
  f.changed.notify_all();
}

void DiskFaults::fail_reads_from(std::uint64_t offset, int error) {
  const std::lock_guard lock(faults().mutex);
  faults().unreadable_from = offset;
  faults().read_error = error;
}

void DiskFaults::room(std::uint64_t bytes) {
  const std::lock_guard lock(faults().mutex);
  faults().room = bytes;
}
void DiskFaults::fail_writes(int error) {
  const std::lock_guard lock(faults().mutex);
  faults().write_error = error;
}
void DiskFaults::fail_writes_after(unsigned good_ones, int error) {
  const std::lock_guard lock(faults().mutex);
  faults().write_error = error;
  faults().good_writes = good_ones;
}
void DiskFaults::fail_syncs(int error) {
  const std::lock_guard lock(faults().mutex);
  faults().sync_error = error;
}
void DiskFaults::write_at_most(std::size_t bytes) {
  const std::lock_guard lock(faults().mutex);
  faults().most = bytes;
}
void DiskFaults::interrupt(bool every_other_call) {
  const std::lock_guard lock(faults().mutex);
  faults().interrupts = every_other_call;
}
void DiskFaults::hang(bool on) {
  const std::lock_guard lock(faults().mutex);
  faults().hangs = on;
  faults().changed.notify_all();
}
void DiskFaults::only_count() {
  const std::lock_guard lock(faults().mutex);
  faults().only_counts = true;
}
std::uint64_t DiskFaults::bytes_written() const {
  const std::lock_guard lock(faults().mutex);
  return faults().written;
}
bool DiskFaults::somebody_hangs() const {
  const std::lock_guard lock(faults().mutex);
  return faults().hanging > 0;
}
std::vector<std::string> DiskFaults::calls() const {
  const std::lock_guard lock(faults().mutex);
  return faults().calls;
}
void DiskFaults::note(const std::string &what) {
  const std::lock_guard lock(faults().mutex);
  log(faults(), what);
}

}  // namespace rec::test

using namespace rec::test;

extern "C" {

ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t offset) {
  std::size_t wanted = 0;
  for (int i = 0; i < count; ++i) wanted += pieces[i].iov_len;
  const ssize_t allowed = allowance(fd, wanted);
  if (allowed < 0) {
    errno = static_cast<int>(-allowed);
    return -1;
  }
  std::vector<iovec> some;
  std::size_t left = static_cast<std::size_t>(allowed);
  for (int i = 0; i < count && left > 0; ++i) {
    some.push_back({pieces[i].iov_base, std::min(pieces[i].iov_len, left)});
    left -= some.back().iov_len;
  }
  static const auto next = real<ssize_t (*)(int, const struct iovec *, int, off_t)>("pwritev64");
  return next(fd, some.data(), static_cast<int>(some.size()), offset);
}

ssize_t pread(int fd, void *to, size_t bytes, off_t offset) {
  {
    Faults &f = faults();
    const std::lock_guard lock(f.mutex);
    const bool is_beyond = static_cast<std::uint64_t>(offset) + bytes > f.unreadable_from;
    if (concerns(f, fd) && f.read_error != 0 && is_beyond) {
      errno = f.read_error;
      return -1;
    }
  }
  static const auto next = real<ssize_t (*)(int, void *, size_t, off_t)>("pread64");
  return next(fd, to, bytes, offset);
}

int fallocate(int fd, int mode, off_t offset, off_t bytes) {
  {
    Faults &f = faults();
    const std::lock_guard lock(f.mutex);
    const bool is_full = concerns(f, fd) && f.room && *f.room < static_cast<std::uint64_t>(bytes);
    if (is_full || (concerns(f, fd) && f.write_error != 0)) {
      errno = is_full ? ENOSPC : f.write_error;
      return -1;
    }
  }
  static const auto next = real<int (*)(int, int, off_t, off_t)>("fallocate64");
  return next(fd, mode, offset, bytes);
}

int fsync(int fd) {
  if (const int outcome = sync_outcome(fd, "fsync"); outcome != 0) {
    errno = outcome < 0 ? -outcome : errno;
    return outcome < 0 ? -1 : 0;
  }
  static const auto next = real<int (*)(int)>("fsync");
  return next(fd);
}

int fdatasync(int fd) {
  if (const int outcome = sync_outcome(fd, "fdatasync"); outcome != 0) {
    errno = outcome < 0 ? -outcome : errno;
    return outcome < 0 ? -1 : 0;
  }
  static const auto next = real<int (*)(int)>("fdatasync");
  return next(fd);
}

int renameat2(int from_directory, const char *from, int to_directory, const char *to,
              unsigned flags) noexcept {
  {
    Faults &f = faults();
    const std::lock_guard lock(f.mutex);
    if (!f.in_path.empty()) log(f, "rename " + std::filesystem::path(to).filename().string());
  }
  static const auto next = real<int (*)(int, const char *, int, const char *, unsigned)>("renameat2");
  return next(from_directory, from, to_directory, to, flags);
}
}
