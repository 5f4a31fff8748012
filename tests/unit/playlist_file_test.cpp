// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/disk/playlist_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <thread>

#include "tests/common/disk_faults.h"
#include "tests/common/temp_dir.h"

namespace rec {
namespace {

using test::read_file;
using test::TempDir;

constexpr char kHead[] = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n";

PlaylistFile created(const TempDir &dir) {
  auto file = PlaylistFile::create(dir / "live.m3u8", kHead);
  EXPECT_TRUE(file) << file.error().message;
  return *std::move(file);
}

TEST(PlaylistFile, WritesNothingButWhatIsAdded) {
  const TempDir dir;
  PlaylistFile file = created(dir);
  test::DiskFaults disk(".m3u8");
  disk.only_count();
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(file.append("#EXTINF:2,\na.ts\n"));
  EXPECT_LT(disk.bytes_written(), 1000u * 16 + 5 * 16);  // fillers at the ends of pages
  EXPECT_EQ(read_file(file.path()).size(), sizeof kHead - 1 + disk.bytes_written());
  EXPECT_EQ(dir.files(), std::vector<std::string>{"live.m3u8"});
}

TEST(PlaylistFile, TakesTheNextFreeNameAndOverwritesNothing) {
  const TempDir dir;
  test::write_file(dir / "live.m3u8", "precious");
  const PlaylistFile file = created(dir);
  EXPECT_EQ(file.path(), dir / "live-1.m3u8");
  EXPECT_EQ(read_file(dir / "live.m3u8"), "precious");
}

TEST(PlaylistFile, SaysWhatItSaidWhenTheDiskIsFull) {
  const TempDir dir;
  PlaylistFile file = created(dir);
  for (const std::uint64_t room : {0, 1, 10}) {
    {
      test::DiskFaults disk(".m3u8");
      disk.room(room);
      const Status full = file.append("#EXTINF:2,\na.ts\n");
      ASSERT_FALSE(full);
      EXPECT_NE(full.error().message.find("free some space"), std::string::npos);
      EXPECT_EQ(read_file(file.path()), kHead);
    }
    ASSERT_TRUE(file.replace(kHead));
  }
  ASSERT_TRUE(file.append("#EXTINF:2,\na.ts\n"));
  EXPECT_EQ(read_file(file.path()), std::string(kHead) + "#EXTINF:2,\na.ts\n");
}

// Where the room could not be asked for, a write may stop in the middle, and its bytes may not reach the
// disk.
TEST(PlaylistFile, TakesBackWhatWasWrittenOnlyInPart) {
  const TempDir dir;
  PlaylistFile file = created(dir);
  {
    test::DiskFaults disk(".m3u8");
    disk.write_at_most(3);
    disk.fail_writes_after(2, EIO);
    EXPECT_FALSE(file.append("#EXTINF:2,\na.ts\n"));
  }
  EXPECT_EQ(read_file(file.path()), kHead);
  {
    test::DiskFaults disk(".m3u8");
    disk.fail_syncs(EIO);
    EXPECT_FALSE(file.append("#EXTINF:2,\na.ts\n"));
  }
  EXPECT_EQ(read_file(file.path()), kHead);
}

TEST(PlaylistFile, KeepsTheOldTextWhenItCannotBeReplaced) {
  const TempDir dir;
  PlaylistFile file = created(dir);
  {
    test::DiskFaults disk(".part");
    disk.fail_writes(ENOSPC);
    EXPECT_FALSE(file.replace("#EXTM3U\n"));
  }
  EXPECT_EQ(read_file(file.path()), kHead);
  EXPECT_EQ(dir.files(), std::vector<std::string>{"live.m3u8"});
  ASSERT_TRUE(file.append("#\n"));
}

TEST(PlaylistFile, TakesWhatAKilledProcessWasToReplaceItWith) {
  const test::TempDir dir;
  auto file = PlaylistFile::create(dir / "live.m3u8", "old\n");
  ASSERT_TRUE(file) << file.error().message;
  test::write_file(part_path(dir / "live.m3u8"), "longer than what comes now, and never complete\n");
  ASSERT_TRUE(file->replace("new\n"));
  EXPECT_EQ(test::read_file(dir / "live.m3u8"), "new\n");
  EXPECT_EQ(dir.files(), std::vector<std::string>{"live.m3u8"});
}

TEST(PlaylistFile, DropsATornEndWithTheNextLines) {
  const TempDir dir;
  test::write_file(dir / "live.m3u8", std::string(kHead) + "#EXTINF:2");
  auto file = PlaylistFile::take(dir / "live.m3u8");
  ASSERT_TRUE(file);
  file->keep_only(sizeof kHead - 1);
  EXPECT_EQ(*file->read(), kHead);
  ASSERT_TRUE(file->append("#EXTINF:3,\nb.ts\n"));
  EXPECT_EQ(read_file(dir / "live.m3u8"), std::string(kHead) + "#EXTINF:3,\nb.ts\n");
}

TEST(PlaylistFile, IsWrittenByOneProcessAtATime) {
  const TempDir dir;
  PlaylistFile first = created(dir);
  EXPECT_EQ(PlaylistFile::take(first.path()).error().code, Errc::unavailable);
  first.let_go();
  {
    auto second = PlaylistFile::take(first.path());
    ASSERT_TRUE(second);
    EXPECT_EQ(first.append("#\n").error().code, Errc::unavailable);
    ASSERT_TRUE(second->append("#EXTINF:2,\na.ts\n"));
  }
  const Status late = first.append("#EXTINF:2,\nb.ts\n");
  EXPECT_EQ(late.error().code, Errc::exists);
  EXPECT_EQ(read_file(first.path()), std::string(kHead) + "#EXTINF:2,\na.ts\n");
}

TEST(PlaylistFile, GoesOnAfterItWasLetGo) {
  const TempDir dir;
  PlaylistFile file = created(dir);
  file.let_go();
  file.let_go();
  ASSERT_TRUE(file.append("#EXTINF:2,\na.ts\n"));
  EXPECT_EQ(PlaylistFile::take(file.path()).error().code, Errc::unavailable);
}

TEST(PlaylistFile, ComesBackWhenSomebodyRemovedIt) {
  const TempDir dir;
  PlaylistFile file = created(dir);
  std::filesystem::remove(file.path());
  ASSERT_TRUE(file.append("#EXTINF:2,\na.ts\n"));
  EXPECT_EQ(read_file(file.path()), std::string(kHead) + "#EXTINF:2,\na.ts\n");
  std::filesystem::remove(file.path());
  test::write_file(file.path(), "precious");
  EXPECT_EQ(file.append("#EXTINF:2,\nb.ts\n").error().code, Errc::exists);
  EXPECT_EQ(read_file(file.path()), "precious");
}

// Lines of many lengths, so that they come to lie everywhere in a page.
TEST(PlaylistFile, IsNeverSeenTorn) {
  const TempDir dir;
  PlaylistFile file = created(dir);
  std::atomic<bool> over = false;
  std::atomic<unsigned> looked = 0, torn = 0;
  std::thread reader([&, fd = open(file.path().c_str(), O_RDONLY | O_CLOEXEC)] {
    std::array<char, 16384> bytes;
    for (off_t at = 0; !over; ++looked) {
      const ssize_t n = pread(fd, bytes.data(), bytes.size(), at);
      if (n == static_cast<ssize_t>(bytes.size()))
        at += n / 2;
      else if (n > 0 && bytes[static_cast<std::size_t>(n) - 1] != '\n')  // the end of the file
        ++torn;
    }
    close(fd);
  });
  test::DiskFaults disk(".m3u8");
  disk.only_count();
  for (std::size_t i = 0; i < 15'000; ++i) {
    const auto appended = file.append("#" + std::string(60 + i % 97, 'x') + "\n");
    if (!appended) ADD_FAILURE() << appended.error().message;
  }
  over = true;
  reader.join();
  EXPECT_GT(looked, 100u);
  EXPECT_EQ(torn, 0u);
}

TEST(PlaylistFile, TakesLinesThatAreLongerThanAPage) {
  const TempDir dir;
  PlaylistFile file = created(dir);
  const std::string lines = "#" + std::string(9000, 'x') + "\n";
  ASSERT_TRUE(file.append(lines));
  ASSERT_TRUE(file.append("#\n"));
  EXPECT_EQ(read_file(file.path()), kHead + lines + "#\n");
}

}  // namespace
}  // namespace rec
