// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/recording_jobs.h"

#include <gtest/gtest.h>

#include <clocale>
#include <cstdlib>

#include "core/service/derived_recording.h"
#include "core/service/job_runner.h"
#include "core/service/recording_search.h"
#include "core/service/removal.h"
#include "tests/common/catalogue_rows.h"
#include "tests/common/fake_clock.h"
#include "tests/common/temp_dir.h"

namespace rec {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the row builders

class RecordingJobsTest : public testing::Test {
 protected:
  std::int64_t begin(std::vector<NewJob> jobs, const std::string &stream = "cam1") {
    NewRecording r = a_recording("me", std::to_string(++sessions_));
    r.push.stream = stream;
    r.directory = dir_ / "spool";
    r.jobs = std::move(jobs);
    r.events = {{"ops", {RecordingEvent::file_finished, RecordingEvent::recording_error}}};
    const auto begun = catalogue_.start_recording(r);
    EXPECT_TRUE(begun) << begun.error().message;
    return begun->id;
  }
  std::string close(std::int64_t id, const std::string &name) {
    const std::string path = dir_ / ("spool/live/" + name);
    write_file(path, "media of " + name);
    EXPECT_TRUE(catalogue_.open_file(an_open_file(id, path + ".part")));
    ClosedFile file = a_closed_file(id, path + ".part");
    file.path = path;
    EXPECT_TRUE(catalogue_.close_file(file));
    return path;
  }
  static JobSettings shell(const std::string &script, std::vector<std::string> outputs = {}) {
    JobSettings job;
    job.name = "job";
    job.command = {"sh", "-c", script, "sh", "{input}", "{input-uri}"};
    job.outputs = std::move(outputs);
    return job;
  }
  std::optional<JobNews> run(const JobSettings &settings, bool is_stopping = false) {
    auto news = JobRunner(settings, "me", clock_).run_next(catalogue_, [=] { return is_stopping; });
    EXPECT_TRUE(news) << news.error().message;
    return news ? *std::move(news) : std::nullopt;
  }
  JobView only_job() {
    const auto all = *list_jobs(catalogue_, {}, 10);
    EXPECT_EQ(all.size(), 1U);
    return all.empty() ? JobView{} : all.front();
  }
  Recording named(const std::string &session_id) {
    const auto page = search_recordings(catalogue_, {.session_id = session_id}, 1);
    EXPECT_EQ(page->recordings.size(), 1U);
    return page->recordings.empty() ? Recording{} : page->recordings.front();
  }
  std::vector<std::string> work_left() const {
    std::vector<std::string> left;
    const std::filesystem::path folder = dir_.path() / "spool/.jobs";
    if (!std::filesystem::exists(folder)) return left;
    for (const auto &one : std::filesystem::directory_iterator(folder)) left.push_back(one.path().string());
    return left;
  }

  const std::vector<NewJob> kOfFlv = {{.kind = "process", .format = "flv", .name = "job"}};
  TempDir dir_;
  FakeClock clock_;
  Catalogue catalogue_ = *Catalogue::open(dir_ / "catalogue.db", clock_);
  int sessions_ = 0;
};

TEST_F(RecordingJobsTest, WhatIsMadeOfAFileIsARecordingDerivedFromIt) {
  const std::int64_t id = begin(kOfFlv);
  const JobSettings copy = shell("tr a-z A-Z < \"$1\" > out.txt && echo it is made", {"out.txt"});
  EXPECT_FALSE(run(copy)) << "there is no file";
  const std::string first = close(id, "a.flv");
  close(id, "b.flv");
  ASSERT_EQ(*owed_jobs(catalogue_, "me"), 2U);

  const auto news = run(copy);
  ASSERT_TRUE(news);
  ASSERT_FALSE(news->error) << news->error->message;
  EXPECT_EQ(news->job, "job");
  EXPECT_EQ(news->recording, "1");
  EXPECT_EQ(news->location, first);
  const Recording made = named(news->result);
  EXPECT_EQ(made.source, RecordingSource::job);
  EXPECT_EQ(made.push.stream, "cam1");
  EXPECT_EQ(made.store, "archive");
  EXPECT_EQ(search_recordings(catalogue_, {.derived_from = id}, 10)->recordings.size(), 1U);
  const auto files = *catalogue_.files(made.id);
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].format, Format::other);
  EXPECT_EQ(files[0].facts.path, dir_ / ("spool/live/job-" + news->result + "/out.txt"));
  EXPECT_EQ(read_file(files[0].facts.path), "MEDIA OF A.FLV");
  EXPECT_EQ(catalogue_.owed_of(made.id)->size(), 2U) << "its upload and its callback";
  EXPECT_EQ(read_file(first), "media of a.flv") << "the original stays";

  ASSERT_TRUE(run(copy));
  EXPECT_FALSE(run(copy)) << "once";
  EXPECT_EQ(*owed_jobs(catalogue_, "me"), 0U);
  for (const JobView &job : *list_jobs(catalogue_, {}, 10)) {
    EXPECT_EQ(job.state, "done");
    EXPECT_EQ(job.log, "it is made\n");
  }
  EXPECT_TRUE(work_left().empty());
}

