// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/disk/disk_file.h"

#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include "core/base/glib_ptr.h"

namespace rec {
namespace {

constexpr unsigned kMostNumbers = 10000;
constexpr std::size_t kCopyBytes = std::size_t{256} * 1024;

std::string directory_of(const std::string &path) {
  const CString directory(g_path_get_dirname(path.c_str()));
  return directory.get();
}

const char *advice_for(int number) {
  switch (number) {
    case ENOSPC:
      return "; free some space";
    case EDQUOT:
      return "; raise the quota or free some space";
    case EROFS:
      return "; mount the file system for writing";
    case EIO:
      return "; look at the disk, the kernel's log tells more";
    case EACCES:
    case EPERM:
      return "; let this user write there";
    default:
      return "";
  }
}

// rename() that fails with EEXIST instead of replacing, also where the file system lacks RENAME_NOREPLACE.
int rename_to_free_name(const char *from, const char *to) {
  if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  if (link(from, to) != 0) return errno;
  return unlink(from) == 0 ? 0 : errno;
}

// NFS and old kernels.
bool lacks_unnamed_files(int number) {
  return number == EOPNOTSUPP || number == EISDIR || number == EINVAL || number == ENOSYS;
}

// The last one of the path that is there: on the same file system.
std::string nearest_folder(std::string folder) {
  while (access(folder.c_str(), F_OK) != 0 && folder != "/" && folder != ".") folder = directory_of(folder);
  return folder;
}

// Takes what was written off the front.
void drop_written(std::vector<iovec> &pieces, std::size_t &first, std::size_t written) {
  while (first < pieces.size() && written >= pieces[first].iov_len) written -= pieces[first++].iov_len;
  if (written == 0) return;
  pieces[first].iov_base = static_cast<char *>(pieces[first].iov_base) + written;
  pieces[first].iov_len -= written;
}

// Or was until just now.
bool is_somebody_elses(const Result<DiskFile> &file) {
  return !file && (file.error().code == Errc::unavailable || file.error().code == Errc::not_found);
}

}  // namespace

Error disk_error(std::string_view doing, const std::string &path, int number) {
  Errc code = Errc::unavailable;
  if (number == EEXIST) code = Errc::exists;
  if (number == ENOENT || number == ENOTDIR) code = Errc::not_found;
  if (number == EACCES || number == EPERM || number == EROFS) code = Errc::denied;
  if (number == ENAMETOOLONG || number == EINVAL || number == EISDIR) code = Errc::invalid_argument;
  return {code, std::string(doing) + " '" + path + "': " + g_strerror(number) + advice_for(number)};
}

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
    return disk_error("creating directory", directory, errno);
  return ok();
}

Status sync_folder_of(const std::string &path) {
  const std::string directory = directory_of(path);
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return disk_error("opening directory", directory, errno);
  const int failed = fsync(fd) == 0 ? 0 : errno;
  close(fd);
  if (failed != 0 && failed != EINVAL) return disk_error("syncing directory", directory, failed);
  return ok();
}

bool DiskFile::has_its_name() const {
  struct stat opened {};
  struct stat named {};
  return fstat(fd_, &opened) == 0 && stat(path_.c_str(), &named) == 0 && opened.st_ino == named.st_ino &&
         opened.st_dev == named.st_dev;
}

// False when somebody else has it, or when the name belongs to another file by now.
bool DiskFile::lock() { return flock(fd_, LOCK_EX | LOCK_NB) == 0 && has_its_name(); }

Result<DiskFile> DiskFile::create(const std::string &path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) return disk_error("creating", path, errno);
  DiskFile file(path, fd);
  // Whoever looks for dead writers' files may have been faster.
  if (!file.lock()) return Error{Errc::exists, "somebody else has taken '" + path + "'"};
  return file;
}

Result<DiskFile> DiskFile::create_or_take(const std::string &path) {
  auto file = create(path);
  if (file || file.error().code != Errc::exists) return file;
  file = take(path);
  if (file) REC_CHECK(file->truncate(0));
  return file;
}

Result<DiskFile> DiskFile::create_for(const std::string &path) {
  const int fd = open(nearest_folder(directory_of(path)).c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0666);
  if (fd >= 0) return DiskFile(path, fd, false);
  if (!lacks_unnamed_files(errno)) return disk_error("creating", path, errno);
  REC_CHECK(make_directories_for(path));
  auto file = create_or_take(part_path(path));
  for (unsigned number = 1; is_somebody_elses(file) && number < kMostNumbers; ++number)
    file = create_or_take(part_path(numbered_path(path, number)));
  return file;
}

Result<DiskFile> DiskFile::create_temporary(const std::string &wanted_folder) {
  const std::string folder = nearest_folder(wanted_folder);
  std::string path = folder + "/temporary file";
  const int fd = open(folder.c_str(), O_RDWR | O_TMPFILE | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0) return DiskFile(std::move(path), fd, false);
  if (!lacks_unnamed_files(errno)) return disk_error("creating", path, errno);
  const CString name(g_build_filename(folder.c_str(), ".temporary-XXXXXX", nullptr));
  const int named = g_mkstemp_full(name.get(), O_RDWR | O_CLOEXEC, 0600);
  if (named < 0) return disk_error("creating", path, errno);
  unlink(name.get());
  return DiskFile(std::move(path), named, false);
}

Result<DiskFile> DiskFile::take(const std::string &path) {
  const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return disk_error("opening", path, errno);
  DiskFile file(path, fd);
  struct stat facts {};
  if (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode))
    return Error{Errc::not_found, "'" + path + "' is not a regular file"};
  if (!file.lock()) return Error{Errc::unavailable, "'" + path + "' is being written by somebody else"};
  return file;
}

