// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/disk/repaired_file.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/common/disk_faults.h"
#include "tests/common/temp_dir.h"

namespace rec::test {
namespace {

// AAC LC, 48 kHz, stereo: a header of seven bytes and as many others.
std::string adts_frame(std::size_t bytes) {
  const std::size_t size = bytes + 7;
  const auto byte = [](std::size_t v) { return static_cast<char>(v & 0xff); };
  return std::string{'\xff', '\xf1', '\x4c', byte(0x80 | size >> 11), byte(size >> 3), byte(size << 5 | 0x1f),
                     '\xfc'} +
         std::string(bytes, 'x');
}
std::string frames(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += adts_frame(200);
  return text;
}

class RepairedFile : public ::testing::Test {
 protected:
  DiskFile file_with(const std::string &bytes) {
    write_file(path_, bytes);
    auto file = DiskFile::take(path_);
    EXPECT_TRUE(file);
    return *std::move(file);
  }

  const TempDir dir_;
  const std::string path_ = dir_ / "cam.aac";
};

TEST_F(RepairedFile, IsCutToWhatIsWhole) {
  DiskFile file = file_with(frames(20) + frames(1).substr(0, 100));
  EXPECT_TRUE(repair_file(Format::aac, file));
  EXPECT_EQ(read_file(path_), frames(20));
}

TEST_F(RepairedFile, LosesNothingWhenTheDiskDoesNotGiveWhatIsThere) {
  const std::string bytes = frames(20);
  DiskFile file = file_with(bytes);
  DiskFaults disk(path_);
  disk.fail_reads_from(bytes.size() / 2, EIO);
  const auto repair = repair_file(Format::aac, file);
  ASSERT_FALSE(repair);
  EXPECT_EQ(repair.error().code, Errc::unavailable) << "it is tried again";
  EXPECT_NE(repair.error().message.find("cam.aac"), std::string::npos);
  disk.fail_reads_from(0, 0);
  EXPECT_EQ(read_file(path_), bytes);
}

TEST_F(RepairedFile, IsLeftAloneWhenItsWriterClosedItAndSomethingInItIsNotUnderstood) {
  const std::string bytes = frames(20) + "what is this?" + frames(20);
  DiskFile file = file_with(bytes);
  const auto completed = complete_file(Format::aac, file, true);
  ASSERT_FALSE(completed);
  EXPECT_EQ(completed.error().code, Errc::corrupt);
  EXPECT_NE(completed.error().message.find("byte " + std::to_string(frames(20).size())), std::string::npos);
  EXPECT_EQ(read_file(path_), bytes);
}

}  // namespace
}  // namespace rec::test