TEST_F(RecordingJobsTest, NothingOfAPublisherIsAnArgumentAndNothingOfOursIsASecret) {
  ASSERT_EQ(setenv("AWS_SECRET_ACCESS_KEY", "hunter2", 1), 0);
  ASSERT_EQ(setenv("REC_LICENCE", "licence", 1), 0);
  const std::string hostile = "$(touch x)\"; rm -rf ' ! -y\n{input}";
  const std::int64_t id = begin(kOfFlv, hostile);
  close(id, "a\" ! filesink location=x.flv");
  JobSettings job =
      shell("echo \"$1 $2\"; pwd -P; env > all.txt; cat \"$1\" > copy.txt", {"all.txt", "copy.txt"});
  job.environment = {"REC_LICENCE"};
  const auto news = run(job);
  ASSERT_TRUE(news);
  ASSERT_FALSE(news->error) << news->error->message;
  const std::string folder =
      (std::filesystem::canonical(dir_.path()) / "spool/.jobs" / news->result).string();
  EXPECT_EQ(only_job().log,
            "input.flv file://" + work_folder(dir_ / "spool", news->result) + "/input.flv\n" + folder + "\n");
  const auto files = *catalogue_.files(named(news->result).id);
  const std::string all = read_file(files.at(0).facts.path);
  EXPECT_EQ(all.find("hunter2"), std::string::npos);
  EXPECT_NE(all.find("REC_LICENCE=licence"), std::string::npos);
  EXPECT_NE(all.find("RECORDING_STREAM=" + hostile), std::string::npos);
  EXPECT_EQ(all.find("txSecret"), std::string::npos);
  EXPECT_EQ(read_file(files.at(1).facts.path), "media of a\" ! filesink location=x.flv");
}

TEST_F(RecordingJobsTest, WhatFailsIsTriedAgainAndGivenUpAndBroughtBack) {
  const std::int64_t id = begin(kOfFlv);
  close(id, "a.flv");
  JobSettings bad = shell("echo first; echo no such codec >&2; echo; exit 3");
  bad.attempts = 2;
  auto news = run(bad);
  ASSERT_TRUE(news && news->error);
  EXPECT_EQ(news->error->message, "'sh' ended with 3: no such codec");
  ASSERT_TRUE(news->retry);
  EXPECT_FALSE(run(bad)) << "not yet";
  EXPECT_EQ(only_job().state, "waiting");
  clock_.advance(Seconds(10));
  news = run(bad);
  ASSERT_TRUE(news && news->error);
  EXPECT_EQ(news->attempt, 2);
  EXPECT_FALSE(news->retry);
  EXPECT_EQ(only_job().state, "failed");
  EXPECT_EQ(only_job().log, "first\nno such codec\n\n");
  EXPECT_EQ(list_jobs(catalogue_, {.failed = true}, 10)->size(), 1U);
  EXPECT_EQ(*owed_jobs(catalogue_, "me"), 0U);
  bool is_told = false;
  for (const OwedSummary &owed : *catalogue_.owed_of(id)) is_told = is_told || owed.count == 2;
  EXPECT_TRUE(is_told) << "the callback is told of the file and of the error";
  EXPECT_EQ(*retry_jobs(catalogue_, {.name = "other"}), 0);
  EXPECT_EQ(*retry_jobs(catalogue_, {.recording = "1", .name = "job"}), 1);
  news = run(shell("true"));
  ASSERT_TRUE(news);
  EXPECT_FALSE(news->error);
  EXPECT_EQ(only_job().state, "done");
  EXPECT_EQ(*retry_jobs(catalogue_, {}), 0) << "it is done";
  EXPECT_TRUE(work_left().empty());
}

