// SPDX-License-Identifier: LGPL-2.1-or-later
// Callbacks of the same recordings do not wait for each other: each has a lane of its own.
#include <gtest/gtest.h>

#include <map>

#include "core/base/sync.h"
#include "core/service/delivery_worker.h"
#include "tests/common/catalogue_rows.h"
#include "tests/common/fake_clock.h"
#include "tests/common/fake_http.h"
#include "tests/common/temp_dir.h"

namespace rec {
namespace {

// One receiver takes everything and never answers, the others do.
class OneBlackHole final : public HttpClient {
 public:
  Result<HttpResponse> send(const HttpRequest &request, GCancellable *cancel) override {
    if (request.url.find("black.example.org") == std::string::npos) return test::FakeHttp::status(200);
    return test::silence(cancel);
  }
};

// Which callback was told how often.
class Told {
 public:
  void add(const DeliveryReport &report) {
    MutexLock lock(mutex_);
    if (!report.error) ++told_[report.target.name];
    changed_.notify_all();
  }
  std::map<std::string, int> wait_for(int count) {
    MutexLock lock(mutex_);
    lock.wait_for(changed_, Seconds(60), [&]() REC_TSA(no_thread_safety_analysis) {
      return told_["ops"] >= count && told_["white"] >= count;
    });
    return told_;
  }

 private:
  Mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int> told_ REC_GUARDED_BY(mutex_);
};

TEST(CallbackLanes, ABlackHoleHoldsUpNoOtherCallbackOfTheSameRecordings) {
  constexpr int kRecordings = 30;
  test::TempDir dir;
  test::FakeClock clock;
  Catalogue catalogue = *Catalogue::open(dir / "catalogue.db", clock);
  DeliveryWorker::Options options;
  options.catalogue_path = dir / "catalogue.db";
  for (const std::string name : {"black", "ops", "white"}) {
    CallbackTarget &target = options.destinations.callbacks[name];
    target.name = name;
    target.url = "http://" + name + ".example.org";
    target.schema = "recording";
  }
  for (int i = 0; i < kRecordings; ++i) {
    NewRecording n = test::a_recording("recorder", std::to_string(i + 1));
    n.directory = dir / "spool";
    n.store = "";
    n.callbacks = {"black", "ops", "white"};
    const std::int64_t id = catalogue.start_recording(n)->id;
    ClosedFile file = test::a_closed_file(id);
    file.path = dir / ("spool/" + std::to_string(i) + ".flv");
    test::write_file(file.path, "media");
    ASSERT_TRUE(catalogue.open_file(test::an_open_file(id)));
    ASSERT_TRUE(catalogue.close_file(file));
  }
  Told told;
  options.make_http = [](const HttpSettings &) { return std::make_unique<OneBlackHole>(); };
  options.on_report = [&](const DeliveryReport &report) { told.add(report); };
  const auto worker = DeliveryWorker::start(std::move(options), clock);
  ASSERT_TRUE(worker);
  EXPECT_EQ(told.wait_for(kRecordings),
            (std::map<std::string, int>{{"ops", kRecordings}, {"white", kRecordings}}));
  (*worker)->stop();
  EXPECT_EQ(catalogue.owed()->callbacks, static_cast<std::uint64_t>(kRecordings)) << "of the black hole";
}

}  // namespace
}  // namespace rec
