// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/delivery.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "core/model/retry_schedule.h"
#include "core/service/delivery_worker.h"
#include "core/service/tencent_payload.h"
#include "core/service/upload_backlog.h"
#include "tests/common/catalogue_rows.h"
#include "tests/common/fake_clock.h"
#include "tests/common/fake_http.h"
#include "tests/common/temp_dir.h"

namespace rec {
namespace {

using test::FakeHttp;

class DeliveryTest : public testing::Test {
 protected:
  DeliveryTest() {
    destinations_.stores["archive"].name = "archive";
    destinations_.stores["archive"].uri = "file://" + (dir_ / "store");
    destinations_.callbacks["ops"] = {.name = "ops",
                                      .url = "http://user:pw@ops.example.org/recording?token=t",
                                      .schema = "tencent",
                                      .key_env = "CALLBACK_KEY",
                                      .older_key_env = ""};
    destinations_.callback_keys["ops"] = {"mykey", ""};
  }

  // A recording with one closed file in the spool, its upload and callback owed.
  std::int64_t owe_file(const std::string &name = "a.flv", const std::string &store = "archive") {
    NewRecording n = test::a_recording("recorder", std::to_string(++sessions_));
    n.directory = dir_ / "spool";
    n.store = store;
    const std::int64_t id = catalogue_.start_recording(n)->id;
    ClosedFile f = test::a_closed_file(id);
    f.path = dir_ / ("spool/" + name);
    test::write_file(f.path, "media");
    EXPECT_TRUE(catalogue_.open_file(test::an_open_file(id)));
    EXPECT_TRUE(catalogue_.close_file(f));
    return id;
  }
  std::optional<DeliveryReport> step(const OwedTarget &target, HttpClient &http) {
    const auto report = deliver_next(catalogue_, "worker", target,
                                     make_deliverer(destinations_, target, http, clock_), 0, clock_, nullptr);
    EXPECT_TRUE(report) << report.error().message;
    return report ? *report : std::nullopt;
  }

