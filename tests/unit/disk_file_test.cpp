// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/disk/disk_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <filesystem>

#include "tests/common/temp_dir.h"

namespace {
bool lacks_unnamed_files = false;  // as NFS does
}

// Stands before the C library's.
extern "C" int open(const char *path, int flags, ...) {
  std::va_list rest;
  va_start(rest, flags);
  const auto mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if ((flags & O_TMPFILE) == O_TMPFILE && lacks_unnamed_files) {
    errno = EOPNOTSUPP;
    return -1;
  }
  return static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

namespace rec {
namespace {

TEST(DiskFile, PublishesUnderTheWantedNameOrTheNextFreeOne) {
  const test::TempDir dir;
  test::write_file(dir / "a.b.flv", "earlier");
  test::write_file(dir / "a.b-1.flv", "earlier too");
  auto file = DiskFile::create(dir / ".a.part");
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->write(0, "new"));
  const auto name = file->publish(dir / "a.b.flv", true);
  ASSERT_TRUE(name) << name.error().message;
  EXPECT_EQ(*name, dir / "a.b-2.flv");
  EXPECT_EQ(test::read_file(dir / "a.b.flv"), "earlier");
  EXPECT_EQ(test::read_file(dir / "a.b-2.flv"), "new");
  EXPECT_EQ(dir.files().size(), 3U);
}

TEST(DiskFile, NeverOpensAnExistingFileToCreateIt) {
  const test::TempDir dir;
  test::write_file(dir / "a", "old");
  EXPECT_EQ(DiskFile::create(dir / "a").error().code, Errc::exists);
  EXPECT_EQ(test::read_file(dir / "a"), "old");
}

TEST(DiskFile, IsNotTakenFromALivingWriter) {
  const test::TempDir dir;
  {
    const auto writer = DiskFile::create(dir / "a");
    ASSERT_TRUE(writer);
    EXPECT_EQ(DiskFile::take(dir / "a").error().code, Errc::unavailable);
  }
  EXPECT_TRUE(DiskFile::take(dir / "a")) << "it was closed";
  EXPECT_EQ(DiskFile::take(dir / "none").error().code, Errc::not_found);
  EXPECT_EQ(DiskFile::take(dir.path().string()).error().code, Errc::invalid_argument);
}

TEST(DiskFile, IsTakenFromADeadWriter) {
  const test::TempDir dir;
  const pid_t writer = fork();
  if (writer == 0) {
    auto file = DiskFile::create(dir / "a");
    if (file && file->write(0, "left")) kill(getpid(), SIGKILL);
    _exit(1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(writer, &status, 0), writer);
  ASSERT_TRUE(WIFSIGNALED(status));
  const auto taken = DiskFile::take(dir / "a");
  ASSERT_TRUE(taken) << taken.error().message;
  EXPECT_EQ(*taken->size(), 4U);
}

class WithAndWithoutUnnamedFiles : public testing::TestWithParam<bool> {
 protected:
  WithAndWithoutUnnamedFiles() { lacks_unnamed_files = GetParam(); }
  ~WithAndWithoutUnnamedFiles() override { lacks_unnamed_files = false; }
  // Runs `write` in a process that is killed then.
  template <typename Write>
  static void kill_after(Write write) {
    const pid_t writer = fork();
    if (writer == 0) {
      if (write()) kill(getpid(), SIGKILL);
      _exit(1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(writer, &status, 0), writer);
    ASSERT_TRUE(WIFSIGNALED(status));
  }

  const test::TempDir dir_;
};
INSTANTIATE_TEST_SUITE_P(DiskFile, WithAndWithoutUnnamedFiles, testing::Bool());

TEST_P(WithAndWithoutUnnamedFiles, WhatIsWrittenForANameGetsItOrTheNextFreeOne) {
  for (const char *expected : {"new/folder/a.flv", "new/folder/a-1.flv"}) {
    auto file = DiskFile::create_for(dir_ / "new/folder/a.flv");
    ASSERT_TRUE(file) << file.error().message;
    ASSERT_TRUE(file->write(0, expected));
    EXPECT_FALSE(std::filesystem::exists(dir_ / expected)) << "it is not complete";
    const auto name = file->publish(dir_ / "new/folder/a.flv", true);
    ASSERT_TRUE(name) << name.error().message;
    EXPECT_EQ(*name, dir_ / expected);
    EXPECT_EQ(test::read_file(*name), expected);
  }
  EXPECT_EQ(dir_.files().size(), 2U);
}

TEST_P(WithAndWithoutUnnamedFiles, TwoMayWriteForTheSameName) {
  auto one = DiskFile::create_for(dir_ / "a.flv");
  auto other = DiskFile::create_for(dir_ / "a.flv");
  ASSERT_TRUE(one && one->write(0, "one"));
  ASSERT_TRUE(other) << other.error().message;
  ASSERT_TRUE(other->write(0, "other"));
  EXPECT_EQ(*one->publish(dir_ / "a.flv", false), dir_ / "a.flv");
  EXPECT_EQ(*other->publish(dir_ / "a.flv", false), dir_ / "a-1.flv");
  EXPECT_EQ(test::read_file(dir_ / "a-1.flv"), "other");
  EXPECT_EQ(dir_.files().size(), 2U);
}

TEST_P(WithAndWithoutUnnamedFiles, ANewFileIsWholeUnderANameThatWasFree) {
  ASSERT_NO_FATAL_FAILURE(kill_after([&] {
    auto file = DiskFile::create_for(dir_ / "init.mp4");
    return file && file->write(0, "torn");
  }));
  EXPECT_EQ(*write_new_file(dir_ / "init.mp4", "first"), dir_ / "init.mp4");
  EXPECT_EQ(*write_new_file(dir_ / "init.mp4", "second"), dir_ / "init-1.mp4");
  EXPECT_EQ(test::read_file(dir_ / "init.mp4"), "first");
  EXPECT_EQ(test::read_file(dir_ / "init-1.mp4"), "second");
  EXPECT_EQ(dir_.files().size(), 2U) << "nothing is left of the killed one";
}

TEST_P(WithAndWithoutUnnamedFiles, WhatIsDiscardedIsGone) {
  auto file = DiskFile::create_for(dir_ / "a.flv");
  ASSERT_TRUE(file && file->write(0, "x"));
  file->discard();
  EXPECT_TRUE(dir_.files().empty());
}

TEST_P(WithAndWithoutUnnamedFiles, WhatAKilledProcessWroteIsInNobodysWay) {
  ASSERT_NO_FATAL_FAILURE(kill_after([&] {
    auto file = DiskFile::create_for(dir_ / "a.flv");
    return file && file->write(0, "much that was never complete");
  }));
  EXPECT_EQ(dir_.files().size(), GetParam() ? 1U : 0U);
  auto file = DiskFile::create_for(dir_ / "a.flv");
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_TRUE(file->write(0, "new"));
  ASSERT_TRUE(file->publish(dir_ / "a.flv", false));
  EXPECT_EQ(dir_.files(), std::vector<std::string>{"a.flv"});
  EXPECT_EQ(test::read_file(dir_ / "a.flv"), "new");
}

TEST_P(WithAndWithoutUnnamedFiles, TemporaryFilesHaveNoNameThatAKilledProcessCouldLeave) {
  const auto file = DiskFile::create_temporary(dir_ / "not/there/yet");
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_TRUE(dir_.files().empty());
}

TEST_P(WithAndWithoutUnnamedFiles, TemporaryFilesAreOpenedByTheirDescriptor) {
  auto file = DiskFile::create_temporary(dir_.path().string());
  ASSERT_TRUE(file && file->write(0, "media"));
  const auto again = DiskFile::open_to_read(file->path_by_fd());
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*again->size(), 5U);
}

TEST_P(WithAndWithoutUnnamedFiles, AnErrorNamesWhereItIs) {
  test::write_file(dir_ / "file", "");
  EXPECT_NE(DiskFile::create_for(dir_ / "file/a.flv").error().message.find(dir_ / "file"), std::string::npos);
  EXPECT_NE(DiskFile::create_temporary(dir_ / "file").error().message.find(dir_ / "file"), std::string::npos);
}

TEST(DiskFile, IsNoLongerTakenOnceItHasItsFinalName) {
  const test::TempDir dir;
  auto writer = DiskFile::create(dir / ".a.part");
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->publish(dir / "a", false));
  EXPECT_EQ(DiskFile::take(dir / ".a.part").error().code, Errc::not_found);
}

TEST(DiskFile, CopiesAndReplaces) {
  const test::TempDir dir;
  auto from = DiskFile::create(dir / "from");
  auto to = DiskFile::create(dir / "to");
  ASSERT_TRUE(from && to);
  ASSERT_TRUE(from->write(0, std::string(300000, 'a') + std::string(300000, 'b')));
  ASSERT_TRUE(to->write(0, "head"));
  ASSERT_TRUE(to->copy(*from, 299999, 300000, 4));
  ASSERT_TRUE(to->replace(*from));
  EXPECT_EQ(test::read_file(dir / "from"), "heada" + std::string(299999, 'b'));
  EXPECT_EQ(dir.files(), std::vector<std::string>{"from"});
}

TEST(DiskFile, SaysWhatToDoAboutAFullDisk) {
  const Error e = disk_error("writing", "/x/a", ENOSPC);
  EXPECT_EQ(e.message, "writing '/x/a': No space left on device; free some space");
  EXPECT_TRUE(e.retryable());
}

}  // namespace
}  // namespace rec
