// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/stream_watch.h"

#include <gtest/gtest.h>

#include <deque>

#include "tests/common/catalogue_rows.h"
#include "tests/common/fake_clock.h"
#include "tests/common/temp_dir.h"

namespace rec::test {
namespace {

using std::chrono::hours;

// What a watch told, in order; whoever tests waits for it.
class Heard {
 public:
  void say(std::string what) {
    {
      MutexLock lock(mutex_);
      said_.push_back(std::move(what));
    }
    wake_.notify_all();
  }
  // The next that is not like the one before it.
  std::string next() {
    MutexLock lock(mutex_);
    const auto news = [&]() REC_TSA(no_thread_safety_analysis) {
      while (!said_.empty() && said_.front() == last_) said_.pop_front();
      return !said_.empty();
    };
    if (!lock.wait_for(wake_, Seconds(30), news)) return "nothing";
    last_ = said_.front();
    said_.pop_front();
    return last_;
  }

 private:
  Mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::string> said_ REC_GUARDED_BY(mutex_);
  std::string last_ REC_GUARDED_BY(mutex_);
};

class StreamWatchTest : public testing::Test {
 protected:
  StreamWatchTest() {
    auto opened = Catalogue::open(path_, clock_);
    if (!opened) throw std::runtime_error(opened.error().message);
    catalogue_.emplace(*std::move(opened));
  }
  std::shared_ptr<StreamWatch> watch() {
    auto watch = StreamWatch::of_process(path_, clock_);
    if (!watch) throw std::runtime_error(watch.error().message);
    return *watch;
  }
  std::unique_ptr<StreamWatch::Subscription> subscribe(Heard &heard, const Status &answer = ok(),
                                                       std::string stream = "cam1") {
    return StreamWatch::subscribe(watch(), a_push(std::move(stream)),
                                  {.obey =
                                       [&heard, answer](CommandVerb verb, const StreamWatch::Answer &done) {
                                         done(answer);
                                         heard.say(std::string(name_of(verb)));
                                       },
                                   .tasks =
                                       [&heard](const std::vector<RecordingTask> &tasks) {
                                         std::string text = "tasks:";
                                         for (const RecordingTask &task : tasks)
                                           text += " " + task.id + (task.stopped ? " stopped" : "");
                                         heard.say(text);
                                       },
                                   .trouble = [&heard](const Error &error) { heard.say(error.message); }});
  }
  std::string owner() {
    if (!lease_) lease_ = *process_owner(path_);
    return lease_->id();
  }
  // What became of a command, when something has.
  CommandAnswer answer_to(std::int64_t id) {
    const auto deadline = std::chrono::steady_clock::now() + Seconds(30);
    for (;;) {
      const auto answer = catalogue_->command_answer(id);
      EXPECT_TRUE(answer);
      const bool open = answer->state == CommandState::asked || answer->state == CommandState::taken;
      if (!open || std::chrono::steady_clock::now() > deadline) return *answer;
      MutexLock lock(patience_);
      lock.wait_for(never_, Milliseconds(20), [] { return false; });
    }
  }
  TaskRequest request() const {
    const UtcTime now = clock_.now_utc();
    return {.stream = a_push(), .template_name = "", .start = now, .end = now + hours(1)};
  }

