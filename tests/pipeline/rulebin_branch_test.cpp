// SPDX-License-Identifier: LGPL-2.1-or-later
// Branches that come and go while a push is recorded by others.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <thread>

#include "core/base/sync.h"
#include "ext/rulebin/branch.h"
#include "ext/rulebin/branch_bin.h"
#include "tests/pipeline/recsink_fixture.h"

namespace rec::test {
namespace {

using std::chrono::milliseconds;

// A rulebin's inputs in a bin, a desk, and branches that the test adds and removes.
class Branches : public ::testing::Test {
 protected:
  Branches()
      : host_(make_branch_bin("host",
                              {.request_pad = [this](auto *t, auto *n) { return inputs_->request_pad(t, n); },
                               .release_pad = [this](auto *pad) { inputs_->release_pad(pad); },
                               .handle_message = [](auto *) { return false; }})),
        inputs_(std::make_unique<PushInputs>(
            GST_BIN(host_.get()),
            PushInputs::Listener{
                .push_began = [this](PushInputs &) { for_attached([](Branch &b) { b.push_began(); }); },
                .push_ended = [this](PushInputs &, bool,
                                     guint32) { for_attached([](Branch &b) { b.push_ended(); }); }})) {
    auto desk = CatalogueDesk::open(dir_ / "catalogue.db", clock_);
    EXPECT_TRUE(desk) << desk.error().message;
    desk_ = *desk;
  }
  ~Branches() override { publisher_.reset(); }

  void publish() { publisher_ = std::make_unique<Publisher>(host_); }
  Publisher &publisher() { return *publisher_; }
  void send(int from, int to) {
    publisher().send({{"video", video().part(Seconds(from), Seconds(to), Seconds(from))},
                      {"audio_0", audio().part(Seconds(from), Seconds(to), Seconds(from))}});
  }

  // In the bin and recording from the next keyframe on.
  std::shared_ptr<Branch> add(const std::string &name, Nanoseconds splice_timeout = Nanoseconds(0)) {
    RecordingTemplate wanted;
    wanted.name = name;
    wanted.files = {FileFormat{.format = Format::flv, .splice_timeout = splice_timeout}};
    wanted.pattern = name + "/{StartMillisecond}-{Sequence}";
    const auto names = bind_names(wanted, dir_ / "spool", {});
    EXPECT_TRUE(names) << names.error().message;
    auto branch = std::make_shared<Branch>(
        GST_BIN(host_.get()), desk_, clock_,
        BranchFacts{.name = name,
                    .session = {.push = {"d", "live", "cam1", ""},
                                .owner = "",
                                .session_id = random_decimal_id(),
                                .directory = dir_ / "spool",
                                .recording_template = wanted,
                                .task = ""},
                    .names = *names},
        Branch::Listener{.join = [](std::int64_t) {}, .settled = [this] { settled_.notify_all(); }});
    branch->open();
    branch->follow();
    {
      MutexLock lock(mutex_);
      branches_.push_back(branch);
    }
    branch->attach(*inputs_);
    return branch;
  }
  // Its last file is complete.
  void wait_until_done(Branch &branch) {
    bool busy = true;
    const auto look = [&] {
      EXPECT_TRUE(desk_->call([&] { busy = branch.busy(); }));
      return !busy;
    };
    for (const auto end = std::chrono::steady_clock::now() + kDeadline;
         !look() && std::chrono::steady_clock::now() < end;) {
      MutexLock lock(wake_mutex_);
      lock.wait_for(settled_, milliseconds(20), [] { return false; });
    }
    EXPECT_FALSE(busy) << branch.facts().name;
  }
  void remove(const std::shared_ptr<Branch> &branch) {
    branch->detach(*inputs_);
    wait_until_done(*branch);
    {
      MutexLock lock(mutex_);
      branches_.erase(std::find(branches_.begin(), branches_.end(), branch));
    }
    branch->close();
  }
  void end() {
    publisher().end_all();
    std::vector<std::shared_ptr<Branch>> left;
    {
      MutexLock lock(mutex_);
      left = branches_;
    }
    for (const auto &branch : left) {
      wait_until_done(*branch);
      remove(branch);
    }
  }

  std::vector<std::string> files_of(const std::string &name) {
    std::vector<std::string> paths;
    EXPECT_TRUE(desk_->call([&] {
      const auto recordings = desk_->catalogue().recordings(100);
      for (const Recording &recording : *recordings) {
        if (recording.template_name != name) continue;
        const auto files = desk_->catalogue().files(recording.id);
        for (const StoredFile &file : *files) {
          EXPECT_EQ(file.state, FileState::closed) << file.error;
          paths.push_back(file.facts.path);
        }
      }
    }));
    return paths;
  }
  static Hashes pictures(int from, int to) {
    return hashes_sent({video().part(Seconds(from), Seconds(to), Seconds(0))});
  }
  static Hashes sounds(int from, int to) {
    return hashes_sent({audio().part(Seconds(from), Seconds(to), Seconds(0))});
  }

