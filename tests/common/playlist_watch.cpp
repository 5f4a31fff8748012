// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/common/playlist_watch.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <sstream>

#include "tests/common/hls_lint.h"

namespace rec::test {
namespace {

struct Watch {
  std::mutex mutex;
  std::map<std::string, LintedPlaylist> last;  // per path
  std::set<std::string> expected;
  std::set<std::string> complaints;
  unsigned versions = 0;
};
Watch &watch() {
  static Watch the;
  return the;
}

void complain(Watch &w, const std::string &path, const std::string &what, const std::string &text) {
  for (const std::string &about : w.expected)
    if (what.find(about) != std::string::npos) return;
  w.complaints.insert(path + ": " + what + "\n" + text);
}

void look_at(const std::string &path) {
  if (!path.ends_with(".m3u8")) return;
  Watch &w = watch();
  const std::lock_guard lock(w.mutex);
  const std::ifstream file(path, std::ios::binary);
  if (!file) return;
  std::ostringstream text;
  text << file.rdbuf();
  LintedPlaylist now = lint_playlist(text.str(), [&](const auto &uri) { return uri_exists(path, uri); });
  for (const std::string &what : now.complaints) complain(w, path, what, text.str());
  if (const auto before = w.last.find(path); before != w.last.end())
    for (const std::string &what : lint_change(before->second, now)) complain(w, path, what, text.str());
  w.last[path] = std::move(now);
  ++w.versions;
}

class Listener final : public ::testing::EmptyTestEventListener {
  void OnTestStart(const ::testing::TestInfo &) override {
    const std::lock_guard lock(watch().mutex);
    watch().last.clear();
    watch().expected.clear();
    watch().complaints.clear();
    watch().versions = 0;
  }
  void OnTestEnd(const ::testing::TestInfo &) override {
    const std::lock_guard lock(watch().mutex);
    for (const std::string &what : watch().complaints) ADD_FAILURE() << what;
  }
};

// gtest owns its listeners.
[[maybe_unused]] const bool kListening = [] {
  ::testing::UnitTest::GetInstance()->listeners().Append(new Listener);
  return true;
}();

template <typename F>
F real(const char *name) {
  return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}

}  // namespace

void expect_lint_complaint(const std::string &about) {
  const std::lock_guard lock(watch().mutex);
  watch().expected.insert(about);
}

unsigned watched_playlist_versions() {
  const std::lock_guard lock(watch().mutex);
  return watch().versions;
}

}  // namespace rec::test

extern "C" {

ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t offset) {
  static const auto next = rec::test::real<ssize_t (*)(int, const struct iovec *, int, off_t)>("pwritev64");
  const ssize_t written = next(fd, pieces, count, offset);
  std::array<char, 4096> path{};
  const ssize_t n = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path.data(), path.size());
  if (n > 0) rec::test::look_at(std::string(path.data(), static_cast<std::size_t>(n)));
  return written;
}

int rename(const char *from, const char *to) noexcept {
  static const auto next = rec::test::real<int (*)(const char *, const char *)>("rename");
  const int failed = next(from, to);
  if (failed == 0) rec::test::look_at(to);
  return failed;
}

int linkat(int from_directory, const char *from, int to_directory, const char *to, int flags) noexcept {
  static const auto next = rec::test::real<int (*)(int, const char *, int, const char *, int)>("linkat");
  const int failed = next(from_directory, from, to_directory, to, flags);
  if (failed == 0) rec::test::look_at(to);
  return failed;
}

int renameat2(int from_directory, const char *from, int to_directory, const char *to,
              unsigned flags) noexcept {
  static const auto next =
      rec::test::real<int (*)(int, const char *, int, const char *, unsigned)>("renameat2");
  const int failed = next(from_directory, from, to_directory, to, flags);
  if (failed == 0) rec::test::look_at(to);
  return failed;
}
}
