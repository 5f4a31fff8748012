// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/common/victim.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <vector>

#include "core/base/glib_ptr.h"

namespace rec::test {
namespace {

constexpr char kDirectory[] = "REC_VICTIM_DIRECTORY";

template <typename T>
void put(std::string &to, const T &value) {
  to.append(reinterpret_cast<const char *>(&value), sizeof value);
}

template <typename T>
T take(std::string_view &from) {
  T value;
  std::memcpy(&value, from.data(), sizeof value);
  from.remove_prefix(sizeof value);
  return value;
}

}  // namespace

std::string text_of(const Media &media) {
  std::string text;
  const CString caps(gst_caps_to_string(media.caps.get()));
  put(text, std::strlen(caps.get()));
  text += caps.get();
  put(text, media.units.size());
  for (const MediaUnit &unit : media.units) {
    const MappedBuffer map(unit.buffer.get());
    for (const Nanoseconds time : {unit.pts, unit.dts, unit.duration}) put(text, time);
    put(text, unit.keyframe);
    put(text, map.size());
    text.append(reinterpret_cast<const char *>(map.data()), map.size());
  }
  return text;
}

Media take_media(std::string_view &text) {
  Media media;
  const auto caps_bytes = take<std::size_t>(text);
  media.caps = Ref<GstCaps>::adopt(gst_caps_from_string(std::string(text.substr(0, caps_bytes)).c_str()));
  text.remove_prefix(caps_bytes);
  for (auto units = take<std::size_t>(text); units > 0; --units) {
    MediaUnit unit;
    for (Nanoseconds *time : {&unit.pts, &unit.dts, &unit.duration}) *time = take<Nanoseconds>(text);
    unit.keyframe = take<bool>(text);
    const auto bytes = take<std::size_t>(text);
    unit.buffer = Ref<GstBuffer>::adopt(gst_buffer_new_memdup(text.data(), bytes));
    if (!unit.keyframe) GST_BUFFER_FLAG_SET(unit.buffer.get(), GST_BUFFER_FLAG_DELTA_UNIT);
    text.remove_prefix(bytes);
    media.units.push_back(std::move(unit));
  }
  return media;
}

Media between(const Media &media, Nanoseconds from, Nanoseconds to) {
  Media part{media.caps, {}};
  for (const MediaUnit &unit : media.units)
    if (unit.dts >= from && unit.dts < to) part.units.push_back(unit);
  return part;
}

void wait_for(Nanoseconds time) {
  const auto clock = Ref<GstClock>::adopt(gst_system_clock_obtain());
  GstClockID id = gst_clock_new_single_shot_id(
      clock.get(),
      gst_clock_get_time(clock.get()) + static_cast<GstClockTime>(std::max<gint64>(time.count(), 0)));
  gst_clock_id_wait(id, nullptr);
  gst_clock_id_unref(id);
}

SharedNumber::SharedNumber(const std::string &path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (ftruncate(fd, sizeof *shared_) != 0) ADD_FAILURE() << path;
  void *memory = mmap(nullptr, sizeof *shared_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  shared_ = static_cast<std::atomic<std::int64_t> *>(memory);
}

SharedNumber::~SharedNumber() { munmap(shared_, sizeof *shared_); }

Victim::Victim(const std::string &test, const std::string &directory) {
  std::vector<std::string> argv = {"/proc/self/exe", "--gtest_also_run_disabled_tests",
                                   "--gtest_filter=" + test};
  std::vector<char *> args;
  for (std::string &arg : argv) args.push_back(arg.data());
  args.push_back(nullptr);
  g_setenv(kDirectory, directory.c_str(), TRUE);
  GPid pid = 0;
  ErrorOut e;
  EXPECT_TRUE(g_spawn_async(nullptr, args.data(), nullptr,
                            static_cast<GSpawnFlags>(G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL),
                            nullptr, nullptr, &pid, e.out()));
  pid_ = pid;
}

void Victim::kill_it() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

std::string victims_directory() {
  const char *directory = g_getenv(kDirectory);
  return directory ? directory : "";
}

}  // namespace rec::test