TEST_F(RecordingJobsTest, ALengthHasAPointInEveryLocale) {
  const std::string made = "localedef -i de_DE -f UTF-8 " + (dir_ / "de") + " 2>&1";
  ASSERT_EQ(std::system(made.c_str()), 0);
  ASSERT_EQ(setenv("LOCPATH", dir_.path().c_str(), 1), 0);
  ASSERT_NE(std::setlocale(LC_NUMERIC, "de"), nullptr);
  close(begin(kOfFlv), "a.flv");
  const auto news = run(shell("echo $RECORDING_DURATION"));
  std::setlocale(LC_NUMERIC, "C");
  ASSERT_EQ(unsetenv("LOCPATH"), 0);
  ASSERT_TRUE(news);
  EXPECT_EQ(only_job().log.find(','), std::string::npos) << only_job().log;
}

// The catalogue is a file that others may write.
TEST_F(RecordingJobsTest, ASessionIdThatIsAPathLeadsNowhere) {
  close(begin(kOfFlv), "a.flv");
  write_file(dir_ / "mine/file", "not a recording's");
  for (const char *path : {"../../mine", "x/../../../mine", ""}) {
    EXPECT_EQ(work_folder(dir_ / "spool", path), "") << path;
    RecordingJobs rows(catalogue_, "dead");
    ASSERT_TRUE(*rows.take("process", "job"));
    ASSERT_TRUE(catalogue_.connection().run_with("UPDATE job SET session_id = ?1", path));
    EXPECT_TRUE(rows.release_dead([](const std::string &) { return false; })->empty());
    if (*path == 0) break;
    const auto news = run(shell("true"));
    ASSERT_TRUE(news && news->error);
    EXPECT_FALSE(news->retry);
    EXPECT_EQ(read_file(dir_ / "mine/file"), "not a recording's");
    ASSERT_EQ(*retry_jobs(catalogue_, {}), 1);
  }
}

// Programs name where they fail.
TEST_F(RecordingJobsTest, WhatAProgramSaysHoldsNoSecretOfAnAddress) {
  close(begin(kOfFlv), "a.flv");
  const auto news =
      run(shell("echo PUT https://h/a?sig=TOPSECRET; echo no https://u:TOPSECRET@h/ >&2; exit 3"));
  ASSERT_TRUE(news && news->error);
  EXPECT_EQ(news->error->message, "'sh' ended with 3: no https://...@h/");
  EXPECT_EQ(only_job().error, news->error->message);
  EXPECT_EQ(only_job().log, "PUT https://h/a?...\nno https://...@h/\n");
}

TEST_F(RecordingJobsTest, TheEndOfALongAddressIsNoSecretEither) {
  close(begin(kOfFlv), "a.flv");
  ASSERT_TRUE(run(shell("echo https://h/a?$(yes TOPSECRET | head -c 200000 | tr -d '\\n'); echo end")));
  EXPECT_EQ(only_job().log, "\nend\n");
}

TEST_F(RecordingJobsTest, SaysWhyThereIsNoResult) {
  const std::int64_t id = begin(kOfFlv);
  const std::string path = close(id, "a.flv");
  const auto error_of = [&](const JobSettings &job) {
    clock_.advance(Seconds(600));
    const auto news = run(job);
    return news && news->error ? news->error->message : "none";
  };
  EXPECT_EQ(error_of(shell("true", {"x.png"})), "'sh' ended well, but did not write x.png");
  EXPECT_EQ(error_of(shell(": > x.png", {"x.png"})), "'sh' ended well, but did not write x.png");
  EXPECT_EQ(error_of(shell("ln -s /etc/passwd x.png", {"x.png"})),
            "'sh' ended well, but did not write x.png");
  JobSettings none = shell("");
  none.command = {"/nowhere/program"};
  EXPECT_NE(error_of(none).find("/nowhere/program"), std::string::npos);
  ASSERT_EQ(*retry_jobs(catalogue_, {}), 1);
  JobSettings slow = shell("sleep 1000");
  slow.timeout = Seconds(1);
  EXPECT_NE(error_of(slow).find("took too long"), std::string::npos);
  std::filesystem::remove(path);
  EXPECT_NE(error_of(shell("true")).find("is not here any more"), std::string::npos);
  EXPECT_EQ(only_job().state, "failed") << "at once: it does not come back";
}