  test::TempDir dir_;
  test::FakeClock clock_;
  std::string path_ = dir_ / "catalogue.db";
  Catalogue catalogue_ = *Catalogue::open(path_, clock_);
  Destinations destinations_;
  int sessions_ = 0;
};

TEST_F(DeliveryTest, UploadsAndThenTellsWhereTheFileIs) {
  owe_file();
  FakeHttp http({FakeHttp::status(200, R"({"code":0})")});
  EXPECT_FALSE(step(test::ops(), http)) << "nothing to tell before the upload";
  const auto upload = step(test::archive(), http);
  ASSERT_TRUE(upload && !upload->error);
  EXPECT_EQ(upload->url, "file://" + (dir_ / "store/a.flv"));
  EXPECT_EQ(test::read_file(dir_ / "store/a.flv"), "media");

  const auto callback = step(test::ops(), http);
  ASSERT_TRUE(callback && !callback->error);
  EXPECT_EQ(callback->url, "http://ops.example.org/recording") << "no password, no token";
  ASSERT_EQ(http.requests.size(), 1U);
  EXPECT_EQ(http.requests[0].method, "POST");
  EXPECT_EQ(http.requests[0].content_type, "application/json");
  EXPECT_NE(http.requests[0].body.find("\"video_url\":\"" + upload->url), std::string::npos);
  EXPECT_FALSE(step(test::ops(), http)) << "once";
  EXPECT_EQ(catalogue_.owed()->uploads + catalogue_.owed()->callbacks, 0U);
}

TEST_F(DeliveryTest, TriesACallbackEveryMinuteWithTheSameIdAndANewSignature) {
  owe_file("a.flv", "");
  FakeHttp http({Error{Errc::unavailable, "connection refused"}, FakeHttp::status(500), FakeHttp::status(204),
                 FakeHttp::status(302), FakeHttp::status(200)});
  std::set<std::string> ids;
  std::set<std::string> bodies;
  for (int attempt = 1; attempt <= 5; ++attempt) {
    const auto report = step(test::ops(), http);
    ASSERT_TRUE(report) << attempt;
    EXPECT_EQ(report->attempt, attempt);
    EXPECT_EQ(report->error.has_value(), attempt < 5) << "only 200 is success";
    ids.insert(std::map(http.requests.back().headers.begin(), http.requests.back().headers.end())
                   .at("X-Recording-Event-Id"));
    bodies.insert(http.requests.back().body);
    if (attempt == 5) break;
    EXPECT_EQ(*report->retry, clock_.now_utc() + Seconds(60));
    clock_.advance(Seconds(60) - std::chrono::microseconds(1));
    EXPECT_FALSE(step(test::ops(), http)) << "not before its time";
    clock_.advance(std::chrono::microseconds(1));
  }
  EXPECT_EQ(ids.size(), 1U);
  EXPECT_EQ(bodies.size(), 5U) << "t and sign differ";
}

TEST_F(DeliveryTest, TellsOfAFileThatCanHaveNoKey) {
  owe_file("a\tb.flv", "");  // no store takes such a key
  FakeHttp http({FakeHttp::status(200)});
  const auto callback = step(test::ops(), http);
  ASSERT_TRUE(callback);
  EXPECT_FALSE(callback->error) << callback->error->message;
}

TEST_F(DeliveryTest, NeverGivesACallbackUp) {
  owe_file("a.flv", "");
  FakeHttp http({FakeHttp::status(500)});
  for (int attempt = 1; attempt <= 30; ++attempt) {
    const auto report = step(test::ops(), http);
    ASSERT_TRUE(report) << attempt;
    clock_.advance(*report->retry - clock_.now_utc());
  }
  EXPECT_EQ(catalogue_.owed()->callbacks, 1U);
  EXPECT_EQ(catalogue_.owed()->failing, 1U);
}

TEST_F(DeliveryTest, WhatIsRefusedForEverIsPassedByTheLaterOnesOfItsRecording) {
  for (const int status : {401, 403, 404}) {
    const std::int64_t id = owe_file("first" + std::to_string(status) + ".flv", "");
    ClosedFile second = test::a_closed_file(id);
    second.path = dir_ / "spool/second.flv";
    ASSERT_TRUE(catalogue_.open_file(test::an_open_file(id)));
    ASSERT_TRUE(catalogue_.close_file(second));
    FakeHttp refusing({FakeHttp::status(status)});
    for (int attempt = 1; attempt <= 13; ++attempt) {
      const auto report = step(test::ops(), refusing);
      ASSERT_TRUE(report && report->error) << attempt;
      EXPECT_NE(report->location, second.path) << "in order, at first";
      clock_.advance(Seconds(60));
    }
    FakeHttp taking({FakeHttp::status(200)});
    const auto later = step(test::ops(), taking);
    ASSERT_TRUE(later && !later->error) << status;
    EXPECT_EQ(later->location, second.path);
    const auto log = *catalogue_.deliveries({.target = "ops", .failed = true}, 100);
    ASSERT_FALSE(log.empty());
    EXPECT_EQ(log[0].http_status, status);
    EXPECT_GE(*catalogue_.retry_now({.target = "ops"}), 1) << "a person has mended it";
    EXPECT_FALSE(step(test::ops(), taking)->error);
  }
}

TEST_F(DeliveryTest, AFileThatCannotBeStoredHoldsUpNoOther) {
  const std::int64_t first = owe_file("gone.flv");
  std::filesystem::remove(dir_ / "spool/gone.flv");
  owe_file("b.flv");
  FakeHttp http({FakeHttp::status(200)});
  const auto failed = step(test::archive(), http);
  ASSERT_TRUE(failed && failed->error);
  EXPECT_EQ(failed->error->code, Errc::not_found);
  EXPECT_EQ(*failed->retry, clock_.now_utc() + Seconds(1));
  EXPECT_FALSE(step(test::archive(), http)->error);
  EXPECT_FALSE(step(test::ops(), http)->error) << "of b.flv";
  EXPECT_FALSE(step(test::ops(), http)) << "that of gone.flv waits for its upload";

  test::write_file(catalogue_.files(first)->front().facts.path, "it was only a mount that was missing");
  clock_.advance(Seconds(1));
  EXPECT_FALSE(step(test::archive(), http)->error);
  EXPECT_FALSE(step(test::ops(), http)->error);
}

TEST_F(DeliveryTest, AnUploadThatGetsOnIsTriedAgainSoonHoweverOftenItFailed) {
  owe_file();
  bool gets_on = false;
  const Deliverer deliverer{[&](const Owed &, const AttemptNews &, GCancellable *) {
                              Attempt attempt(Error{Errc::unavailable, "broken off"});
                              attempt.has_progressed = gets_on;
                              return attempt;
                            },
                            upload_retry_delay};
  const auto delay = [&] {
    const auto report = *deliver_next(catalogue_, "worker", test::archive(), deliverer, 0, clock_, nullptr);
    const auto waits = *report->retry - clock_.now_utc();
    clock_.advance(waits);
    return waits;
  };
  EXPECT_EQ(delay(), Seconds(1));
  EXPECT_EQ(delay(), Seconds(2));
  EXPECT_EQ(delay(), Seconds(4));
  gets_on = true;
  EXPECT_EQ(delay(), Seconds(1));
}

TEST_F(DeliveryTest, TellsThatAnUploadBeginsAndOnceASecondHowFarItIs) {
  owe_file();
  std::vector<std::uint64_t> told;
  Deliverer deliverer{[&](const Owed &, const AttemptNews &news, GCancellable *) -> Attempt {
                        for (const std::uint64_t sent : {1U, 2U, 3U, 4U, 5U}) {
                          news.progress(sent);
                          clock_.advance(Milliseconds(400));
                        }
                        return Result<std::string>("x://a.flv");
                      },
                      upload_retry_delay};
  deliverer.on_progress = [&](const UploadProgress &progress) {
    EXPECT_EQ(progress.store, "archive");
    EXPECT_EQ(progress.location, dir_ / "spool/a.flv");
    EXPECT_EQ(progress.attempt, 1);
    EXPECT_EQ(progress.bytes, 5U);
    told.push_back(progress.sent_bytes);
  };
  ASSERT_TRUE(deliver_next(catalogue_, "worker", test::archive(), deliverer, 0, clock_, nullptr));
  EXPECT_EQ(told, (std::vector<std::uint64_t>{0, 4})) << "its end is told otherwise";
}

TEST_F(DeliveryTest, TheBacklogIsWhatStoresHaveNotGot) {
  EXPECT_FALSE(upload_backlog(catalogue_)->oldest);
  const UtcTime first = clock_.now_utc();
  const std::int64_t id = owe_file("a.flv");
  clock_.advance(Seconds(5));
  ASSERT_TRUE(catalogue_.add_segment(test::a_segment(id, 1)));
  const auto backlog = upload_backlog(catalogue_);
  ASSERT_TRUE(backlog);
  EXPECT_EQ(backlog->bytes, test::a_closed_file(id).size_bytes + test::a_segment(id, 1).size_bytes);
  EXPECT_EQ(*backlog->oldest, first);
  FakeHttp http({FakeHttp::status(200)});
  ASSERT_FALSE(step(test::archive(), http)->error);
  EXPECT_EQ(upload_backlog(catalogue_)->bytes, test::a_segment(id, 1).size_bytes);
  EXPECT_EQ(*upload_backlog(catalogue_)->oldest, first + Seconds(5));
}

TEST_F(DeliveryTest, MissingTargetsAndKeysAreOwedAndSayWhy) {
  owe_file("a.flv", "nowhere");
  owe_file("b.flv", "");
  FakeHttp http({FakeHttp::status(200)});
  const auto store = step({OwedKind::upload, "nowhere"}, http);
  ASSERT_TRUE(store && store->error);
  EXPECT_NE(store->error->message.find("'nowhere'"), std::string::npos);
  destinations_.callback_keys.clear();
  const auto callback = step(test::ops(), http);
  ASSERT_TRUE(callback && callback->error);
  EXPECT_NE(callback->error->message.find("CALLBACK_KEY"), std::string::npos);
  EXPECT_TRUE(http.requests.empty()) << "never unsigned";
  EXPECT_EQ(catalogue_.owed()->failing, 2U);
}

TEST_F(DeliveryTest, ABrokenOffAttemptDoesNotCount) {
  owe_file("a.flv", "");
  FakeHttp http({Error{Errc::cancelled, "cancelled"}, FakeHttp::status(200)});
  const auto cancelled =
      deliver_next(catalogue_, "worker", test::ops(),
                   make_deliverer(destinations_, test::ops(), http, clock_), 0, clock_, nullptr);
  EXPECT_EQ(cancelled.error().code, Errc::cancelled);
  EXPECT_EQ(step(test::ops(), http)->attempt, 1);
}

// ---- The worker: real threads, fake time and network.

class Reports {
 public:
  void add(const DeliveryReport &r) {
    {
      MutexLock lock(mutex_);
      reports_.push_back(r);
    }
    wake_.notify_all();
  }
  std::vector<DeliveryReport> wait_for(std::size_t n) {
    MutexLock lock(mutex_);
    lock.wait_for(wake_, Seconds(60),
                  [&]() REC_TSA(no_thread_safety_analysis) { return reports_.size() >= n; });
    return reports_;
  }

