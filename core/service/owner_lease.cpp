// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/owner_lease.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <map>
#include <random>
#include <system_error>
#include <utility>

#include "core/base/glib_ptr.h"
#include "core/base/sync.h"
#include "core/io/files.h"

namespace rec {
namespace {

// One name per file, however it was spelt; the file need not exist yet.
std::string canonical(const std::string &path) {
  std::error_code e;
  const auto whole = std::filesystem::weakly_canonical(std::filesystem::absolute(path, e), e);
  return e ? path : whole.string();
}

std::string lock_path(const std::string &catalogue_path, const std::string &owner) {
  return canonical(catalogue_path) + "-owners/" + owner;
}

}  // namespace

Result<OwnerLease> OwnerLease::create(const std::string &catalogue_path) {
  REC_CHECK(make_directories(lock_path(catalogue_path, "")));
  const CString uuid(g_uuid_string_random());
  std::string path = lock_path(catalogue_path, uuid.get());
  // Locked under another name first: under its own name the file is never seen unlocked.
  const std::string unborn = lock_path(catalogue_path, std::string(".") + uuid.get());
  const int fd = ::open(unborn.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) return error_of_errno(errno, "creating", unborn);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0 || ::rename(unborn.c_str(), path.c_str()) != 0) {
    Error error = error_of_errno(errno, "locking", unborn);
    ::unlink(unborn.c_str());
    ::close(fd);
    return error;
  }
  return OwnerLease(fd, uuid.get(), std::move(path));
}

bool OwnerLease::is_alive(const std::string &catalogue_path, const std::string &owner) {
  if (owner.empty()) return false;
  const int fd = ::open(lock_path(catalogue_path, owner).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno != ENOENT && errno != ENOTDIR;
  // Shared, so that two who ask at the same time do not take each other for the owner.
  const bool alive = ::flock(fd, LOCK_SH | LOCK_NB) != 0;
  ::close(fd);
  return alive;
}

void OwnerLease::forget_dead(const std::string &catalogue_path, const std::vector<std::string> &keep) {
  std::error_code e;
  for (const auto &entry : std::filesystem::directory_iterator(lock_path(catalogue_path, ""), e)) {
    const std::string owner = entry.path().filename().string();
    if (owner.starts_with('.') || std::find(keep.begin(), keep.end(), owner) != keep.end()) continue;
    if (!is_alive(catalogue_path, owner)) ::unlink(entry.path().c_str());
  }
}

OwnerLease::OwnerLease(int fd, std::string id, std::string path)
    : fd_(fd), id_(std::move(id)), path_(std::move(path)) {}

OwnerLease::OwnerLease(OwnerLease &&other) noexcept
    : fd_(std::exchange(other.fd_, -1)), id_(std::move(other.id_)), path_(std::move(other.path_)) {}

OwnerLease &OwnerLease::operator=(OwnerLease &&other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(id_, other.id_);
  std::swap(path_, other.path_);
  return *this;
}

OwnerLease::~OwnerLease() {
  if (fd_ < 0) return;
  ::unlink(path_.c_str());
  ::close(fd_);
}

Result<std::shared_ptr<const OwnerLease>> process_owner(const std::string &catalogue_path) {
  // Not state of anybody's behaviour: the kernel knows one identity per process as well, and two plugin
  // elements that never meet (rulebin, vodupload) must find the same one. Shared by those elements.
  static Guarded<std::map<std::string, std::weak_ptr<const OwnerLease>>> leases;
  const std::string key = canonical(catalogue_path);
  return leases.with([&](auto &known) -> Result<std::shared_ptr<const OwnerLease>> {
    if (auto lease = known[key].lock()) return lease;
    REC_TRY(auto made, OwnerLease::create(key));
    auto lease = std::make_shared<const OwnerLease>(std::move(made));
    known[key] = lease;
    return lease;
  });
}

std::string random_decimal_id() {
  std::random_device device;
  const std::uint64_t bits = (static_cast<std::uint64_t>(device()) << 32) ^ device();
  return std::to_string(bits & INT64_MAX);
}

}  // namespace rec
