// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/configuration_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/common/temp_dir.h"

namespace rec::test {
namespace {

// Content that is good only as a whole: the rule, its template and the callback have the same number.
std::string version(int number) {
  const std::string n = std::to_string(number);
  return R"({"templates": {"t)" + n + R"(": {"formats": {}, "callbacks": ["c)" + n +
         R"("]}}, "rules": [{"domain": "d", "template": "t)" + n + R"("}], "callbacks": {"c)" + n +
         R"(": {"url": "http://h"}}})";
}

std::string template_of(const Configuration &configuration) {
  const auto choice = choose_template(configuration, {"d", "live", "cam1", ""});
  return choice.recording ? choice.recording->name : "";
}

class ConfigurationStores : public ::testing::Test {
 protected:
  std::string now() {
    const auto sample = store_.sample();
    return sample->loaded.configuration ? template_of(*sample->loaded.configuration) : "nothing";
  }
  void write(const std::string &text) { write_file(file_, text); }

  TempDir dir_;
  const std::string file_ = dir_ / "recording.json";
  SystemClock clock_;
  ConfigurationStore store_{file_, clock_};
};

TEST_F(ConfigurationStores, WhoAsksAfterAChangeSeesIt) {
  for (int i = 0; i < 20; ++i) {  // far faster than file systems count time
    write(version(i % 10));
    EXPECT_EQ(now(), "t" + std::to_string(i % 10));
    EXPECT_EQ(store_.sample()->change, static_cast<std::uint64_t>(i + 1));
  }
}

TEST_F(ConfigurationStores, WhoeverHoldsASampleKeepsIt) {
  write(version(1));
  const auto first = store_.sample();
  write(version(2));
  EXPECT_EQ(now(), "t2");
  EXPECT_EQ(template_of(*first->loaded.configuration), "t1");
}

TEST_F(ConfigurationStores, ABadFileLeavesTheLastGoodOneInForceAndSaysWhy) {
  write(version(1));
  EXPECT_EQ(now(), "t1");
  EXPECT_FALSE(store_.sample()->is_outdated());
  write(R"({"templates": 5})");
  const auto outdated = store_.sample();
  EXPECT_EQ(now(), "t1");
  EXPECT_TRUE(outdated->is_outdated());
  EXPECT_EQ(outdated->change, 2U);
  ASSERT_EQ(outdated->loaded.problems.size(), 2U);
  EXPECT_NE(outdated->loaded.problems[1].find(file_ + ":1:15: templates"), std::string::npos)
      << outdated->loaded.problems[1];
  EXPECT_EQ(store_.sample()->change, 2U) << "told once";
  std::filesystem::remove(file_);
  EXPECT_EQ(now(), "t1");
  EXPECT_EQ(store_.sample()->change, 3U);
  EXPECT_NE(store_.sample()->loaded.problems.at(0).find(file_), std::string::npos);
  write(version(2));
  EXPECT_EQ(now(), "t2");
  EXPECT_FALSE(store_.sample()->is_outdated());
}

TEST_F(ConfigurationStores, AFileThatNeverWasGoodHasOnlyProblems) {
  EXPECT_EQ(now(), "nothing");
  EXPECT_FALSE(store_.sample()->loaded.problems.empty());
  EXPECT_EQ(store_.sample()->change, 1U);
  write(version(1));
  EXPECT_EQ(now(), "t1");
}

TEST_F(ConfigurationStores, TheSameContentIsNoChange) {
  write(version(1));
  const auto first = store_.sample();
  write_file(dir_ / "copy", version(1));
  std::filesystem::rename(dir_ / "copy", file_);
  EXPECT_EQ(store_.sample(), first);
}

TEST_F(ConfigurationStores, NotesOfTheContentInForceStay) {
  write(R"({"rules": [], "templates": {"t": {"formats": {"flv": {"process": ["x"]}}}}})");
  EXPECT_EQ(store_.sample()->loaded.notices.size(), 1U);
  write("{");
  EXPECT_EQ(store_.sample()->loaded.notices.size(), 1U);
}

// 200 pushes sample while the file is replaced, written in place and broken.
TEST_F(ConfigurationStores, ManyPushesSeeWholeVersionsInTheirOrder) {
  write(version(0));
  ASSERT_EQ(now(), "t0");
  std::atomic<int> written = 0;
  std::atomic<bool> over = false;
  std::atomic<int> wrong = 0;
  std::atomic<std::uint64_t> samples = 0;
  std::vector<std::thread> pushes;
  for (int i = 0; i < 200; ++i)
    pushes.emplace_back([&] {
      std::uint64_t change = 0;
      do {
        const int at_least = written;
        const auto sample = store_.sample();
        const std::string name = template_of(*sample->loaded.configuration);
        const bool whole =
            name.starts_with('t') && sample->loaded.configuration->callbacks.contains("c" + name.substr(1));
        if (!whole || std::stoi(name.substr(1)) < at_least || sample->change < change) ++wrong;
        change = sample->change;
        ++samples;
        std::this_thread::yield();
      } while (!over);
    });
  for (int i = 1; i <= 60; ++i) {
    if (i % 3 == 0) write("{\"broken\": ");
    if (i % 2 == 0) {
      write_file(dir_ / "next", version(i));
      std::filesystem::rename(dir_ / "next", file_);
    } else {
      write(version(i));
    }
    ASSERT_EQ(now(), "t" + std::to_string(i));
    written = i;
    const std::uint64_t before = samples;
    while (samples < before + 5) std::this_thread::yield();
  }
  over = true;
  for (std::thread &push : pushes) push.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(now(), "t60");
}

TEST(SharedConfiguration, IsOnePerFileAndOutlivesItsUsers) {
  TempDir dir;
  const std::string file = dir / "recording.json";
  write_file(file, version(1));
  const auto store = shared_configuration(file);
  EXPECT_EQ(shared_configuration(dir / "x/../recording.json"), store);
  EXPECT_NE(shared_configuration(dir / "other.json"), store);
  EXPECT_EQ(template_of(*store->sample()->loaded.configuration), "t1");
}

TEST(SharedConfiguration, APushThatBeginsWhenNoneIsThereKnowsWhatTheLastOneKnew) {
  TempDir dir;
  const std::string file = dir / "recording.json";
  write_file(file, version(1));
  (void)shared_configuration(file)->sample();
  write_file(file, "broken");
  const auto sample = shared_configuration(file)->sample();
  ASSERT_TRUE(sample->loaded.configuration);
  EXPECT_TRUE(sample->is_outdated());
}

TEST(SharedConfiguration, KeepsNotEveryFileForEver) {
  TempDir dir;
  const std::string first = dir / "first.json";
  write_file(first, version(1));
  std::weak_ptr<ConfigurationStore> unused = shared_configuration(first);
  const auto used = shared_configuration(dir / "used.json");
  EXPECT_FALSE(unused.expired());
  for (int i = 0; i < 100; ++i) (void)shared_configuration(dir / std::to_string(i));
  EXPECT_TRUE(unused.expired());
  EXPECT_EQ(shared_configuration(dir / "used.json"), used);
}

}  // namespace
}  // namespace rec::test