 private:
  Mutex mutex_;
  std::condition_variable wake_;
  std::vector<DeliveryReport> reports_ REC_GUARDED_BY(mutex_);
};

class OneAnswer final : public HttpClient {
 public:
  explicit OneAnswer(int status) : status_(status) {}
  Result<HttpResponse> send(const HttpRequest &, GCancellable *) override {
    return FakeHttp::status(status_);
  }

 private:
  int status_;
};

class Silent final : public HttpClient {
 public:
  Result<HttpResponse> send(const HttpRequest &, GCancellable *cancel) override {
    return test::silence(cancel);
  }
};

// Where all uploads of a test wait until they are let through.
class Gate {
 public:
  void pass() {
    MutexLock lock(mutex_);
    most_ = std::max(most_, ++inside_);
    changed_.notify_all();
    lock.wait_for(changed_, Seconds(30), [this]() REC_TSA(no_thread_safety_analysis) { return is_open_; });
    --inside_;
  }
  bool wait_for_inside(int count) {
    MutexLock lock(mutex_);
    return lock.wait_for(changed_, Seconds(20),
                         [&]() REC_TSA(no_thread_safety_analysis) { return inside_ >= count; });
  }
  void open() {
    MutexLock lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }
  int most() {
    MutexLock lock(mutex_);
    return most_;
  }