  TempDir dir_;
  FakeClock clock_;
  std::string path_ = dir_ / "catalogue.db";
  std::optional<Catalogue> catalogue_;
  std::shared_ptr<const OwnerLease> lease_;
  Mutex patience_;
  std::condition_variable never_;
};

TEST_F(StreamWatchTest, PassesACommandToItsStreamAndWritesTheAnswer) {
  Heard cam1, cam2;
  const auto one = subscribe(cam1), other = subscribe(cam2, ok(), "cam2");
  const auto id = catalogue_->ask(owner(), CommandVerb::restart, a_push());
  EXPECT_EQ(cam1.next(), "restart");
  EXPECT_EQ(answer_to(*id).state, CommandState::done);
  const auto refused = catalogue_->ask(owner(), CommandVerb::stop, a_push("cam3"));
  EXPECT_EQ(answer_to(*refused).state, CommandState::refused);
  ASSERT_TRUE(catalogue_->ask(owner(), CommandVerb::stop, a_push("cam2")));
  EXPECT_EQ(cam2.next(), "stop") << "and nothing before it";
}

TEST_F(StreamWatchTest, IsDoneWhenOneOfSeveralDidIt) {
  Heard a, b;
  const auto refuses = subscribe(a, Error{Errc::not_found, "nothing to stop"}), obeys = subscribe(b);
  const auto id = catalogue_->ask(owner(), CommandVerb::stop, a_push());
  EXPECT_EQ(answer_to(*id).state, CommandState::done);
  EXPECT_EQ(a.next(), "stop");
}

TEST_F(StreamWatchTest, TellsWhyACommandWasRefused) {
  Heard heard;
  const auto refuses = subscribe(heard, Error{Errc::exists, "it is being recorded already"});
  const auto id = catalogue_->ask(owner(), CommandVerb::start, a_push());
  EXPECT_EQ(answer_to(*id).error, "it is being recorded already");
}

TEST_F(StreamWatchTest, RefusesWhatIsForgottenUnanswered) {
  const auto forgets = StreamWatch::subscribe(
      watch(), a_push(),
      {.obey = [](CommandVerb, const StreamWatch::Answer &) {}, .tasks = [](const auto &) {}, .trouble = {}});
  const auto id = catalogue_->ask(owner(), CommandVerb::start, a_push());
  const CommandAnswer answer = answer_to(*id);
  EXPECT_EQ(answer.state, CommandState::refused);
  EXPECT_NE(answer.error.find("ended meanwhile"), std::string::npos);
}

TEST_F(StreamWatchTest, TellsTheTasksOfAStreamUntilThereAreNone) {
  const auto task = catalogue_->create_task(request());
  Heard cam1, cam2;
  const auto one = subscribe(cam1), other = subscribe(cam2, ok(), "cam2");
  EXPECT_EQ(cam1.next(), "tasks: " + task->id);
  ASSERT_TRUE(catalogue_->stop_task(task->id));
  EXPECT_EQ(cam1.next(), "tasks: " + task->id + " stopped");
  clock_.advance(hours(1));
  EXPECT_EQ(cam1.next(), "tasks:");
  const auto next = catalogue_->create_task(request());
  EXPECT_EQ(cam1.next(), "tasks: " + next->id);
  ASSERT_TRUE(catalogue_->ask(owner(), CommandVerb::stop, a_push("cam2")));
  EXPECT_EQ(cam2.next(), "stop") << "it has no tasks";
}

TEST_F(StreamWatchTest, TellsNothingAfterTheEndOfASubscription) {
  Heard gone, there;
  auto ends = subscribe(gone);
  const auto stays = subscribe(there);
  ASSERT_TRUE(catalogue_->ask(owner(), CommandVerb::stop, a_push()));
  EXPECT_EQ(gone.next(), "stop");
  ends.reset();
  ASSERT_TRUE(catalogue_->ask(owner(), CommandVerb::restart, a_push()));
  EXPECT_EQ(there.next(), "stop");
  EXPECT_EQ(there.next(), "restart");
  gone.say("the last");
  EXPECT_EQ(gone.next(), "the last");
}

TEST_F(StreamWatchTest, SaysOnceThatTheCatalogueIsBroken) {
  Heard heard;
  const auto one = subscribe(heard);
  auto db = SqlDatabase::open(path_);
  ASSERT_TRUE(db->run("DROP TABLE task"));
  EXPECT_NE(heard.next().find("task"), std::string::npos);
}

TEST_F(StreamWatchTest, IsOneForAllOfAProcessAndCatalogue) {
  const auto mine = watch();
  EXPECT_EQ(mine, watch());
  const auto other = StreamWatch::of_process(dir_ / "other.db", clock_);
  ASSERT_TRUE(other);
  EXPECT_NE(mine, *other);
}

}  // namespace
}  // namespace rec::test
