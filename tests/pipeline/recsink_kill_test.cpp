// SPDX-License-Identifier: LGPL-2.1-or-later
// recsink in a process that is killed at any instant, and the next start.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <iostream>
#include <random>

#include "tests/common/bus.h"
#include "tests/common/ffprobe.h"
#include "tests/common/publisher.h"
#include "tests/common/temp_dir.h"
#include "tests/common/victim.h"

namespace rec::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Nanoseconds kStep = milliseconds(40);
constexpr seconds kLength{6};
constexpr seconds kMayBeLost{1};

struct Published {
  Media video;
  Media aac;
  Media mp3;
};
Published published() {
  VideoSpec video_spec;
  video_spec.frames = 25 * kLength.count();
  AudioSpec audio_spec;
  audio_spec.frames = 48000 * kLength.count() / 1024;
  AudioSpec mp3_spec = audio_spec;
  mp3_spec.codec = "mp3";
  return {video(video_spec), audio(audio_spec), audio(mp3_spec)};
}

std::string recorder_at(const std::string &location) {
  return "recsink formats=flv+mp4+aac cycle=2000000000 location=" + location + "/cam-%03d";
}
std::string mp3_recorder_at(const std::string &location) {
  return "recsink formats=mp3 location=" + location + "/voice";
}

// How far a recorder's process has come, in memory that outlives it.
class Progress {
 public:
  explicit Progress(const std::string &path) {
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (ftruncate(fd, sizeof *shared_) != 0) ADD_FAILURE() << path;
    void *memory = mmap(nullptr, sizeof *shared_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    shared_ = static_cast<Shared *>(memory);
  }
  ~Progress() { munmap(shared_, sizeof *shared_); }
  Progress(const Progress &) = delete;
  Progress &operator=(const Progress &) = delete;
  Nanoseconds sent() const { return Nanoseconds(shared_->sent.load()); }
  // By how much the process came too late, at the most: an overloaded machine lets its other threads wait,
  // too.
  Nanoseconds late() const { return Nanoseconds(shared_->late.load()); }
  void set(Nanoseconds sent, Nanoseconds late) {
    shared_->sent = sent.count();
    shared_->late = std::max<std::int64_t>(shared_->late, late.count());
  }

 private:
  struct Shared {
    std::atomic<std::int64_t> sent;
    std::atomic<std::int64_t> late;
  };
  Shared *shared_;
};

// Runs in the process that is killed: sends as a live source does.
TEST(KilledRecorder, DISABLED_Records) {
  const char *directory = g_getenv("REC_KILL_DIRECTORY");
  ASSERT_NE(directory, nullptr);
  const std::string sent = read_file(std::string(directory) + "/media");
  std::string_view rest = sent;
  const Media v = take_media(rest);
  const Media aac = take_media(rest);
  const Media mp3 = take_media(rest);
  Publisher recorder(recorder_at(directory));
  Publisher mp3_recorder(mp3_recorder_at(directory));
  Progress progress(std::string(directory) + "/sent");
  const auto begin = std::chrono::steady_clock::now();
  for (Nanoseconds at{0}; at < kLength; at += kStep) {
    wait_for(at - (std::chrono::steady_clock::now() - begin));
    recorder.send({{"video", between(v, at, at + kStep)}, {"audio_0", between(aac, at, at + kStep)}});
    mp3_recorder.send({{"audio_0", between(mp3, at, at + kStep)}});
    progress.set(at + kStep, std::chrono::steady_clock::now() - begin - at);
  }
  wait_for(seconds(60));
}

class KilledRecorderProcess {
 public:
  explicit KilledRecorderProcess(const std::string &media) : progress_(dir_ / "sent") {
    write_file(dir_ / "media", media);
    std::vector<std::string> argv = {"/proc/self/exe", "--gtest_also_run_disabled_tests",
                                     "--gtest_filter=KilledRecorder.DISABLED_Records"};
    std::vector<char *> args;
    for (std::string &arg : argv) args.push_back(arg.data());
    args.push_back(nullptr);
    g_setenv("REC_KILL_DIRECTORY", dir_.path().c_str(), TRUE);
    GPid pid = 0;
    ErrorOut e;
    EXPECT_TRUE(
        g_spawn_async(nullptr, args.data(), nullptr,
                      static_cast<GSpawnFlags>(G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL),
                      nullptr, nullptr, &pid, e.out()));
    pid_ = pid;
  }
  ~KilledRecorderProcess() { kill_it(); }
  KilledRecorderProcess(const KilledRecorderProcess &) = delete;
  KilledRecorderProcess &operator=(const KilledRecorderProcess &) = delete;

  const TempDir &dir() const { return dir_; }
  bool has_begun() const { return progress_.sent().count() > 0; }
  Nanoseconds sent() const { return progress_.sent(); }
  Nanoseconds may_be_lost() const { return kMayBeLost + progress_.late(); }
  void kill_it() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  // In the order of their names.
  std::vector<std::string> files(const std::string &extension) const {
    std::vector<std::string> found;
    for (const std::string &name : dir_.files())
      if (name.ends_with(extension)) found.push_back(dir_ / name);
    return found;
  }