Result<DiskFile> DiskFile::open_to_read(const std::string &path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return disk_error("opening", path, errno);
  DiskFile file(path, fd);
  struct stat facts {};
  if (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode))
    return Error{Errc::not_found, "'" + path + "' is not a regular file"};
  return file;
}

DiskFile::DiskFile(DiskFile &&other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), is_named_(other.is_named_) {}

DiskFile &DiskFile::operator=(DiskFile &&other) noexcept {
  close_fd();
  path_ = std::move(other.path_);
  fd_ = std::exchange(other.fd_, -1);
  is_named_ = other.is_named_;
  return *this;
}

DiskFile::~DiskFile() { close_fd(); }

void DiskFile::close_fd() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

std::string DiskFile::path_by_fd() const { return "/proc/self/fd/" + std::to_string(fd_); }

Result<std::uint64_t> DiskFile::size() const {
  struct stat facts {};
  if (fstat(fd_, &facts) != 0) return disk_error("looking at", path_, errno);
  return static_cast<std::uint64_t>(facts.st_size);
}

bool DiskFile::read(std::uint64_t offset, std::span<std::uint8_t> out) const {
  while (!out.empty()) {
    const ssize_t n = pread(fd_, out.data(), out.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    out = out.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return true;
}

Status DiskFile::write(std::uint64_t offset, std::vector<iovec> pieces) {
  std::size_t first = 0;
  while (first < pieces.size()) {
    const ssize_t n =
        pwritev(fd_, &pieces[first], static_cast<int>(pieces.size() - first), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return disk_error("writing", path_, n < 0 ? errno : ENOSPC);
    offset += static_cast<std::uint64_t>(n);
    drop_written(pieces, first, static_cast<std::size_t>(n));
  }
  return ok();
}

Status DiskFile::write(std::uint64_t offset, std::string_view bytes) {
  if (bytes.empty()) return ok();
  return write(offset, {{const_cast<char *>(bytes.data()), bytes.size()}});
}

Status DiskFile::copy(const DiskFile &from, std::uint64_t offset, std::uint64_t bytes, std::uint64_t to) {
  auto in = static_cast<off_t>(offset);
  auto out = static_cast<off_t>(to);
  while (bytes > 0) {
    const ssize_t n = copy_file_range(from.fd_, &in, fd_, &out, bytes, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;  // the file system cannot
    bytes -= static_cast<std::uint64_t>(n);
  }
  const auto buffer = std::make_unique<std::array<std::uint8_t, kCopyBytes>>();
  while (bytes > 0) {
    const std::size_t n = std::min<std::uint64_t>(bytes, buffer->size());
    if (!from.read(static_cast<std::uint64_t>(in), std::span(*buffer).first(n)))
      return disk_error("reading", from.path_, EIO);
    REC_CHECK(write(static_cast<std::uint64_t>(out), {{buffer->data(), n}}));
    in += static_cast<off_t>(n);
    out += static_cast<off_t>(n);
    bytes -= n;
  }
  return ok();
}

Status DiskFile::truncate(std::uint64_t bytes) {
  while (ftruncate(fd_, static_cast<off_t>(bytes)) != 0)
    if (errno != EINTR) return disk_error("cutting", path_, errno);
  return ok();
}

Status DiskFile::reserve(std::uint64_t bytes) {
  while (fallocate(fd_, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(bytes)) != 0) {
    if (errno == EOPNOTSUPP || errno == ENOSYS) return ok();
    if (errno != EINTR) return disk_error("writing", path_, errno);
  }
  return ok();
}

Status DiskFile::sync() {
  if (fsync(fd_) != 0) return disk_error("syncing", path_, errno);
  return ok();
}

Status DiskFile::sync_data() {
  if (fdatasync(fd_) != 0) return disk_error("syncing", path_, errno);
  return ok();
}

int DiskFile::give_free_name(const char *name) const {
  if (is_named_) return rename_to_free_name(path_.c_str(), name);
  const int linked = linkat(AT_FDCWD, path_by_fd().c_str(), AT_FDCWD, name, AT_SYMLINK_FOLLOW);
  return linked == 0 ? 0 : errno;
}

Result<std::string> DiskFile::publish(const std::string &wanted, bool durable) {
  REC_CHECK(make_directories_for(wanted));
  for (unsigned number = 0; number < kMostNumbers; ++number) {
    const std::string name = numbered_path(wanted, number);
    const int failed = give_free_name(name.c_str());
    if (failed == EEXIST) continue;
    if (failed != 0) return disk_error("renaming to '" + name + "'", path_, failed);
    close_fd();
    if (durable) REC_CHECK(sync_folder_of(name));
    return name;
  }
  return Error{Errc::exists, "no free name beside '" + wanted + "'"};
}

Status DiskFile::replace(DiskFile &other) {
  if (rename(path_.c_str(), other.path_.c_str()) != 0)
    return disk_error("renaming to '" + other.path_ + "'", path_, errno);
  path_ = other.path_;
  other.close_fd();
  return ok();
}

void DiskFile::discard() {
  if (fd_ >= 0 && is_named_) unlink(path_.c_str());  // while it is locked: nobody else's by now
  close_fd();
}

Result<std::string> write_new_file(const std::string &path, std::string_view bytes) {
  REC_TRY(DiskFile file, DiskFile::create_for(path));
  Status written = file.write(0, bytes);
  if (written) written = file.sync();
  auto name = written ? file.publish(path, true) : Result<std::string>(std::move(written).error());
  if (!name) file.discard();
  return name;
}

}  // namespace rec
