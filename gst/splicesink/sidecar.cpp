// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/splicesink/sidecar.h"

#include <fcntl.h>
#include <glib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "core/base/glib_ptr.h"
#include "gst/common/output_file.h"

namespace rec {
namespace {

constexpr unsigned kMostNotes = 64;        // pushes of one pattern at the same time
constexpr std::size_t kMostBytes = 65536;  // of a note: a path and some numbers
constexpr char kGroup[] = "recording";

using KeyFile = std::unique_ptr<GKeyFile, Freer<g_key_file_unref>>;

bool is_same_file(int fd, const std::string &path) {
  struct stat opened, named;
  return fstat(fd, &opened) == 0 && stat(path.c_str(), &named) == 0 && opened.st_ino == named.st_ino &&
         opened.st_dev == named.st_dev;
}

std::string text_of(GKeyFile *file, const char *key) {
  const CString value(g_key_file_get_string(file, kGroup, key, nullptr));
  return value ? value.get() : "";
}

std::string new_owner() {
  const CString uuid(g_uuid_string_random());
  return uuid.get();
}

Error failed(const std::string &doing, const std::string &path) {
  return {errno == EACCES || errno == EPERM || errno == EROFS ? Errc::denied : Errc::unavailable,
          doing + " '" + path + "': " + g_strerror(errno)};
}

}  // namespace

std::string Sidecar::base_of(const std::string &playlist_pattern) {
  const auto varies = playlist_pattern.find_first_of("{%");
  const auto slash = playlist_pattern.rfind('/', varies);
  const std::string folder = slash == std::string::npos ? "" : playlist_pattern.substr(0, slash + 1);
  std::string name = playlist_pattern.substr(folder.size());
  for (char &c : name)
    if (c == '/') c = '+';
  return folder + "." + name;
}

Sidecar::Sidecar(Sidecar &&other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), note_(std::move(other.note_)) {}

Sidecar &Sidecar::operator=(Sidecar &&other) noexcept {
  unlock();
  path_ = std::move(other.path_);
  fd_ = std::exchange(other.fd_, -1);
  note_ = std::move(other.note_);
  return *this;
}

Sidecar::~Sidecar() { unlock(); }

void Sidecar::unlock() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

// Nothing when the file is not there, or somebody else has its lock.
std::optional<Sidecar> Sidecar::lock(const std::string &path, bool create) {
  for (;;) {
    const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT : 0), 0666);
    if (fd < 0) return std::nullopt;
    Sidecar sidecar(path, fd);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) return std::nullopt;
    if (is_same_file(fd, path)) return sidecar;  // else it was removed before we had the lock
    if (!create) return std::nullopt;
  }
}

std::optional<SpliceNote> Sidecar::read() const {
  std::string text(kMostBytes, '\0');
  const ssize_t n = pread(fd_, text.data(), text.size(), 0);
  if (n <= 0) return std::nullopt;
  const KeyFile file(g_key_file_new());
  if (!g_key_file_load_from_data(file.get(), text.data(), static_cast<gsize>(n), G_KEY_FILE_NONE, nullptr))
    return std::nullopt;
  SpliceNote note;
  note.playlist = text_of(file.get(), "playlist");
  note.owner = text_of(file.get(), "owner");
  note.paused = text_of(file.get(), "state") == "paused";
  note.resume_until = UtcTime(
      std::chrono::microseconds(g_key_file_get_int64(file.get(), kGroup, "resume-until-us", nullptr)));
  note.splice_timeout = Nanoseconds(g_key_file_get_int64(file.get(), kGroup, "splice-timeout-ns", nullptr));
  if (note.playlist.empty() || note.owner.empty()) return std::nullopt;
  return note;
}

// In place: the lock belongs to the file itself, so it cannot be replaced.
Status Sidecar::write() {
  const KeyFile file(g_key_file_new());
  g_key_file_set_string(file.get(), kGroup, "playlist", note_.playlist.c_str());
  g_key_file_set_string(file.get(), kGroup, "owner", note_.owner.c_str());
  g_key_file_set_string(file.get(), kGroup, "state", note_.paused ? "paused" : "recording");
  g_key_file_set_int64(file.get(), kGroup, "resume-until-us", note_.resume_until.time_since_epoch().count());
  g_key_file_set_int64(file.get(), kGroup, "splice-timeout-ns", note_.splice_timeout.count());
  gsize size = 0;
  const CString text(g_key_file_to_data(file.get(), &size, nullptr));
  if (size > kMostBytes) return Error{Errc::invalid_argument, "the playlist's path is too long"};
  if (pwrite(fd_, text.get(), size, 0) != static_cast<ssize_t>(size) ||
      ftruncate(fd_, static_cast<off_t>(size)) != 0 || fdatasync(fd_) != 0)
    return failed("writing", path_);
  return ok();
}

Result<Sidecar::Claim> Sidecar::claim(const std::string &base, Nanoseconds splice_timeout, UtcTime now,
                                      const std::function<UtcTime(const std::string &)> &last_activity) {
  REC_CHECK(make_directories_for(base));
  std::vector<Sidecar> expired;
  for (unsigned i = 0; i < kMostNotes; ++i) {
    auto sidecar = lock(numbered_path(base + ".splice", i), false);
    if (!sidecar) continue;
    const auto note = sidecar->read();
    if (!note) continue;  // torn: used again below
    sidecar->note_ = *note;
    switch (choose_splice(note, last_activity(note->playlist), splice_timeout, now)) {
      case SpliceChoice::resume:
        return Claim{*std::move(sidecar), true, std::move(expired)};
      case SpliceChoice::finish_first:
        expired.push_back(*std::move(sidecar));
        break;
      case SpliceChoice::start_new:
        break;
    }
  }
  for (unsigned i = 0; i < kMostNotes; ++i) {
    auto sidecar = lock(numbered_path(base + ".splice", i), true);
    if (sidecar && !sidecar->read()) return Claim{*std::move(sidecar), false, std::move(expired)};
  }
  return failed("locking a note", base + ".splice");
}

Status Sidecar::begin(const std::string &playlist, Nanoseconds splice_timeout) {
  note_ = {playlist, new_owner(), false, {}, splice_timeout};
  return write();
}

Status Sidecar::pause(UtcTime resume_until) {
  note_.paused = true;
  note_.resume_until = resume_until;
  Status written = write();
  unlock();
  return written;
}

// What the note says without its lock, which a push that comes back must find free. Between two writes it may
// say nothing that makes sense.
HoldChoice Sidecar::peek(Nanoseconds waited) const {
  const Sidecar note(path_, open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  return note.fd_ < 0 ? HoldChoice::gone : judge_hold(note.read(), note_.owner, waited);
}

HoldChoice Sidecar::ask(Nanoseconds waited) {
  if (peek(waited) == HoldChoice::wait) return HoldChoice::wait;
  auto now = lock(path_, false);
  if (!now) return peek(waited) == HoldChoice::gone ? HoldChoice::gone : HoldChoice::wait;
  const HoldChoice choice = judge_hold(now->read(), note_.owner, waited);
  if (choice == HoldChoice::finish) fd_ = std::exchange(now->fd_, -1);
  return choice;
}

void Sidecar::remove() {
  unlink(path_.c_str());
  unlock();
}

}  // namespace rec