TEST_F(RecordingJobsTest, WhatIsStoppedIsDueAsBefore) {
  close(begin(kOfFlv), "a.flv");
  EXPECT_FALSE(run(shell("echo x > part.txt; sleep 1000", {"part.txt"}), true));
  EXPECT_EQ(only_job().state, "waiting");
  EXPECT_EQ(only_job().attempts, 0);
  EXPECT_TRUE(work_left().empty());
  EXPECT_TRUE(run(shell("true")));
}

// Killed between two of its steps: with a half of its output in its folder, or the whole in its place.
TEST_F(RecordingJobsTest, AnotherProcessBeginsAnewWhatADeadOneHad) {
  close(begin(kOfFlv), "a.flv");
  const auto taken = *RecordingJobs(catalogue_, "dead").take("process", "job");
  ASSERT_TRUE(taken);
  const std::string folder = work_folder(dir_ / "spool", taken->session_id);
  const std::string place = dir_ / ("spool/live/job-" + taken->session_id);
  write_file(folder + "/out.txt", "half");
  write_file(place + "/out.txt", "whole, but nobody knows");
  const JobSettings copy = shell("cp \"$1\" out.txt", {"out.txt"});
  EXPECT_FALSE(run(copy)) << "somebody is at it";
  EXPECT_EQ(only_job().state, "running");
  RecordingJobs rows(catalogue_, "me");
  EXPECT_TRUE(rows.release_dead([](const std::string &) { return true; })->empty());
  EXPECT_EQ(*rows.release_dead([](const std::string &) { return false; }), std::vector<std::string>{folder});
  const auto news = run(copy);
  ASSERT_TRUE(news);
  ASSERT_FALSE(news->error) << news->error->message;
  EXPECT_EQ(news->result, taken->session_id);
  EXPECT_EQ(read_file(place + "/out.txt"), "media of a.flv");
  EXPECT_TRUE(work_left().empty());
}

TEST_F(RecordingJobsTest, APlaylistComesWithItsSegmentsWhenItIsComplete) {
  const std::int64_t id = begin({{.kind = "process", .format = "hls", .name = "job"}});
  const std::string folder = dir_ / "spool/cam1";
  std::string text = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n";
  for (const std::string name : {"a 1.ts", "b'2.ts"}) {
    write_file(folder + "/" + name, name + ";");
    NewSegment segment = a_segment(id, name.size());
    segment.path = folder + "/" + name;
    segment.uri = name;
    ASSERT_TRUE(catalogue_.add_segment(segment));
    text += "#EXTINF:10.0,\n" + name + "\n";
  }
  const JobSettings read = shell("cat \"$1\" $(grep -v '#' \"$1\") > all.txt", {"all.txt"});
  EXPECT_FALSE(run(read)) << "it goes on";
  write_file(folder + "/index.m3u8", text + "#EXT-X-ENDLIST\n");
  OpenedFile playlist = an_open_file(id, folder + "/index.m3u8");
  playlist.format = Format::hls;
  ASSERT_TRUE(catalogue_.open_file(playlist));
  ClosedFile closed = a_closed_file(id, folder + "/index.m3u8");
  closed.path = folder + "/index.m3u8";
  ASSERT_TRUE(catalogue_.close_file(closed));
  const auto news = run(read);
  ASSERT_TRUE(news);
  ASSERT_FALSE(news->error) << news->error->message;
  const std::string all = read_file(catalogue_.files(named(news->result).id)->at(0).facts.path);
  EXPECT_NE(all.find("input-0.ts"), std::string::npos) << all;
  EXPECT_TRUE(all.ends_with("a 1.ts;b'2.ts;")) << all;
}

