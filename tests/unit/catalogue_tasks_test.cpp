// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include "core/service/catalogue.h"
#include "tests/common/catalogue_rows.h"
#include "tests/common/fake_clock.h"
#include "tests/common/temp_dir.h"

namespace rec::test {
namespace {

using std::chrono::hours;
using Strings = std::vector<std::string>;

class CatalogueTasks : public testing::Test {
 protected:
  Catalogue open() {
    auto opened = Catalogue::open(dir_ / "catalogue.db", clock_);
    if (!opened) throw std::runtime_error(opened.error().message);
    return *std::move(opened);
  }
  TaskRequest request(Seconds from, Seconds to) const {
    const UtcTime now = clock_.now_utc();
    return {.stream = a_push(), .template_name = "default", .start = now + from, .end = now + to};
  }
  static Strings ids(const Result<std::vector<RecordingTask>> &tasks) {
    Strings list;
    if (!tasks) return {tasks.error().message};
    for (const RecordingTask &task : *tasks) list.push_back(task.id);
    return list;
  }

  TempDir dir_;
  FakeClock clock_;
};

TEST_F(CatalogueTasks, OutliveTheProcessThatMadeThem) {
  const auto made = open().create_task(request(hours(1), hours(2)));
  ASSERT_TRUE(made);
  Catalogue c = open();
  const auto found = c.tasks(10);
  ASSERT_EQ(found->size(), 1U);
  const RecordingTask &task = found->front();
  EXPECT_EQ(task.id, made->id);
  EXPECT_TRUE(same_stream(task.stream, a_push()));
  EXPECT_EQ(task.stream.stream_param, "");
  EXPECT_EQ(task.template_name, "default");
  EXPECT_EQ(task.start, clock_.now_utc() + hours(1));
  EXPECT_EQ(task.end, clock_.now_utc() + hours(2));
  EXPECT_FALSE(task.stopped);
}

TEST_F(CatalogueTasks, TheFourthAtOneTimeIsRefusedWhateverTheCaseOfTheDomain) {
  Catalogue c = open();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(c.create_task(request(hours(1), hours(2))));
  TaskRequest fourth = request(hours(1), hours(2));
  fourth.stream.domain = "PUSH.example.org";
  EXPECT_EQ(c.create_task(fourth).error().code, Errc::exists);
  fourth.stream.stream = "cam2";
  EXPECT_TRUE(c.create_task(fourth)) << "of another stream";
  EXPECT_EQ(ids(c.tasks(10)).size(), 4U) << "what is refused leaves nothing";
}

TEST_F(CatalogueTasks, AStoppedOneStaysListedADeletedOneDoesNot) {
  Catalogue c = open();
  const auto a = c.create_task(request(hours(0), hours(2))), b = c.create_task(request(hours(0), hours(2)));
  ASSERT_TRUE(c.stop_task(a->id));
  EXPECT_EQ(c.stop_task(a->id).error().code, Errc::exists);
  EXPECT_EQ(c.tasks(10)->back().stopped, clock_.now_utc());
  ASSERT_TRUE(c.delete_task(b->id));
  EXPECT_EQ(c.delete_task(b->id).error().code, Errc::not_found);
  EXPECT_EQ(c.stop_task(b->id).error().code, Errc::not_found);
  EXPECT_EQ(ids(c.tasks(10)), Strings{a->id});
  EXPECT_EQ(ids(c.current_tasks()), (Strings{a->id, b->id})) << "who runs it must learn why it goes on";
  EXPECT_TRUE(c.current_tasks()->back().deleted);
}

TEST_F(CatalogueTasks, AreForgottenThreeMonthsAfterTheirEnd) {
  Catalogue c = open();
  const auto old = c.create_task(request(hours(0), hours(1)));
  clock_.advance(hours(1));
  EXPECT_EQ(c.stop_task(old->id).error().code, Errc::exists);
  EXPECT_TRUE(c.current_tasks()->empty());
  clock_.advance(std::chrono::days(90));
  const auto next = c.create_task(request(hours(0), hours(1)));
  EXPECT_EQ(ids(c.tasks(10)), (Strings{next->id, old->id})) << "to the day";
  clock_.advance(Seconds(1));
  const auto last = c.create_task(request(hours(0), hours(1)));
  EXPECT_EQ(ids(c.tasks(10)), (Strings{last->id, next->id}));
}

class CatalogueCommands : public CatalogueTasks {};

TEST_F(CatalogueCommands, GoToWhoReceivesTheStream) {
  Catalogue c = open();
  EXPECT_TRUE(c.receivers(a_push(), CommandVerb::stop)->empty());
  const auto push = c.begin_push("a", a_push(), "default");
  ASSERT_TRUE(c.begin_push("b", a_push("cam2"), "default"));
  ASSERT_TRUE(c.begin_push("a", a_push(), ""));
  PushIdentity shouted = a_push();
  shouted.domain = "PUSH.EXAMPLE.ORG";
  EXPECT_EQ(*c.receivers(shouted, CommandVerb::stop), Strings{"a"});
  shouted.stream = "CAM1";
  EXPECT_TRUE(c.receivers(shouted, CommandVerb::stop)->empty());
  ASSERT_TRUE(c.end_pushes_of("a"));
  EXPECT_TRUE(c.receivers(a_push(), CommandVerb::stop)->empty());
}

TEST_F(CatalogueCommands, CancelDelayAlsoGoesToWhoHoldsARecording) {
  Catalogue c = open();
  const auto r = c.start_recording(a_recording("holder"));
  ASSERT_TRUE(*c.pause_recording(r->id, "holder", clock_.now_utc() + Seconds(60)));
  EXPECT_TRUE(c.receivers(a_push(), CommandVerb::start)->empty());
  EXPECT_EQ(*c.receivers(a_push(), CommandVerb::cancel_delay), Strings{"holder"});
  ASSERT_TRUE(c.finish_recording(r->id, clock_.now_utc(), std::nullopt));
  EXPECT_TRUE(c.receivers(a_push(), CommandVerb::cancel_delay)->empty());
}

TEST_F(CatalogueCommands, AreTakenOnceInTheirOrderAndAnswered) {
  Catalogue asker = open(), taker = open();
  const auto before = taker.changes_by_others();
  std::vector<std::int64_t> asked;
  for (const CommandVerb verb : kAllCommandVerbs) asked.push_back(*asker.ask("a", verb, a_push()));
  ASSERT_TRUE(asker.ask("b", CommandVerb::stop, a_push()));
  EXPECT_NE(*taker.changes_by_others(), *before);

  const auto taken = taker.take_commands("a");
  ASSERT_EQ(taken->size(), std::size(kAllCommandVerbs));
  for (std::size_t i = 0; i < taken->size(); ++i) {
    EXPECT_EQ(taken->at(i).id, asked[i]);
    EXPECT_EQ(taken->at(i).verb, kAllCommandVerbs[i]);
    EXPECT_TRUE(same_stream(taken->at(i).stream, a_push()));
  }
  EXPECT_TRUE(taker.take_commands("a")->empty());
  EXPECT_EQ(asker.command_answer(asked[0])->state, CommandState::taken);
  ASSERT_TRUE(taker.answer_command(asked[0], ok()));
  ASSERT_TRUE(taker.answer_command(asked[1], Error{Errc::not_found, "nothing to stop"}));
  EXPECT_EQ(asker.command_answer(asked[0])->state, CommandState::done);
  EXPECT_EQ(asker.command_answer(asked[1])->state, CommandState::refused);
  EXPECT_EQ(asker.command_answer(asked[1])->error, "nothing to stop");
}

TEST_F(CatalogueCommands, AreWithdrawnOnlyWhileNobodyHasTakenThem) {
  Catalogue c = open();
  const auto early = c.ask("a", CommandVerb::stop, a_push());
  EXPECT_TRUE(*c.withdraw_command(*early));
  EXPECT_TRUE(c.take_commands("a")->empty());
  const auto late = c.ask("a", CommandVerb::stop, a_push());
  ASSERT_EQ(c.take_commands("a")->size(), 1U);
  EXPECT_FALSE(*c.withdraw_command(*late));
  ASSERT_TRUE(c.answer_command(*late, ok()));
  ASSERT_TRUE(c.answer_command(*late, Error{Errc::not_found, "again"}));
  EXPECT_EQ(c.command_answer(*late)->state, CommandState::done) << "the first answer counts";
}

TEST_F(CatalogueCommands, AreForgottenAfterADay) {
  Catalogue c = open();
  const auto old = c.ask("a", CommandVerb::stop, a_push());
  clock_.advance(hours(24) + Seconds(1));
  ASSERT_TRUE(c.ask("a", CommandVerb::start, a_push()));
  EXPECT_EQ(c.command_answer(*old).error().code, Errc::not_found);
}

TEST(CommandVerb, IsReadFromItsName) {
  for (const CommandVerb verb : kAllCommandVerbs) EXPECT_EQ(command_named(name_of(verb)), verb);
  EXPECT_FALSE(command_named("Stop"));
  EXPECT_FALSE(command_named(""));
}

}  // namespace
}  // namespace rec::test
