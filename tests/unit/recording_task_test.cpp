// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/recording_task.h"

#include <gtest/gtest.h>

namespace rec {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;

constexpr UtcTime kNow{Seconds(1'800'000'000)};
constexpr microseconds kTick{1};

PushIdentity cam1() {
  return {.domain = "push.example.org", .app = "live", .stream = "cam1", .stream_param = "k=v"};
}

TaskRequest a_request(UtcTime start, UtcTime end) {
  return {.stream = cam1(), .template_name = "default", .start = start, .end = end};
}

RecordingTask a_task(std::string id, UtcTime start, UtcTime end) {
  RecordingTask task;
  task.id = std::move(id);
  task.stream = cam1();
  task.start = start;
  task.end = end;
  return task;
}

std::vector<std::string> ids(const std::vector<RecordingTask> &tasks) {
  std::vector<std::string> list;
  for (const RecordingTask &task : tasks) list.push_back(task.id);
  return list;
}

TEST(MakeTask, TakesAWindowAndForgetsTheStreamParam) {
  const auto task = make_task(a_request(kNow + hours(1), kNow + hours(2)), {}, kNow);
  ASSERT_TRUE(task);
  EXPECT_EQ(task->start, kNow + hours(1));
  EXPECT_EQ(task->end, kNow + hours(2));
  EXPECT_EQ(task->created, kNow);
  EXPECT_EQ(task->stream.stream, "cam1");
  EXPECT_EQ(task->stream.stream_param, "");
  EXPECT_EQ(task->template_name, "default");
}

TEST(MakeTask, WithoutAStartBeginsNow) {
  TaskRequest request = a_request(kNow, kNow + hours(1));
  request.start.reset();
  EXPECT_EQ(make_task(request, {}, kNow)->start, kNow);
}

TEST(MakeTask, ChecksEveryLimitOfItsWindow) {
  struct Case {
    UtcTime start, end;
    const char *wrong;  // nothing: it is right
  };
  const Case cases[] = {
      {kNow, kNow, "is over"},
      {kNow + hours(1), kNow + hours(1), "after the start"},
      {kNow + hours(2), kNow + hours(1), "after the start"},
      {kNow - hours(2), kNow, "is over"},
      {kNow - hours(2), kNow + kTick, nullptr},
      {kNow, kNow + kTick, nullptr},
      {kNow, kNow + hours(24), nullptr},
      {kNow, kNow + hours(24) + kTick, "24 hours"},
      {kNow - hours(1), kNow + hours(23) + kTick, "24 hours"},
      {kNow + days(6), kNow + days(7) - kTick, nullptr},
      {kNow + days(6) + kTick, kNow + days(7) - kTick, "next 6 days"},
      {kNow + days(6), kNow + days(7), "next 7 days"},
      {kNow, kNow + days(7), "next 7 days"},
  };
  for (const Case &c : cases) {
    SCOPED_TRACE(testing::Message() << (c.start - kNow).count() << " us to " << (c.end - kNow).count()
                                    << " us");
    const auto task = make_task(a_request(c.start, c.end), {}, kNow);
    EXPECT_EQ(static_cast<bool>(task), c.wrong == nullptr);
    if (task || !c.wrong) continue;
    EXPECT_NE(task.error().message.find(c.wrong), std::string::npos) << task.error().message;
  }
}

TEST(MakeTask, NeedsTheExactNamesOfOneStream) {
  const auto refused = [](auto change) {
    TaskRequest request = a_request(kNow, kNow + hours(1));
    change(request.stream);
    const auto task = make_task(request, {}, kNow);
    return !task && task.error().code == Errc::invalid_argument;
  };
  EXPECT_TRUE(refused([](PushIdentity &p) { p.domain = ""; }));
  EXPECT_TRUE(refused([](PushIdentity &p) { p.app = ""; }));
  EXPECT_TRUE(refused([](PushIdentity &p) { p.stream = ""; }));
  EXPECT_TRUE(refused([](PushIdentity &p) { p.stream = "*"; }));
  EXPECT_TRUE(refused([](PushIdentity &p) { p.stream = std::string(1025, 'x'); }));
  EXPECT_FALSE(refused([](PushIdentity &p) { p.stream = std::string(1024, 'x'); }));
}

TEST(MakeTask, RefusesTheFourthThatWouldRunAtOneTime) {
  const UtcTime start = kNow + hours(1);
  std::vector<RecordingTask> others = {a_task("1", start, start + hours(3)),
                                       a_task("2", start + hours(1), start + hours(4)),
                                       a_task("3", start + hours(2), start + hours(5))};
  const auto at = [&](UtcTime from, UtcTime to) { return make_task(a_request(from, to), others, kNow); };
  const auto fourth = at(start, start + hours(6));
  ASSERT_FALSE(fourth);
  EXPECT_EQ(fourth.error().code, Errc::exists);
  EXPECT_NE(fourth.error().message.find("at most 3"), std::string::npos);
  EXPECT_FALSE(at(start + hours(2) + minutes(1), start + hours(2) + minutes(2))) << "in the middle of all";
  EXPECT_TRUE(at(start, start + hours(2))) << "ends where the third begins";
  EXPECT_TRUE(at(start + hours(3), start + hours(6))) << "begins where the first ends";
  others[1].stopped = kNow;
  EXPECT_TRUE(at(start, start + hours(6))) << "a stopped one does not run";
  others[1].stopped.reset();
  others[2].deleted = kNow;
  EXPECT_TRUE(at(start, start + hours(6))) << "neither does a deleted one begin";
}

TEST(MakeTask, CountsNothingThatIsOver) {
  std::vector<RecordingTask> others;
  for (const char *id : {"1", "2", "3"}) others.push_back(a_task(id, kNow - hours(2), kNow));
  EXPECT_TRUE(make_task(a_request(kNow - hours(1), kNow + hours(1)), others, kNow));
}

TEST(MayStop, OnceAndBeforeTheEnd) {
  RecordingTask task = a_task("1", kNow, kNow + hours(1));
  EXPECT_TRUE(may_stop(task, kNow - hours(1))) << "it will not begin";
  EXPECT_TRUE(may_stop(task, kNow + hours(1) - kTick));
  EXPECT_EQ(may_stop(task, kNow + hours(1)).error().code, Errc::exists);
  task.stopped = kNow;
  EXPECT_NE(may_stop(task, kNow).error().message.find("stopped already"), std::string::npos);
}

TEST(TemplateOfTask, IsHlsForEverUnlessOneThatRecordsIsNamed) {
  RecordingTemplate flv;
  flv.name = "default";
  flv.files = {FileFormat{}};
  EXPECT_EQ(template_of_task(&flv).name, "default");
  EXPECT_FALSE(template_of_task(&flv).hls);
  RecordingTemplate off;
  off.name = "off";
  for (const RecordingTemplate *named :
       {static_cast<const RecordingTemplate *>(nullptr), &std::as_const(off)}) {
    const RecordingTemplate fallback = template_of_task(named);
    EXPECT_EQ(fallback.name, "");
    EXPECT_TRUE(fallback.hls);
    EXPECT_TRUE(fallback.files.empty());
    EXPECT_FALSE(fallback.retention);
  }
}

TEST(PlanTasks, RunsInTheWindowAndOnlyThere) {
  const std::vector<RecordingTask> tasks = {a_task("1", kNow, kNow + hours(1))};
  const auto before = plan_tasks(tasks, {}, kNow - kTick);
  EXPECT_TRUE(before.begin.empty());
  EXPECT_EQ(before.next, kNow);
  const auto in_time = plan_tasks(tasks, {}, kNow);
  EXPECT_EQ(ids(in_time.begin), std::vector<std::string>{"1"});
  EXPECT_EQ(in_time.next, kNow + hours(1));
  const std::vector<RunningTask> running = {{"1", kNow + hours(1)}};
  const auto going_on = plan_tasks(tasks, running, kNow + minutes(30));
  EXPECT_TRUE(going_on.begin.empty());
  EXPECT_TRUE(going_on.end.empty());
  EXPECT_EQ(going_on.next, kNow + hours(1));
  EXPECT_EQ(plan_tasks(tasks, running, kNow + hours(1)).end, std::vector<std::string>{"1"});
  EXPECT_TRUE(plan_tasks(tasks, {}, kNow + hours(1)).begin.empty());
}

TEST(PlanTasks, ANewPushInTheWindowIsRecordedToo) {
  const std::vector<RecordingTask> tasks = {a_task("1", kNow, kNow + hours(1))};
  EXPECT_EQ(ids(plan_tasks(tasks, {}, kNow + hours(1) - kTick).begin), std::vector<std::string>{"1"});
}

TEST(PlanTasks, StopEndsItDeletionLeavesItRunning) {
  std::vector<RecordingTask> tasks = {a_task("1", kNow, kNow + hours(1)), a_task("2", kNow, kNow + hours(1))};
  tasks[0].stopped = kNow + minutes(1);
  tasks[1].deleted = kNow + minutes(1);
  const std::vector<RunningTask> running = {{"1", kNow + hours(1)}, {"2", kNow + hours(1)}};
  const auto now = plan_tasks(tasks, running, kNow + minutes(2));
  EXPECT_EQ(now.end, std::vector<std::string>{"1"});
  EXPECT_TRUE(now.begin.empty());
  EXPECT_TRUE(plan_tasks(tasks, {}, kNow + minutes(2)).begin.empty()) << "neither begins again";
  const auto row_gone = plan_tasks({}, running, kNow + minutes(2));
  EXPECT_TRUE(row_gone.end.empty());
  EXPECT_EQ(row_gone.next, kNow + hours(1));
  EXPECT_EQ(plan_tasks({}, running, kNow + hours(1)).end.size(), 2U);
}

TEST(PlanTasks, GoesByTheClockAsItIsWhenThatJumps) {
  const std::vector<RecordingTask> tasks = {a_task("1", kNow, kNow + hours(1))};
  const std::vector<RunningTask> running = {{"1", kNow + hours(1)}};
  const auto set_back = plan_tasks(tasks, running, kNow - hours(1));
  EXPECT_TRUE(set_back.end.empty()) << "media is there: it goes on";
  EXPECT_TRUE(set_back.begin.empty());
  EXPECT_EQ(plan_tasks(tasks, running, kNow + days(1)).end, std::vector<std::string>{"1"});
  EXPECT_EQ(ids(plan_tasks(tasks, {}, kNow + minutes(59)).begin), std::vector<std::string>{"1"});
}

TEST(PlanTasks, RunsThreeAtOnceAndTheNextWhenThereIsRoom) {
  std::vector<RecordingTask> tasks;
  for (const char *id : {"4", "3", "2", "1"}) tasks.push_back(a_task(id, kNow, kNow + hours(1)));
  tasks[0].start = kNow - minutes(1);
  EXPECT_EQ(ids(plan_tasks(tasks, {}, kNow).begin), (std::vector<std::string>{"4", "1", "2"}));
  const std::vector<RunningTask> running = {{"4", kNow + hours(1)}, {"1", kNow}, {"2", kNow + hours(1)}};
  const auto later = plan_tasks(tasks, running, kNow);
  EXPECT_EQ(later.end, std::vector<std::string>{"1"});
  EXPECT_EQ(ids(later.begin), std::vector<std::string>{"3"});
}

TEST(SameStream, IgnoresTheCaseOfTheDomainOnly) {
  PushIdentity other = cam1();
  other.stream_param = "";
  other.domain = "PUSH.example.org";
  EXPECT_TRUE(same_stream(cam1(), other));
  other.stream = "Cam1";
  EXPECT_FALSE(same_stream(cam1(), other));
  other = cam1();
  other.domain += ".";
  EXPECT_FALSE(same_stream(cam1(), other));
}

}  // namespace
}  // namespace rec
