// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/common/output_file.h"

#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

namespace rec {
namespace {

constexpr std::size_t kMostPieces = 512;  // below IOV_MAX
constexpr std::uint64_t kEnoughBytes = std::uint64_t{256} * 1024;
constexpr std::chrono::milliseconds kLongest{200};
constexpr unsigned kMostNumbers = 10000;

Error error_of(const std::string &doing, const std::string &path, int error) {
  const Errc code = error == EEXIST                                       ? Errc::exists
                    : error == ENOENT                                     ? Errc::not_found
                    : error == EACCES || error == EPERM || error == EROFS ? Errc::denied
                    : error == ENAMETOOLONG || error == EINVAL            ? Errc::invalid_argument
                                                                          : Errc::unavailable;
  return {code, doing + " '" + path + "': " + g_strerror(error)};
}

std::string directory_of(const std::string &path) {
  const CString directory(g_path_get_dirname(path.c_str()));
  return directory.get();
}

// Writes all pieces at `offset`; the kernel may take any part of them at a time.
int write_all(int fd, std::vector<iovec> pieces, std::uint64_t offset) {
  std::size_t first = 0;
  while (first < pieces.size()) {
    const ssize_t n =
        pwritev(fd, &pieces[first], static_cast<int>(pieces.size() - first), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (n == 0) return ENOSPC;
    offset += static_cast<std::uint64_t>(n);
    auto left = static_cast<std::size_t>(n);
    while (first < pieces.size() && left >= pieces[first].iov_len) left -= pieces[first++].iov_len;
    if (left > 0) {
      pieces[first].iov_base = static_cast<char *>(pieces[first].iov_base) + left;
      pieces[first].iov_len -= left;
    }
  }
  return 0;
}

// rename() that fails with EEXIST instead of replacing, also where the file system lacks RENAME_NOREPLACE.
int rename_to_free_name(const char *from, const char *to) {
  if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  if (link(from, to) != 0) return errno;
  return unlink(from) == 0 ? 0 : errno;
}

}  // namespace

std::string part_path(const std::string &path) {
  const CString name(g_path_get_basename(path.c_str()));
  const std::string directory = directory_of(path);
  return (directory == "/" ? "" : directory) + "/." + name.get() + ".part";
}

std::string numbered_path(const std::string &path, unsigned number) {
  if (number == 0) return path;
  const std::size_t slash = path.rfind('/');
  std::size_t dot = path.rfind('.');
  if (dot == std::string::npos || (slash != std::string::npos && dot <= slash + 1)) dot = path.size();
  return path.substr(0, dot) + "-" + std::to_string(number) + path.substr(dot);
}

Status make_directories_for(const std::string &path) {
  const std::string directory = directory_of(path);
  if (g_mkdir_with_parents(directory.c_str(), 0777) != 0)
    return error_of("creating directory", directory, errno);
  return ok();
}

Status sync_folder_of(const std::string &path) {
  const std::string directory = directory_of(path);
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return error_of("opening directory", directory, errno);
  const int failed = fsync(fd) == 0 ? 0 : errno;
  close(fd);
  if (failed != 0 && failed != EINVAL) return error_of("syncing directory", directory, failed);
  return ok();
}

Status replace_file(const std::string &path, const std::string &text) {
  REC_CHECK(make_directories_for(path));
  ErrorOut e;
  // CONSISTENT | DURABLE: a temporary file, fsynced, renamed over the old one.
  if (!g_file_set_contents_full(
          path.c_str(), text.data(), static_cast<gssize>(text.size()),
          static_cast<GFileSetContentsFlags>(G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE),
          0666, e.out()))
    return Error{Errc::unavailable, std::string("writing '") + path + "': " + e->message};
  return ok();
}

Result<OutputFile> OutputFile::create(const std::string &path) {
  REC_CHECK(make_directories_for(path));
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) return error_of("creating", path, errno);
  return OutputFile(path, fd);
}

OutputFile::OutputFile(OutputFile &&other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      offset_(other.offset_),
      size_(other.size_),
      gathered_bytes_(std::exchange(other.gathered_bytes_, 0)),
      gathered_since_(other.gathered_since_),
      gathered_(std::move(other.gathered_)) {}

OutputFile &OutputFile::operator=(OutputFile &&other) noexcept {
  close_fd();
  path_ = std::move(other.path_);
  fd_ = std::exchange(other.fd_, -1);
  offset_ = other.offset_;
  size_ = other.size_;
  gathered_bytes_ = std::exchange(other.gathered_bytes_, 0);
  gathered_since_ = other.gathered_since_;
  gathered_ = std::move(other.gathered_);
  return *this;
}

OutputFile::~OutputFile() { close_fd(); }

void OutputFile::close_fd() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

Status OutputFile::append(Ref<GstBuffer> buffer) {
  const auto now = std::chrono::steady_clock::now();
  if (gathered_.empty()) gathered_since_ = now;
  gathered_bytes_ += gst_buffer_get_size(buffer.get());
  size_ = std::max(size_, offset_ + gathered_bytes_);
  gathered_.push_back(std::move(buffer));
  if (gathered_.size() >= kMostPieces || gathered_bytes_ >= kEnoughBytes || now - gathered_since_ >= kLongest)
    return flush();
  return ok();
}

Status OutputFile::seek(std::uint64_t offset) {
  REC_CHECK(flush());
  offset_ = offset;
  return ok();
}

Status OutputFile::flush() {
  if (gathered_.empty()) return ok();
  std::vector<std::unique_ptr<MappedBuffer>> maps;
  std::vector<iovec> pieces;
  maps.reserve(gathered_.size());
  pieces.reserve(gathered_.size());
  for (const auto &buffer : gathered_) {
    auto map = std::make_unique<MappedBuffer>(buffer.get());
    if (!*map) return Error{Errc::unavailable, "mapping a buffer for '" + path_ + "' failed"};
    if (map->size() == 0) continue;
    pieces.push_back({const_cast<guint8 *>(map->data()), map->size()});
    maps.push_back(std::move(map));
  }
  const std::uint64_t at = offset_;
  offset_ += gathered_bytes_;
  gathered_bytes_ = 0;
  const int failed = write_all(fd_, std::move(pieces), at);
  maps.clear();
  gathered_.clear();
  if (failed != 0) return error_of("writing", path_, failed);
  return ok();
}

Result<std::string> OutputFile::finish(const std::string &final_path) {
  REC_CHECK(flush());
  if (fsync(fd_) != 0) return error_of("syncing", path_, errno);
  const int closed = close(std::exchange(fd_, -1));
  if (closed != 0) return error_of("closing", path_, errno);
  REC_CHECK(make_directories_for(final_path));
  for (unsigned number = 0; number < kMostNumbers; ++number) {
    const std::string name = numbered_path(final_path, number);
    const int failed = rename_to_free_name(path_.c_str(), name.c_str());
    if (failed == 0) {
      REC_CHECK(sync_folder_of(name));
      return name;
    }
    if (failed != EEXIST) return error_of("renaming to '" + name + "'", path_, failed);
  }
  return Error{Errc::exists, "no free name beside '" + final_path + "'"};
}

void OutputFile::discard() {
  gathered_.clear();
  gathered_bytes_ = 0;
  close_fd();
  unlink(path_.c_str());
}

}  // namespace rec