  PushInputs &inputs() { return *inputs_; }

 private:
  void for_attached(const std::function<void(Branch &)> &call) {
    std::vector<std::shared_ptr<Branch>> all;
    {
      MutexLock lock(mutex_);
      all = branches_;
    }
    for (const auto &branch : all)
      if (branch->attached()) call(*branch);
  }

  TempDir dir_;
  SystemClock clock_;
  std::condition_variable settled_;
  Mutex mutex_, wake_mutex_;
  std::vector<std::shared_ptr<Branch>> branches_ REC_GUARDED_BY(mutex_);
  Ref<GstElement> host_;
  std::unique_ptr<PushInputs> inputs_;
  std::shared_ptr<CatalogueDesk> desk_;
  std::unique_ptr<Publisher> publisher_;
};

TEST_F(Branches, ABranchRecordsWhatComesWhileItIsAttachedAndItsSiblingAll) {
  publish();
  add("all");
  send(0, 2);
  const auto some = add("some");
  send(2, 4);
  remove(some);
  send(4, 6);
  end();
  EXPECT_EQ(hashes_stored(files_of("all"), "video"), pictures(0, 6));
  EXPECT_EQ(hashes_stored(files_of("all"), "audio"), sounds(0, 6));
  ASSERT_EQ(files_of("some").size(), 1U);
  EXPECT_EQ(hashes_stored(files_of("some"), "video"), pictures(2, 4));
  EXPECT_EQ(hashes_stored(files_of("some"), "audio"), sounds(2, 4));
  EXPECT_EQ(playback_complaints(files_of("some")[0]), "");
}

TEST_F(Branches, ABranchThatIsAddedBetweenKeyframesBeginsAtTheNextOne) {
  publish();
  add("all");
  publisher().send({{"video", video().part(Seconds(0), milliseconds(2500), Seconds(0))}});
  add("late");
  publisher().send({{"video", video().part(milliseconds(2500), Seconds(6), milliseconds(2500))}});
  end();
  EXPECT_EQ(hashes_stored(files_of("all"), "video"), pictures(0, 6));
  EXPECT_EQ(hashes_stored(files_of("late"), "video"), pictures(3, 6));
}

TEST_F(Branches, ABranchThatIsAttachedAgainContinuesItsRecording) {
  publish();
  const auto branch = add("some", std::chrono::hours(1));
  send(0, 2);
  branch->detach(inputs());
  EXPECT_TRUE(wait_for_element_message(publisher().pipeline(), "rulebin-recording-paused"));
  send(2, 4);
  branch->attach(inputs());
  send(4, 6);
  branch->detach(inputs());
  EXPECT_TRUE(wait_for_element_message(publisher().pipeline(), "rulebin-recording-paused"));
  EXPECT_EQ(branch->counts().session.started, 1U);
  EXPECT_EQ(branch->counts().session.resumed, 1U);
  EXPECT_TRUE(branch->command(RecordingInput::cancel_delay));
  wait_until_done(*branch);
  Hashes expected = pictures(0, 2);
  for (const std::string &hash : pictures(4, 6)) expected.push_back(hash);
  EXPECT_EQ(hashes_stored(files_of("some"), "video"), expected);
  remove(branch);
}

TEST_F(Branches, ABranchToWhichNothingCameLeavesNothing) {
  publish();
  add("all");
  send(0, 2);
  remove(add("short"));
  send(2, 4);
  end();
  EXPECT_TRUE(files_of("short").empty());
  EXPECT_EQ(hashes_stored(files_of("all"), "video"), pictures(0, 4));
}

// Whatever the threads do, the sibling misses no frame and gets none twice, and every visitor has a run of
// frames that begins at a keyframe.
TEST_F(Branches, BranchesComeAndGoBesideRunningMediaWithoutAGlitchInTheirSibling) {
  publish();
  add("all");
  send(0, 1);
  std::atomic<bool> over = false;
  std::vector<std::string> names;
  std::thread visitor([&] {
    for (int i = 0; !over || i < 5; ++i) {
      names.push_back("v" + std::to_string(i));
      remove(add(names.back()));
    }
  });
  for (int second = 1; second < 6; ++second) send(second, second + 1);
  over = true;
  visitor.join();
  end();
  const Hashes sent = pictures(0, 6);
  EXPECT_EQ(hashes_stored(files_of("all"), "video"), sent);
  EXPECT_EQ(hashes_stored(files_of("all"), "audio"), sounds(0, 6));
  for (const std::string &name : names)
    for (const std::string &file : files_of(name)) {
      const Hashes stored = hashes_stored({file}, "video");
      if (stored.empty()) continue;
      const auto at = std::search(sent.begin(), sent.end(), stored.begin(), stored.end());
      ASSERT_NE(at, sent.end()) << file;
      EXPECT_TRUE(video().units[static_cast<std::size_t>(at - sent.begin())].keyframe)
          << file << " " << stored.size() << " frames from " << at - sent.begin();
    }
}

}  // namespace
}  // namespace rec::test
