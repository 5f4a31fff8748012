// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/disk/disk_file.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "tests/common/temp_dir.h"

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
