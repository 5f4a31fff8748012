// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/io/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <limits>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "core/base/glib_ptr.h"

namespace rec {
namespace {

constexpr std::size_t kCopyBytes = std::size_t{256} * 1024;

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  Fd(const Fd &) = delete;
  Fd &operator=(const Fd &) = delete;
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

std::string directory_of(const std::string &path) {
  const auto parent = std::filesystem::path(path).parent_path();
  return parent.empty() ? std::string(".") : parent.string();
}

// "dir/.name.part": hidden, beside the final name, so that rename() stays within one file system.
std::string temp_beside(const std::string &path) {
  const std::filesystem::path p(path);
  return (p.parent_path() / ("." + p.filename().string() + ".part")).string();
}

// True when `fd` is the file of that name: not one that was renamed or removed since it was opened.
bool is_named(int fd, const std::string &path) {
  struct stat open_file {};
  struct stat named {};
  return ::fstat(fd, &open_file) == 0 && ::stat(path.c_str(), &named) == 0 &&
         open_file.st_ino == named.st_ino && open_file.st_dev == named.st_dev;
}

Status write_all(int fd, const char *data, std::size_t size, const std::string &path) {
  while (size > 0) {
    const ssize_t n = ::write(fd, data, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return error_of_errno(errno, "writing", path);
    data += n;
    size -= static_cast<std::size_t>(n);
  }
  return ok();
}

struct NamedFd {
  int fd;
  const std::string &path;
};

// How many bytes the kernel has copied by itself: where the file system can, by sharing them, or on the
// server that has both files. What it leaves is copied by who asks, and finds out why.
std::uint64_t copy_in_kernel(int in, int out, std::uint64_t offset, std::uint64_t bytes) {
  constexpr std::uint64_t kAtOnce = std::uint64_t{1} << 30;
  auto from = static_cast<off64_t>(offset);
  off64_t to = from;
  std::uint64_t copied = 0;
  while (copied < bytes) {
    const ssize_t n = ::copy_file_range(in, &from, out, &to, std::min(kAtOnce, bytes - copied), 0);
    if (n <= 0) break;
    copied += static_cast<std::uint64_t>(n);
  }
  return copied;
}

// Copies to the same place, until so many bytes are copied or there are no more; tells how many.
Result<std::uint64_t> copy_bytes(const NamedFd &in, const NamedFd &out, std::uint64_t offset,
                                 std::uint64_t bytes) {
  std::uint64_t copied = copy_in_kernel(in.fd, out.fd, offset, bytes);
  const auto buffer = std::make_unique<std::array<char, kCopyBytes>>();
  while (copied < bytes) {
    const auto at = static_cast<off_t>(offset + copied);
    const ssize_t n = ::pread(in.fd, buffer->data(), std::min<std::uint64_t>(kCopyBytes, bytes - copied), at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return error_of_errno(errno, "reading", in.path);
    if (n == 0) break;
    const ssize_t m = ::pwrite(out.fd, buffer->data(), static_cast<std::size_t>(n), at);
    if (m < 0 && errno == EINTR) continue;
    if (m < 0) return error_of_errno(errno, "writing", out.path);
    copied += static_cast<std::uint64_t>(m);
  }
  return copied;
}

// Opens the temp file, lets `fill` write it, and renames it over `path`. The temp file's name is always the
// same, so that what a killed process left is used again; its lock keeps two from writing at once.
template <typename Fill>
Status replace(const std::string &path, Fill fill) {
  const std::string temp = temp_beside(path);
  Fd out(::open(temp.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
  if (!out) return error_of_errno(errno, "creating", temp);
  if (::flock(out.get(), LOCK_EX | LOCK_NB) != 0 || !is_named(out.get(), temp))
    return Error{Errc::unavailable, path + " is being written by somebody else"};
  if (::ftruncate(out.get(), 0) != 0) return error_of_errno(errno, "emptying", temp);
  Status filled = fill(out.get(), temp);
  if (filled && ::fsync(out.get()) != 0) filled = error_of_errno(errno, "syncing", temp);
  if (filled && ::rename(temp.c_str(), path.c_str()) != 0) filled = error_of_errno(errno, "renaming", path);
  if (!filled) {
    ::unlink(temp.c_str());
    return filled;
  }
  return sync_parent_directory(path);
}

UtcTime to_utc(const struct timespec &time) {
  return UtcTime(std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec)));
}

}  // namespace

Error error_of_errno(int number, std::string_view doing, std::string_view path) {
  Errc code = Errc::unavailable;
  if (number == ENOENT || number == ENOTDIR) code = Errc::not_found;
  if (number == EACCES || number == EPERM || number == EROFS) code = Errc::denied;
  if (number == EEXIST) code = Errc::exists;
  if (number == EINVAL || number == ENAMETOOLONG || number == EISDIR || number == EXDEV)
    code = Errc::invalid_argument;
  return {code,
          std::string(doing) + " " + std::string(path) + ": " + std::generic_category().message(number)};
}

Status make_directories(const std::string &path) {
  std::error_code e;
  std::filesystem::create_directories(path, e);
  if (e) return error_of_errno(e.value(), "creating directory", path);
  return ok();
}

Status sync_file(const std::string &path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return error_of_errno(errno, "syncing", path);
  return ok();
}

Status sync_parent_directory(const std::string &path) {
  const std::string directory = directory_of(path);
  const Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return error_of_errno(errno, "syncing directory", directory);
  return ok();
}

Status rename_noreplace(const std::string &from, const std::string &to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return ok();
  if (errno != EINVAL && errno != ENOSYS) return error_of_errno(errno, "renaming to", to);
  // A file system without RENAME_NOREPLACE: link() refuses a name that is taken, too.
  if (::link(from.c_str(), to.c_str()) != 0) return error_of_errno(errno, "renaming to", to);
  if (::unlink(from.c_str()) != 0) return error_of_errno(errno, "removing", from);
  return ok();
}

Status write_file_atomically(const std::string &path, std::string_view bytes) {
  return replace(
      path, [&](int fd, const std::string &temp) { return write_all(fd, bytes.data(), bytes.size(), temp); });
}

Status write_pieces_atomically(const std::string &path, const std::function<Result<std::string>()> &next) {
  return replace(path, [&](int fd, const std::string &temp) -> Status {
    for (;;) {
      REC_TRY(const std::string piece, next());
      if (piece.empty()) return ok();
      REC_CHECK(write_all(fd, piece.data(), piece.size(), temp));
    }
  });
}

Status copy_file_atomically(const std::string &from, const std::string &to) {
  const Fd in(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!in) return error_of_errno(errno, "opening", from);
  REC_CHECK(make_directories(directory_of(to)));
  return replace(to, [&](int fd, const std::string &temp) -> Status {
    REC_CHECK(copy_bytes({in.get(), from}, {fd, temp}, 0, std::numeric_limits<std::uint64_t>::max()));
    return ok();
  });
}

Status copy_stretch(const std::string &from, const std::string &to, std::uint64_t offset,
                    std::uint64_t bytes) {
  const Fd in(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!in) return error_of_errno(errno, "opening", from);
  const Fd out(::open(to.c_str(), O_WRONLY | O_CLOEXEC));
  if (!out) return error_of_errno(errno, "opening", to);
  REC_TRY(const std::uint64_t copied, copy_bytes({in.get(), from}, {out.get(), to}, offset, bytes));
  if (copied < bytes) return Error{Errc::corrupt, from + " is shorter than it was"};
  if (::fsync(out.get()) != 0) return error_of_errno(errno, "syncing", to);
  return ok();
}

Result<bool> is_same_stretch(const std::string &one, const std::string &other, std::uint64_t offset,
                             std::uint64_t bytes) {
  REC_TRY(const RandomAccessFile a, RandomAccessFile::open(one));
  REC_TRY(const RandomAccessFile b, RandomAccessFile::open(other));
  std::vector<std::uint8_t> of_a(kCopyBytes);
  std::vector<std::uint8_t> of_b(kCopyBytes);
  while (bytes > 0) {
    const std::size_t piece = std::min<std::uint64_t>(kCopyBytes, bytes);
    if (!a.read(offset, {of_a.data(), piece}) || !b.read(offset, {of_b.data(), piece})) return false;
    if (std::memcmp(of_a.data(), of_b.data(), piece) != 0) return false;
    offset += piece;
    bytes -= piece;
  }
  return true;
}

Status create_file(const std::string &path) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!fd) return error_of_errno(errno, "creating", path);
  return ok();
}

Status rename_over(const std::string &from, const std::string &to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return error_of_errno(errno, "renaming", to);
  return sync_parent_directory(to);
}

Result<std::string> read_file(const std::string &path, std::uint64_t max_bytes) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return error_of_errno(errno, "opening", path);
  std::string bytes;
  std::array<char, std::size_t{16} * 1024> chunk;
  for (;;) {
    const ssize_t n = ::read(fd.get(), chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return error_of_errno(errno, "reading", path);
    if (n == 0) return bytes;
    bytes.append(chunk.data(), static_cast<std::size_t>(n));
    if (bytes.size() > max_bytes) return Error{Errc::corrupt, path + " is longer than it may be"};
  }
}

Result<std::string> digest_of_file(Hash hash, const std::string &path, std::uint64_t offset,
                                   std::uint64_t size_bytes, const std::function<bool()> &is_cancelled) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return error_of_errno(errno, "opening", path);
  Hasher hasher(hash);
  const auto buffer = std::make_unique<std::array<char, kCopyBytes>>();
  while (size_bytes > 0) {
    if (is_cancelled && is_cancelled()) return Error{Errc::cancelled, "cancelled"};
    const ssize_t n = ::pread(fd.get(), buffer->data(), std::min<std::uint64_t>(buffer->size(), size_bytes),
                              static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return error_of_errno(errno, "reading", path);
    if (n == 0) return Error{Errc::corrupt, path + " is shorter than it was"};
    offset += static_cast<std::uint64_t>(n);
    hasher.add({buffer->data(), static_cast<std::size_t>(n)});
    size_bytes -= static_cast<std::uint64_t>(n);
  }
  return hasher.raw();
}

Status remove_file_below(const std::string &path, const std::string &root) {
  std::error_code e;
  std::filesystem::remove(path, e);
  if (e) return error_of_errno(e.value(), "remove", path);
  for (auto at = std::filesystem::path(path).parent_path(); at.string().starts_with(root + "/");
       at = at.parent_path()) {
    if (!std::filesystem::is_empty(at, e) || e || !std::filesystem::remove(at, e)) break;
  }
  return ok();
}

Status truncate_file(const std::string &path, std::uint64_t size_bytes) {
  if (::truncate(path.c_str(), static_cast<off_t>(size_bytes)) != 0)
    return error_of_errno(errno, "cutting", path);
  return ok();
}

Result<RandomAccessFile> RandomAccessFile::open(const std::string &path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return error_of_errno(errno, "opening", path);
  return RandomAccessFile(fd);
}

RandomAccessFile::RandomAccessFile(RandomAccessFile &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

RandomAccessFile::~RandomAccessFile() {
  if (fd_ >= 0) ::close(fd_);
}

bool RandomAccessFile::read(std::uint64_t offset, std::span<std::uint8_t> out) const {
  while (!out.empty()) {
    const ssize_t n = ::pread(fd_, out.data(), out.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    out = out.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return true;
}

Result<FileFacts> file_facts(const std::string &path) {
  struct stat s {};
  if (::stat(path.c_str(), &s) != 0) return error_of_errno(errno, "looking at", path);
  if (!S_ISREG(s.st_mode)) return Error{Errc::not_found, path + " is not a regular file"};
  return FileFacts{.size_bytes = static_cast<std::uint64_t>(s.st_size), .modified = to_utc(s.st_mtim)};
}

Result<FileStamp> file_stamp(const std::string &path) {
  struct stat s {};
  if (::stat(path.c_str(), &s) != 0) return error_of_errno(errno, "looking at", path);
  return FileStamp{.device = s.st_dev,
                   .inode = s.st_ino,
                   .size_bytes = static_cast<std::uint64_t>(s.st_size),
                   .modified = to_utc(s.st_mtim),
                   .changed = to_utc(s.st_ctim)};
}

}  // namespace rec
