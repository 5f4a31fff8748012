// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/job_runner.h"

#include <glib.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>
#include <utility>

#include "core/base/glib_ptr.h"
#include "core/disk/repaired_file.h"
#include "core/io/child_process.h"
#include "core/io/files.h"
#include "core/io/http.h"
#include "core/io/iso_time.h"
#include "core/model/object_key.h"
#include "core/model/retry_schedule.h"
#include "core/service/derived_recording.h"
#include "core/service/job_input.h"
#include "core/service/recording_jobs.h"

namespace rec {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestLog = 16 << 10;  // bytes, in the catalogue

// What programs need to find each other and GStreamer its plugins. None of them holds a secret.
const char *const kUsualVariables[] = {"PATH",
                                       "HOME",
                                       "LANG",
                                       "LC_ALL",
                                       "LC_CTYPE",
                                       "TZ",
                                       "LD_LIBRARY_PATH",
                                       "GST_PLUGIN_PATH",
                                       "GST_PLUGIN_PATH_1_0",
                                       "GST_PLUGIN_SYSTEM_PATH",
                                       "GST_PLUGIN_SYSTEM_PATH_1_0",
                                       "GST_PLUGIN_SCANNER",
                                       "GST_PLUGIN_SCANNER_1_0",
                                       "GST_REGISTRY",
                                       "GST_REGISTRY_1_0",
                                       "GST_REGISTRY_FORK"};

// The end of it. A word that was cut in two may be a query without its '?'.
std::string readable(std::string_view said) {
  if (said.size() >= kMostOutput) said.remove_prefix(std::min(said.find_first_of(" \n\r\t"), said.size()));
  const std::string text = redacted_text(said);
  const std::size_t cut = text.size() - std::min(text.size(), kLongestLog);
  return CString(g_utf8_make_valid(&text[cut], static_cast<gssize>(text.size() - cut))).get();
}

// With a point, whatever the locale that an application has chosen.
std::string decimal(double value) {
  std::array<char, 64> text{};
  return g_ascii_formatd(text.data(), text.size(), "%.6f", value);
}

// One attempt at one job.
class Attempted {
 public:
  Attempted(Catalogue &catalogue, const JobSettings &settings, RecordingJobs &rows, RecordingJob job)
      : catalogue_(catalogue), settings_(settings), rows_(rows), job_(std::move(job)) {}
  ~Attempted() { clean_up(); }
  Attempted(const Attempted &) = delete;
  Attempted &operator=(const Attempted &) = delete;

  const Recording &source() const { return source_; }
  const StoredFile &file() const { return file_; }
  bool is_hopeless() const { return is_hopeless_; }  // the next attempt would not do better

  // Its session id; "" = it has no output.
  Result<std::string> run(const std::function<bool()> &is_stopping) {
    auto input = prepare();
    if (!input) {
      const Errc code = input.error().code;
      is_hopeless_ = code == Errc::not_found || code == Errc::invalid_argument;
      return input.error();
    }
    REC_TRY(const ChildResult ended, run_child(program(*input), is_stopping));
    const std::string log = readable(ended.output);
    REC_CHECK(rows_.keep_log(job_, log));
    if (ended.exit_code != 0) return exit_error(ended.exit_code, log);
    if (!settings_.outputs.empty()) return take_outputs();
    REC_CHECK(rows_.done(job_));
    return std::string();
  }

 private:
  Result<JobInput> prepare() {
    REC_CHECK(look());
    clean_up();  // an attempt that died
    REC_CHECK(make_directories(folder_));
    return put_job_input(catalogue_, file_, folder_);
  }

  Status look() {
    REC_TRY(source_, catalogue_.recording(job_.recording_id));
    REC_TRY(const auto files, catalogue_.files(source_.id));
    for (const StoredFile &one : files)
      if (one.id == job_.file_id) file_ = one;
    if (file_.id == 0) return Error{Errc::not_found, "its file is not known any more"};
    // The catalogue is a file that others may write: nothing is deleted beside the recording's own folder.
    const std::string folder = work_folder(source_.directory, job_.session_id);
    const fs::path place =
        fs::path(file_.facts.path).parent_path() / (settings_.name + "-" + job_.session_id);
    if (folder.empty() || !object_key("", source_.directory, place.string()))
      return Error{Errc::invalid_argument, "'" + place.string() + "' is not below the recording's folder"};
    folder_ = folder;
    place_ = place;
    return ok();
  }

  ChildProgram program(const JobInput &input) const {
    ChildProgram program;
    program.arguments = arguments_of(settings_, input);
    program.folder = folder_;
    program.timeout = settings_.timeout;
    program.nice = settings_.nice;
    program.most_file_bytes = settings_.most_bytes;
    program.inherits.emplace(std::begin(kUsualVariables), std::end(kUsualVariables));
    for (const std::string &name : settings_.environment) program.inherits->push_back(name);
    const std::chrono::duration<double> length = file_.facts.duration;
    program.environment = {{"TMPDIR", folder_},
                           {"RECORDING_ID", source_.session_id},
                           {"RECORDING_DOMAIN", source_.push.domain},
                           {"RECORDING_APP", source_.push.app},
                           {"RECORDING_STREAM", source_.push.stream},
                           {"RECORDING_TEMPLATE", source_.template_name},
                           {"RECORDING_FORMAT", std::string(name_of(file_.format))},
                           {"RECORDING_START", exact_time_text(file_.facts.started)},
                           {"RECORDING_DURATION", decimal(length.count())}};
    return program;
  }