TEST_F(RecordingJobsTest, WhatIsRunOnTheMergedFileIsRunOnAnOnlyOneToo) {
  const std::int64_t id = begin({{.kind = "merge", .format = "flv"},
                                 {.kind = "process-merged", .format = "flv", .name = "job"},
                                 {.kind = "process-merged", .format = "mp4", .name = "job"}});
  close(id, "a.flv");
  ASSERT_TRUE(catalogue_.finish_recording(id, clock_.now_utc(), std::nullopt));
  EXPECT_EQ(*owed_jobs(catalogue_, "me"), 1U) << "the merge";
  EXPECT_EQ(work_jobs(catalogue_, "me", {})->made, 0U) << "there is but one";
  EXPECT_EQ(*owed_jobs(catalogue_, "me"), 1U);
  EXPECT_TRUE(run(shell("true")));
}

TEST_F(RecordingJobsTest, AMergedFileIsProcessedAsItsSourceWants) {
  const std::int64_t id =
      begin({{.kind = "merge", .format = "flv"}, {.kind = "process-merged", .format = "flv", .name = "job"}});
  const std::string path = close(id, "a.flv");
  ASSERT_TRUE(catalogue_.finish_recording(id, clock_.now_utc(), std::nullopt));
  const auto merge = *RecordingJobs(catalogue_, "me").take("merge");
  ASSERT_TRUE(merge);
  DerivedRecording merged;
  merged.source = RecordingSource::merge;
  merged.session_id = "77";
  merged.directory = dir_ / "spool";
  merged.parts = {{.source_id = id, .from = {}, .to = {}}};
  merged.job = merge->id;
  merged.files = {{.format = Format::flv, .facts = a_closed_file(id)}};
  merged.files[0].facts.path = path;
  ASSERT_TRUE(add_derived(catalogue_, merged));
  const auto news = run(shell("true"));
  ASSERT_TRUE(news);
  EXPECT_EQ(news->recording, "77");
  EXPECT_FALSE(run(shell("true"))) << "nothing is run on what a job or a merge by hand makes";
}

TEST_F(RecordingJobsTest, ItIsKnownWhatCameOfARecordingWhenNothingMoreWill) {
  const std::int64_t id = begin(kOfFlv);
  const std::int64_t other = begin({});
  EXPECT_EQ(*with_results(catalogue_, id), std::vector{id});
  close(id, "a.flv");
  EXPECT_TRUE(with_results(catalogue_, id)->empty()) << "its job is to be run yet";
  EXPECT_EQ(*with_results(catalogue_, other), std::vector{other});
  const auto news = run(shell("echo > out.txt", {"out.txt"}));
  ASSERT_TRUE(news);
  EXPECT_EQ(*with_results(catalogue_, id), (std::vector{id, named(news->result).id}));
}

TEST_F(RecordingJobsTest, AJobThatNobodyKnowsHoldsFilesForADay) {
  close(begin(kOfFlv), "a.flv");
  RecordingJobs rows(catalogue_, "me");
  EXPECT_TRUE(rows.unknown({"job"})->empty());
  EXPECT_EQ(*rows.unknown({"else"}), std::vector<std::string>{"job"});
  EXPECT_EQ(only_job().state, "waiting");
  clock_.advance(RecordingJobs::kNobodyKnows + Seconds(1));
  EXPECT_EQ(rows.unknown({})->size(), 1U);
  EXPECT_EQ(only_job().state, "failed");
  EXPECT_NE(only_job().error.find("no configuration"), std::string::npos);
  EXPECT_TRUE(rows.unknown({})->empty());
}

TEST_F(RecordingJobsTest, NothingIsRunOnWhatIsBeingRemoved) {
  const std::int64_t id = begin(kOfFlv);
  close(id, "a.flv");
  ASSERT_TRUE(catalogue_.finish_recording(id, clock_.now_utc(), std::nullopt));
  ASSERT_TRUE(begin_removal(catalogue_, id, RemovalScope::files));
  EXPECT_FALSE(run(shell("true")));
  EXPECT_EQ(*owed_jobs(catalogue_, "me"), 0U);
}

}  // namespace
}  // namespace rec
