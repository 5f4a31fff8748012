// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/io/files.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <thread>
#include <vector>

#include "tests/common/temp_dir.h"

namespace rec {
namespace {

std::string written(const test::TempDir &dir, std::string_view name, std::string_view bytes) {
  test::write_file(dir / name, bytes);
  return dir / name;
}

// A million bytes, no two pages of which are equal.
std::string long_text() {
  std::string bytes;
  for (int i = 0; bytes.size() < 1'000'000; ++i) bytes += std::to_string(i) + ' ';
  bytes.resize(1'000'000);
  return bytes;
}

TEST(Files, RenameNeverReplaces) {
  const test::TempDir dir;
  written(dir, "taken", "old");
  const auto renamed = rename_noreplace(written(dir, "from", "new"), dir / "taken");
  ASSERT_FALSE(renamed);
  EXPECT_EQ(renamed.error().code, Errc::exists);
  EXPECT_EQ(test::read_file(dir / "taken"), "old");
  EXPECT_EQ(rename_noreplace(dir / "nothing", dir / "x").error().code, Errc::not_found);
}

TEST(Files, WritesAtomicallyAndLeavesNoTempFile) {
  const test::TempDir dir;
  written(dir, "p.m3u8", "old");
  ASSERT_TRUE(write_file_atomically(dir / "p.m3u8", "new"));
  EXPECT_EQ(test::read_file(dir / "p.m3u8"), "new");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.path()), {}), 1);
  EXPECT_EQ(write_file_atomically(dir / "no/such/dir", "x").error().code, Errc::not_found);
}

TEST(Files, UsesWhatAKilledWriterLeft) {
  const test::TempDir dir;
  test::write_file(dir / ".a.flv.part", "half of something longer than what is written now");
  ASSERT_TRUE(write_file_atomically(dir / "a.flv", "whole"));
  EXPECT_EQ(test::read_file(dir / "a.flv"), "whole");
  EXPECT_EQ(dir.files(), std::vector<std::string>{"a.flv"});
}

TEST(Files, OneOfManyWritersAtATimeAndNeverAMixture) {
  const test::TempDir dir;
  std::vector<std::thread> writers;
  for (char c = 'a'; c < 'e'; ++c)
    writers.emplace_back([&dir, c] {
      for (int i = 0; i < 20; ++i) {
        const auto written = write_file_atomically(dir / "p", std::string(1000, c));
        EXPECT_TRUE(written || written.error().code == Errc::unavailable);
      }
    });
  for (auto &w : writers) w.join();
  const std::string bytes = test::read_file(dir / "p");
  EXPECT_EQ(bytes, std::string(1000, bytes.at(0)));
}

TEST(Files, CopiesMoreThanOneBufferAndMakesDirectories) {
  const test::TempDir dir;
  const std::string bytes(1'000'003, 'x');
  ASSERT_TRUE(copy_file_atomically(written(dir, "from", bytes), dir / "a/b/to"));
  EXPECT_EQ(test::read_file(dir / "a/b/to"), bytes);
  EXPECT_EQ(copy_file_atomically(dir / "nothing", dir / "to").error().code, Errc::not_found);
}

TEST(Files, CopiesWhatTheKernelDoesNotCopyByItself) {
  const test::TempDir dir;
  const std::string bytes = long_text();
  const int fd = ::memfd_create("from", MFD_CLOEXEC);  // on a file system of its own
  ASSERT_EQ(::write(fd, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  EXPECT_TRUE(copy_file_atomically("/proc/self/fd/" + std::to_string(fd), dir / "to"));
  ::close(fd);
  EXPECT_TRUE(test::read_file(dir / "to") == bytes);
  ASSERT_TRUE(copy_file_atomically("/proc/version", dir / "version")) << "that has no length";
  EXPECT_EQ(test::read_file(dir / "version"), test::read_file("/proc/version"));
}

TEST(Files, CopiesAStretchToItsPlace) {
  const test::TempDir dir;
  const std::string bytes = long_text();
  const std::string from = written(dir, "from", bytes);
  ASSERT_TRUE(create_file(dir / "to"));
  ASSERT_TRUE(copy_stretch(from, dir / "to", 300'000, 500'000));
  EXPECT_TRUE(test::read_file(dir / "to") == std::string(300'000, '\0') + bytes.substr(300'000, 500'000));
  EXPECT_TRUE(*is_same_stretch(from, dir / "to", 300'000, 500'000));
  EXPECT_FALSE(*is_same_stretch(from, dir / "to", 299'999, 500'000));
  EXPECT_FALSE(*is_same_stretch(from, dir / "to", 300'000, 500'001)) << "it ends there";
  ASSERT_TRUE(copy_stretch(from, dir / "to", 0, 300'000));
  EXPECT_TRUE(test::read_file(dir / "to") == bytes.substr(0, 800'000));
  EXPECT_EQ(copy_stretch(from, dir / "to", 900'000, 100'001).error().code, Errc::corrupt);
  EXPECT_EQ(copy_stretch(from, dir / "nothing", 0, 1).error().code, Errc::not_found);
  EXPECT_EQ(create_file(dir / "to").error().code, Errc::exists);
}

TEST(Files, RenamesOverAnother) {
  const test::TempDir dir;
  written(dir, "taken", "old");
  ASSERT_TRUE(rename_over(written(dir, "from", "new"), dir / "taken"));
  EXPECT_EQ(test::read_file(dir / "taken"), "new");
  EXPECT_EQ(dir.files(), std::vector<std::string>{"taken"});
}

TEST(Files, ReadsNoMoreThanAllowed) {
  const test::TempDir dir;
  const std::string path = written(dir, "f", "0123456789");
  EXPECT_EQ(*read_file(path, 10), "0123456789");
  EXPECT_EQ(read_file(path, 9).error().code, Errc::corrupt);
}

TEST(Files, KnowsSizesAndRefusesDirectories) {
  const test::TempDir dir;
  const std::string path = written(dir, "f", "0123456789");
  ASSERT_TRUE(truncate_file(path, 4));
  EXPECT_EQ(file_facts(path)->size_bytes, 4U);
  EXPECT_EQ(file_facts(dir.path()).error().code, Errc::not_found);
}

}  // namespace
}  // namespace rec