 private:
  Mutex mutex_;
  std::condition_variable changed_;
  int inside_ REC_GUARDED_BY(mutex_) = 0;
  int most_ REC_GUARDED_BY(mutex_) = 0;
  bool is_open_ REC_GUARDED_BY(mutex_) = false;
};

class AtTheGate final : public HttpClient {
 public:
  explicit AtTheGate(Gate &gate) : gate_(gate) {}
  Result<HttpResponse> send(const HttpRequest &request, GCancellable *) override {
    if (request.method == "PUT") gate_.pass();
    return FakeHttp::status(200);
  }

 private:
  Gate &gate_;
};

class DeliveryWorkerTest : public DeliveryTest {
 protected:
  std::unique_ptr<DeliveryWorker> start(std::function<std::unique_ptr<HttpClient>(Seconds)> make_http) {
    DeliveryWorker::Options options;
    options.catalogue_path = path_;
    options.owner = "";
    options.destinations = destinations_;
    options.make_http = [make = std::move(make_http)](const HttpSettings &http) {
      return make(http.timeout);
    };
    options.on_report = [this](const DeliveryReport &r) { reports_.add(r); };
    auto worker = DeliveryWorker::start(std::move(options), clock_);
    EXPECT_TRUE(worker);
    return *std::move(worker);
  }
  void use_bucket(unsigned uploads) {
    StoreSettings &store = destinations_.stores["archive"];
    store.uri = "s3://b";
    store.endpoint = "http://h";
    store.uploads = uploads;
    destinations_.credentials["archive"] = {"AK", "SK", ""};
  }
  static std::unique_ptr<HttpClient> answering_200(Seconds) { return std::make_unique<OneAnswer>(200); }

  Reports reports_;
};

TEST_F(DeliveryWorkerTest, DeliversWhatIsOwedAndWhatComesLater) {
  owe_file();
  const auto worker = start(answering_200);
  EXPECT_EQ(reports_.wait_for(2).size(), 2U);
  owe_file("b.flv");
  worker->kick();
  EXPECT_EQ(reports_.wait_for(4).size(), 4U);
  EXPECT_EQ(catalogue_.owed()->uploads + catalogue_.owed()->callbacks, 0U);
}

TEST_F(DeliveryWorkerTest, SendsAsManyFilesAtATimeAsTheStoreSays) {
  use_bucket(3);
  for (int i = 0; i < 9; ++i) owe_file(std::to_string(i) + ".flv");
  Gate gate;
  const auto worker =
      start([&](Seconds) -> std::unique_ptr<HttpClient> { return std::make_unique<AtTheGate>(gate); });
  EXPECT_TRUE(gate.wait_for_inside(3));
  gate.open();
  std::set<std::string> sent;
  for (const DeliveryReport &r : reports_.wait_for(9 + 9))
    if (r.target.kind == OwedKind::upload) sent.insert(r.url);
  EXPECT_EQ(sent.size(), 9U);
  EXPECT_EQ(gate.most(), 3);
}

// The first PUT is too much for the store, in fake time.
class TooMuch final : public HttpClient {
 public:
  TooMuch(const Clock &clock, Guarded<std::vector<UtcTime>> &asked) : clock_(clock), asked_(asked) {}
  Result<HttpResponse> send(const HttpRequest &request, GCancellable *) override {
    if (request.method != "PUT") return FakeHttp::status(200);
    const bool is_first = asked_.with([&](auto &asked) {
      asked.push_back(clock_.now_utc());
      return asked.size() == 1;
    });
    HttpResponse answer = FakeHttp::status(is_first ? 503 : 200);
    answer.headers["retry-after"] = "60";
    return answer;
  }

