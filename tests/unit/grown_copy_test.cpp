// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/grown_copy.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/unit/growing_recording.h"

namespace rec {
namespace {

namespace fs = std::filesystem;
using test::kMiB;
using test::kPart;

// The store is a directory.
class GrownCopy : public test::GrowingRecording {
 protected:
  GrownCopy() { use(dir_ / "store"); }
  void use(const std::string &directory) {
    destinations_.stores["archive"].name = "archive";
    destinations_.stores["archive"].uri = "file://" + directory;
  }
  std::vector<std::string> growing() const {
    std::vector<std::string> names;
    std::error_code ignored;
    for (const auto &entry : fs::directory_iterator(dir_ / "store/.growing", ignored))
      names.push_back(entry.path());
    return names;
  }
  // What was copied and is not the file's: whoever copies or compares it again mends it.
  void spoil(std::size_t offset) const {
    std::string bytes = test::read_file(growing().at(0));
    bytes.at(offset) ^= 1;
    std::ofstream(growing().at(0), std::ios::in | std::ios::binary).write(bytes.data(), bytes.size());
  }
  static ino_t inode(const std::string &path) {
    struct stat facts {};
    EXPECT_EQ(::stat(path.c_str(), &facts), 0) << path;
    return facts.st_ino;
  }
  std::string stored(const std::string &name = "cam/a.flv") const {
    return test::read_file(dir_ / ("store/" + name));
  }
  void expect_stored(const std::string &name = "cam/a.flv") {
    grow();
    EXPECT_TRUE(stored(name) == media_);
    EXPECT_TRUE(growing().empty()) << "nothing dangles";
    EXPECT_TRUE(GrowingUploads(catalogue_).due("archive")->empty());
  }
};

TEST_F(GrownCopy, WhatIsLeftAtTheEndDoesNotDependOnTheLength) {
  open();
  write_until(16 * kMiB);
  grow();
  EXPECT_FALSE(fs::exists(dir_ / "store")) << "it may be a short file";
  for (std::size_t bytes = 32 * kMiB; bytes <= 64 * kMiB; bytes += 16 * kMiB) {
    write_until(bytes);
    grow();
    ASSERT_EQ(growing().size(), 1U);
    const std::string copy = test::read_file(growing()[0]);
    EXPECT_TRUE(copy == std::string(kPart, '\0') + media_.substr(kPart, copy.size() - kPart));
    EXPECT_EQ(copy.size(), bytes / kPart * kPart) << "all but what is no whole part yet";
  }
  EXPECT_FALSE(fs::exists(dir_ / "store/cam")) << "readers see complete files";
  write_until(67 * kMiB);
  const ino_t copy = inode(growing()[0]);
  spoil(2 * kPart);
  close();
  const auto url = deliver();
  ASSERT_TRUE(url) << url.error().message;
  EXPECT_EQ(*url, "file://" + (dir_ / "store/cam/a.flv"));
  EXPECT_EQ(inode(dir_ / "store/cam/a.flv"), copy) << "renamed";
  std::string with_spot = media_;
  with_spot[2 * kPart] ^= 1;
  EXPECT_TRUE(stored() == with_spot) << "what was sent is not looked at again";
}

TEST_F(GrownCopy, ANameThatTellsTheEndIsGivenAtTheEnd) {
  open("cam/a_{EscapedEndTime}.flv");
  write_until(26 * kMiB);
  grow();
  const ino_t copy = inode(growing().at(0));
  close("cam/a_2026.flv");
  ASSERT_TRUE(deliver());
  EXPECT_EQ(inode(dir_ / "store/cam/a_2026.flv"), copy);
  expect_stored("cam/a_2026.flv");
}

TEST_F(GrownCopy, PartsOfARepairedFileAreComparedAndNotCopiedAgain) {
  open();
  write_until(46 * kMiB);
  grow();
  spoil(2 * kPart);
  const ino_t copy = inode(growing().at(0));
  media_.resize(33 * kMiB);  // the disk did not have the rest
  media_[12 * kMiB] ^= 1;
  close("cam/a.flv", true);
  ASSERT_TRUE(deliver());
  EXPECT_EQ(inode(dir_ / "store/cam/a.flv"), copy);
  expect_stored();
}

TEST_F(GrownCopy, AFileThatWasCutShorterThanAPartIsCutInTheStore) {
  open();
  write_until(26 * kMiB);
  grow();
  media_.resize(kMiB);
  close("cam/a.flv", true);
  ASSERT_TRUE(deliver());
  expect_stored();
}

TEST_F(GrownCopy, WhatNobodyWillCompleteIsRemoved) {
  open();
  write_until(26 * kMiB);
  grow();
  ASSERT_EQ(growing().size(), 1U);
  ASSERT_TRUE(catalogue_.fail_file(recording_, temp_, "it is shorter than min-duration"));
  grow();
  EXPECT_TRUE(dir_.files() == std::vector<std::string>{"spool/.a.flv.part"});
  EXPECT_TRUE(GrowingUploads(catalogue_).due("archive")->empty());
}

TEST_F(GrownCopy, ADirectoryThatWasAwayIsNotTakenForWhatItWas) {
  open();
  write_until(26 * kMiB);
  grow();
  fs::rename(dir_ / "store", dir_ / "mounted");  // as an NFS server that goes away
  write_until(36 * kMiB);
  EXPECT_FALSE(round());
  clock_.advance(Seconds(2));
  grow();
  fs::remove_all(dir_ / "store");
  fs::rename(dir_ / "mounted", dir_ / "store");  // and comes back
  write_until(46 * kMiB);
  EXPECT_FALSE(round()) << "what is there lacks a part";
  clock_.advance(Seconds(2));
  grow();
  EXPECT_EQ(growing().size(), 1U) << "the other one is removed";
  close();
  ASSERT_TRUE(deliver());
  expect_stored();
}

TEST_F(GrownCopy, WhatWasLostAtTheEndIsCopiedWhole) {
  open();
  write_until(26 * kMiB);
  grow();
  fs::remove_all(dir_ / "store");
  close();
  ASSERT_TRUE(deliver());
  expect_stored();
}

TEST_F(GrownCopy, WhatWasCompletedBeforeItCouldBeRememberedIsNotCopiedAgain) {
  open();
  write_until(26 * kMiB);
  grow();
  close();
  fs::create_directory(dir_ / "store/cam");
  fs::rename(growing().at(0), dir_ / "store/cam/a.flv");
  test::write_file(dir_ / "store/cam/a.flv", media_);
  const ino_t copy = inode(dir_ / "store/cam/a.flv");
  ASSERT_TRUE(deliver());
  EXPECT_EQ(inode(dir_ / "store/cam/a.flv"), copy);
  expect_stored();
}

TEST_F(GrownCopy, WhereTheSpoolIsTheStoreNothingIsCopied) {
  use(dir_ / "spool");
  open();
  write_until(26 * kMiB);
  grow();
  EXPECT_EQ(dir_.files(), std::vector<std::string>{"spool/.a.flv.part"});
  close();
  ASSERT_TRUE(deliver());
  EXPECT_EQ(dir_.files(), std::vector<std::string>{"spool/cam/a.flv"});
}

// A row of a store that was a bucket before.
TEST_F(GrownCopy, KnowsItsOwnUploadsOnly) {
  fs::create_directories(dir_ / "store/eu");
  test::write_file(dir_ / "store/eu/a.flv.old", "somebody's");
  const auto parts = make_copy_parts(dir_ / "store");
  ASSERT_TRUE(parts->abort("eu/a.flv", "", nullptr));
  ASSERT_TRUE(parts->abort("eu/a.flv", "old", nullptr));
  ASSERT_TRUE(parts->abort(".growing/42-1.flv", "../../eu/a.flv.old", nullptr));
  EXPECT_EQ(parts->send("eu/a.flv", "old", temp_, {2, 0, 1}, nullptr).error().code, Errc::not_found);
  EXPECT_EQ(dir_.files(), std::vector<std::string>{"store/eu/a.flv.old"});
}

}  // namespace
}  // namespace rec