  Error exit_error(int code, const std::string &log) const {
    const std::string last = readable(last_line(log));
    const std::string how = code < 0 ? "was killed" : "ended with " + std::to_string(code);
    return {Errc::unavailable,
            "'" + settings_.command.front() + "' " + how + (last.empty() ? "" : ": " + last)};
  }

  Result<std::string> take_outputs() {
    DerivedRecording derived;
    derived.source = RecordingSource::job;
    derived.session_id = job_.session_id;
    derived.directory = source_.directory;
    derived.job = job_.id;
    derived.parts = {{.source_id = source_.id, .from = file_.facts.started, .to = file_.facts.ended}};
    for (const std::string &name : settings_.outputs) {
      std::error_code failed;
      const fs::path made = fs::path(folder_) / name;
      const bool is_file = fs::symlink_status(made, failed).type() == fs::file_type::regular;
      if (!is_file || fs::file_size(made, failed) == 0 || failed)
        return Error{Errc::not_found,
                     "'" + settings_.command.front() + "' ended well, but did not write " + name};
    }
    for (const std::string &name : settings_.outputs) {
      REC_TRY(DerivedRecording::File file, take_output(name));
      derived.files.push_back(std::move(file));
    }
    REC_CHECK(sync_parent_directory(place_.string()));
    REC_TRY(const Recording made, add_derived(catalogue_, derived));
    is_kept_ = true;
    return made.session_id;
  }

  Result<DerivedRecording::File> take_output(const std::string &name) const {
    const std::string made = (fs::path(folder_) / name).string(), path = (place_ / name).string();
    REC_CHECK(sync_file(made));
    REC_CHECK(make_directories(place_.string()));
    REC_CHECK(rename_noreplace(made, path));
    REC_CHECK(sync_parent_directory(path));
    DerivedRecording::File file{.format = format_of_file(path), .facts = {}};
    if (file.format == Format::hls) file.format = Format::other;  // whose segments nobody knows
    ClosedFile &facts = file.facts;
    facts.path = path;
    facts.started = file_.facts.started;
    facts.ended = file_.facts.ended;
    REC_TRY(const FileFacts there, file_facts(path));
    facts.size_bytes = there.size_bytes;
    take_media_facts(file.format, facts);
    return file;
  }

  // Of what it does not understand nothing is known; that is no mistake.
  static void take_media_facts(Format format, ClosedFile &facts) {
    if (format == Format::other) return;
    const auto file = DiskFile::open_to_read(facts.path);
    if (!file) return;
    const auto source = source_of(*file);
    if (!source) return;
    const auto found = plan_repair(format, *source);
    if (!found) return;
    facts.duration = found->duration;
    facts.video_codec = found->video_codec;
    facts.audio_codec = found->audio_codec;
    facts.width = found->width;
    facts.height = found->height;
    facts.video_frames = found->video_frames;
    facts.audio_frames = found->audio_frames;
  }

  // Both folders are called like this job's result alone.
  void clean_up() const {
    if (folder_.empty()) return;
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
    if (!is_kept_) fs::remove_all(place_, ignored);
  }

  Catalogue &catalogue_;
  const JobSettings &settings_;
  RecordingJobs &rows_;
  const RecordingJob job_;
  Recording source_;
  StoredFile file_;
  std::string folder_;
  fs::path place_;  // of the result
  bool is_hopeless_ = false;
  bool is_kept_ = false;
};

}  // namespace

Result<std::optional<JobNews>> JobRunner::run_next(Catalogue &catalogue,
                                                   const std::function<bool()> &is_stopping) {
  RecordingJobs rows(catalogue, lease_);
  REC_TRY(const auto job, rows.take("process", settings_.name));
  if (!job) return std::optional<JobNews>();
  Attempted attempt(catalogue, settings_, rows, *job);
  auto made = attempt.run(is_stopping);
  if (!made && made.error().code == Errc::cancelled) {
    REC_CHECK(rows.give_back(*job));
    return std::optional<JobNews>();
  }
  JobNews news{.job = settings_.name,
               .recording = attempt.source().session_id,
               .location = attempt.file().facts.path,
               .attempt = job->attempts + 1,
               .result = made ? *made : "",
               .error = {},
               .retry = {}};
  if (made) return std::optional(std::move(news));
  news.error = made.error();
  if (!attempt.is_hopeless() && news.attempt < settings_.attempts)
    news.retry = clock_.now_utc() +
                 std::chrono::ceil<std::chrono::microseconds>(upload_retry_delay(news.attempt, 0.5));
  REC_CHECK(rows.failed(*job, made.error().message, news.retry));
  return std::optional(std::move(news));
}

}  // namespace rec