 private:
  const Clock &clock_;
  Guarded<std::vector<UtcTime>> &asked_;
};

TEST_F(DeliveryWorkerTest, AStoreThatIsAskedTooMuchIsAskedNothingAsLongAsItSays) {
  use_bucket(1);
  owe_file("a.flv");
  owe_file("b.flv");
  Guarded<std::vector<UtcTime>> asked;
  const auto worker =
      start([&](Seconds) -> std::unique_ptr<HttpClient> { return std::make_unique<TooMuch>(clock_, asked); });
  const auto failed = reports_.wait_for(1);
  ASSERT_EQ(failed.size(), 1U);
  ASSERT_TRUE(failed[0].error);
  EXPECT_EQ(*failed[0].retry, clock_.now_utc() + Seconds(60));
  clock_.advance(Seconds(60));
  worker->kick();
  EXPECT_EQ(reports_.wait_for(5).size(), 5U);
  const auto times = asked.copy();
  ASSERT_EQ(times.size(), 3U);
  EXPECT_GE(times[1] - times[0], Seconds(60)) << "nor for the other file";
}

TEST_F(DeliveryWorkerTest, ASilentCallbackStopsNeitherUploadsNorTheWorker) {
  owe_file("a.flv");
  owe_file("b.flv");
  const auto worker =
      start([](Seconds) -> std::unique_ptr<HttpClient> { return std::make_unique<Silent>(); });
  for (const DeliveryReport &r : reports_.wait_for(2)) EXPECT_EQ(r.target, test::archive());
  worker->stop();
  EXPECT_EQ(catalogue_.owed()->callbacks, 2U);
  EXPECT_EQ(catalogue_.owed()->failing, 0U);
  EXPECT_EQ(catalogue_.take_due("next", test::ops(), 10)->size(), 2U) << "free for the next worker at once";
}

TEST_F(DeliveryWorkerTest, TakesOverFromAWorkerThatDied) {
  owe_file();
  {
    const auto dead = OwnerLease::create(path_);
    ASSERT_EQ(catalogue_.take_due(dead->id(), test::archive(), 1)->size(), 1U);
  }
  const auto worker = start(answering_200);
  EXPECT_EQ(reports_.wait_for(2).size(), 2U);
}

TEST_F(DeliveryWorkerTest, SettlesWhatADeadRecorderDidNotLiveToJoin) {
  std::string dead;
  {
    const auto lease = OwnerLease::create(path_);
    dead = lease->id();
  }
  NewRecording n = test::a_recording(dead);
  n.directory = dir_ / "spool";
  const std::int64_t id = catalogue_.start_recording(n)->id;
  for (const char *name : {"a.flv", "b.flv"}) {
    OpenedFile opened = test::an_open_file(id);
    opened.push_id = *catalogue_.begin_push(dead, test::a_push(), "default");
    opened.may_be_continued = true;
    ASSERT_TRUE(catalogue_.open_file(opened));
    ASSERT_TRUE(catalogue_.end_push(*opened.push_id));
    ClosedFile closed = test::a_closed_file(id);
    closed.path = dir_ / (std::string("spool/") + name);
    test::write_file(closed.path, "no FLV, so that they stay apart");
    ASSERT_TRUE(catalogue_.close_file(closed));
  }
  ASSERT_TRUE(catalogue_.finish_recording(id, UtcTime{}, std::nullopt));
  EXPECT_EQ(catalogue_.owed()->uploads, 0U);
  const auto worker = start(answering_200);
  EXPECT_EQ(reports_.wait_for(4).size(), 4U) << "two uploads and their callbacks";
}

TEST_F(DeliveryWorkerTest, ReportsWhatNobodyServes) {
  owe_file("a.flv", "nowhere");
  const auto worker = start(answering_200);
  const auto reports = reports_.wait_for(1);
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].target.name, "nowhere");
  EXPECT_TRUE(reports[0].error);
}

}  // namespace
}  // namespace rec