 private:
  const TempDir dir_;
  Progress progress_;
  pid_t pid_ = 0;
};

std::vector<std::string> hashes(const std::string &file, const std::string &kind) {
  std::vector<std::string> all;
  if (kind == "adts") {
    for (const Essence &frame : essence_of(file, "audio")) all.push_back(frame.hash);
  } else {
    const Packets packets = packets_of(file);
    if (!packets.contains(kind)) return all;
    for (const Packet &packet : packets.at(kind)) all.push_back(packet.hash);
  }
  return all;
}

// What a recorder that lives stores.
class Reference {
 public:
  Reference() {
    Publisher recorder("recsink formats=mp4+aac location=" + (dir_ / "all"));
    Publisher mp3_recorder("recsink formats=mp3 location=" + (dir_ / "all"));
    recorder.send({{"video", media_.video}, {"audio_0", media_.aac}});
    mp3_recorder.send({{"audio_0", media_.mp3}});
    for (Publisher *publisher : {&recorder, &mp3_recorder}) {
      publisher->end_all();
      EXPECT_TRUE(wait_for_message(publisher->pipeline(), GST_MESSAGE_EOS));
    }
  }

  // The files of one format hold the beginning of it, up to the last second that was sent.
  void expect_in(const std::vector<std::string> &files, const std::string &extension,
                 const KilledRecorderProcess &victim) {
    if (extension == ".mp3")
      return expect(files, "audio", hashes(dir_ / "all.mp3", "audio"), media_.mp3, victim);
    if (extension == ".aac")
      return expect(files, "adts", hashes(dir_ / "all.aac", "adts"), media_.aac, victim);
    expect(files, "video", hashes(dir_ / "all.mp4", "video"), media_.video, victim);
    expect(files, "audio", hashes(dir_ / "all.mp4", "audio"), media_.aac, victim);
  }
  std::string media() const { return text_of(media_.video) + text_of(media_.aac) + text_of(media_.mp3); }
  Nanoseconds most_lost() const { return most_lost_; }

 private:
  void expect(const std::vector<std::string> &files, const std::string &kind,
              const std::vector<std::string> &all, const Media &media, const KilledRecorderProcess &victim) {
    ASSERT_EQ(all.size(), media.units.size());
    std::vector<std::string> stored;
    for (const std::string &file : files)
      for (std::string &hash : hashes(file, kind)) stored.push_back(std::move(hash));
    ASSERT_LE(stored.size(), all.size());
    EXPECT_TRUE(std::equal(stored.begin(), stored.end(), all.begin()))
        << kind << " in " << files.size() << " files";
    const Nanoseconds until =
        stored.empty() ? Nanoseconds(0)
                       : media.units[stored.size() - 1].pts + media.units[stored.size() - 1].duration;
    const Nanoseconds lost = victim.sent() - until;
    EXPECT_LE(lost, victim.may_be_lost()) << kind << ", sent until " << victim.sent().count();
    most_lost_ = std::max(most_lost_, lost);
  }

  const Published media_ = published();
  const TempDir dir_;
  Nanoseconds most_lost_{0};
};

// While they are being renamed.
bool has_parts(const TempDir &dir) {
  for (const auto &entry : std::filesystem::directory_iterator(dir.path()))
    if (entry.path().extension() == ".part") return true;
  return false;
}

template <typename Condition>
bool comes_true(Condition condition) {
  const auto until = std::chrono::steady_clock::now() + kDeadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    wait_for(milliseconds(5));
  }
  return true;
}

void recover(const TempDir &dir) {
  const Publisher recorder(recorder_at(dir.path().string()));
  const Publisher mp3_recorder(mp3_recorder_at(dir.path().string()));
  EXPECT_TRUE(comes_true([&] { return !has_parts(dir); }));
}

void expect_all_but_the_last_second(const KilledRecorderProcess &victim, Reference &reference) {
  for (const std::string extension : {".flv", ".mp4", ".aac", ".mp3"}) {
    const auto files = victim.files(extension);
    for (const std::string &file : files) EXPECT_EQ(playback_complaints(file), "") << file;
    reference.expect_in(files, extension, victim);
  }
}

TEST(KilledRecorder, LosesAtMostTheLastSecond) {
  constexpr std::size_t kAtOnce = 4;
  const std::size_t rounds = g_getenv("REC_LONG") ? 50 : 3;
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> when(100, 5500);  // ms after its first frame
  Reference reference;
  for (std::size_t round = 0; round < rounds; ++round) {
    std::vector<std::unique_ptr<KilledRecorderProcess>> victims;
    for (std::size_t i = 0; i < kAtOnce; ++i)
      victims.push_back(std::make_unique<KilledRecorderProcess>(reference.media()));
    std::vector<Nanoseconds> deaths;
    for (std::size_t i = 0; i < kAtOnce; ++i) deaths.push_back(milliseconds(when(random)));
    std::sort(deaths.begin(), deaths.end());
    for (const auto &victim : victims) ASSERT_TRUE(comes_true([&] { return victim->has_begun(); }));
    for (std::size_t i = 0; i < kAtOnce; ++i) {
      EXPECT_TRUE(comes_true([&] { return victims[i]->sent() >= deaths[i]; }));
      wait_for(milliseconds(when(random) % 40));
      victims[i]->kill_it();
    }
    for (const auto &victim : victims) {
      recover(victim->dir());
      expect_all_but_the_last_second(*victim, reference);
    }
    std::cout << (round + 1) * kAtOnce << " kills, at most " << reference.most_lost().count() / 1000000
              << " ms lost" << std::endl;
  }
  RecordProperty("most_lost_ms", static_cast<int>(reference.most_lost().count() / 1000000));
}

}  // namespace
}  // namespace rec::test
