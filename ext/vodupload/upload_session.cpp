// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ext/vodupload/upload_session.h"

#include <algorithm>
#include <utility>

#include "core/service/configuration_store.h"
#include "core/service/destinations_of.h"
#include "core/service/recording_jobs.h"
#include "ext/vodupload/end_of_stream.h"
#include "gst/common/barrier.h"
#include "gst/common/messages.h"

namespace rec {
namespace {

constexpr Milliseconds kGlance{250};  // at pushes and recordings, which are other elements' rows
constexpr Seconds kBacklogInterval{1};

std::string environment(const char *name) {
  const char *value = g_getenv(name);
  return value ? value : "";
}

// What is served, secrets apart.
bool same_services(const Destinations &a, const Destinations &b) {
  return a.stores == b.stores && a.callbacks == b.callbacks && a.storage_classes == b.storage_classes &&
         a.with_backup == b.with_backup && a.spool == b.spool && a.local_copies == b.local_copies &&
         a.retention == b.retention && a.jobs == b.jobs;
}

}  // namespace

Result<std::unique_ptr<UploadSession>> UploadSession::start(GstElement *element,
                                                            const VodUploadSettings &settings,
                                                            const Clock &clock) {
  Destinations destinations;
  std::uint64_t change = 0;
  if (!settings.config.empty()) {
    const auto in_force = shared_configuration(settings.config)->sample();
    if (!in_force->loaded.configuration) return configuration_error(in_force->loaded);
    destinations = destinations_of(*in_force->loaded.configuration, environment);
    change = in_force->is_outdated() ? 0 : in_force->change;
  }
  REC_TRY(auto owner, process_owner(settings.catalogue));
  std::unique_ptr<UploadSession> session(new UploadSession(element, settings, clock, std::move(owner)));
  UploadSession *self = session.get();
  self->seen_change_ = change;
  REC_CHECK(self->serve(std::move(destinations)));
  session->watcher_ = std::thread([self] { barrier(self->element_, [&] { self->watch(); }); });
  return session;
}

Status UploadSession::serve(Destinations destinations) {
  DeliveryWorker::Options options;
  options.catalogue_path = catalogue_path_;
  options.owner = owner_->id();
  options.destinations = destinations;
  options.describes = describes_;
  options.on_report = [this](const DeliveryReport &r) { barrier(element_, [&] { report(r); }); };
  options.on_progress = [this](const UploadProgress &p) { barrier(element_, [&] { report(p); }); };
  options.on_change = [this](const StoreChange &c) { barrier(element_, [&] { report(c); }); };
  options.on_spool = [this](const SpoolNews &n) { barrier(element_, [&] { report(n); }); };
  options.on_job = [this](const JobNews &n) { barrier(element_, [&] { report(n); }); };
  options.on_trouble = [this](const Error &e) { barrier(element_, [&] { post_warning(element_, e); }); };
  REC_TRY(auto worker, DeliveryWorker::start(std::move(options), clock_));
  destinations_ = std::move(destinations);
  worker_ = std::move(worker);  // what the one before was at is owed, and goes on where it was
  return ok();
}

void UploadSession::follow_configuration() {
  if (config_path_.empty()) return;
  const auto in_force = shared_configuration(config_path_)->sample();
  if (std::exchange(seen_change_, in_force->change) == in_force->change) return;
  if (!in_force->loaded.problems.empty())
    return post_warning(element_, {Errc::invalid_argument,
                                   "the configuration has changed and cannot be used; what was read before "
                                   "stays in force: " +
                                       configuration_error(in_force->loaded).message});
  Destinations wanted = destinations_of(*in_force->loaded.configuration, environment);
  if (same_services(wanted, destinations_)) return;
  if (const Status served = serve(std::move(wanted)); !served) post_warning(element_, served.error());
}

UploadSession::UploadSession(GstElement *element, const VodUploadSettings &settings, const Clock &clock,
                             std::shared_ptr<const OwnerLease> owner)
    : element_(element),
      catalogue_path_(settings.catalogue),
      config_path_(settings.config),
      drain_timeout_(settings.drain_timeout > G_MAXINT64
                         ? Nanoseconds::max()
                         : Nanoseconds(static_cast<gint64>(settings.drain_timeout))),
      describes_(settings.manifests),
      clock_(clock),
      owner_(std::move(owner)) {}

UploadSession::~UploadSession() { stop(); }

void UploadSession::stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (watcher_.joinable()) watcher_.join();
  worker_.reset();
}

void UploadSession::end(guint32 seqnum) {
  {
    MutexLock lock(mutex_);
    end_seqnum_ = seqnum;
    has_news_ = true;
  }
  wake_.notify_all();
}

void UploadSession::wait_for_sinks() {
  MutexLock lock(mutex_);
  has_sinks_ = true;
}

void UploadSession::sinks_settled(const std::vector<std::int64_t> &recordings, guint32 seqnum) {
  {
    MutexLock lock(mutex_);
    settled_ = recordings;
    end_seqnum_ = seqnum;
    has_news_ = true;
  }
  wake_.notify_all();
}

StructurePtr UploadSession::stats() {
  const Counts c = counts_.copy();
  Nanoseconds age{0};
  if (c.backlog.oldest) age = std::max<Nanoseconds>(age, clock_.now_utc() - *c.backlog.oldest);
  return StructurePtr(gst_structure_new(
      "vodupload-stats", "uploaded", G_TYPE_UINT64, c.uploaded, "upload-failures", G_TYPE_UINT64,
      c.upload_failures, "callbacks-delivered", G_TYPE_UINT64, c.callbacks_delivered, "callback-failures",
      G_TYPE_UINT64, c.callback_failures, "owed-uploads", G_TYPE_UINT64, guint64{c.owed.uploads},
      "owed-callbacks", G_TYPE_UINT64, guint64{c.owed.callbacks}, "owed-failing", G_TYPE_UINT64,
      guint64{c.owed.failing}, "owed-bytes", G_TYPE_UINT64, guint64{c.backlog.bytes}, "oldest-owed",
      G_TYPE_UINT64, static_cast<guint64>(age.count()), nullptr));
}

void UploadSession::report_running(const DeliveryReport &r) {
  if (r.url.empty()) return;
  MessageBuilder("vodupload-playlist-refreshed")
      .field("store", r.target.name)
      .field("location", r.location)
      .field("url", r.url)
      .post(element_);
}

void UploadSession::report(const DeliveryReport &r) {
  if (r.is_running && !r.error) return report_running(r);
  const bool is_upload = r.target.kind == OwedKind::upload;
  counts_.with([&](Counts &c) {
    if (is_upload)
      ++(r.error ? c.upload_failures : c.uploaded);
    else
      ++(r.error ? c.callback_failures : c.callbacks_delivered);
  });
  const char *name = is_upload ? (r.error ? "vodupload-upload-failed" : "vodupload-uploaded")
                               : (r.error ? "vodupload-callback-failed" : "vodupload-callback-delivered");
  MessageBuilder message(name);
  message.field(is_upload ? "store" : "callback", r.target.name)
      .field("location", r.location)
      .field("url", r.url)
      .field("attempt", static_cast<guint>(r.attempt));
  if (is_upload) message.field("state", std::string(name_of(r.state)));
  if (r.error) message.field("error", r.error->message);
  if (r.retry) message.time("next-attempt", *r.retry);
  message.post(element_);
  if (!r.renamed_from.empty() && !r.error)
    post_warning(element_, {Errc::exists, "store " + r.target.name + " has '" + r.renamed_from +
                                              "' of another recording; '" + r.location + "' is at " + r.url});
  {
    MutexLock lock(mutex_);
    has_news_ = true;
  }
  wake_.notify_all();
}

void UploadSession::report(const UploadProgress &p) {
  MessageBuilder message(p.sent_bytes == 0 ? "vodupload-upload-begun" : "vodupload-progress");
  message.field("store", p.store)
      .field("location", p.location)
      .field("attempt", static_cast<guint>(p.attempt))
      .field("bytes", guint64{p.bytes});
  if (p.sent_bytes > 0) message.field("sent", guint64{p.sent_bytes});
  message.post(element_);
}

void UploadSession::report(const StoreChange &c) {
  MessageBuilder message("vodupload-store-changed");
  message.field("event", std::string(name_of(c.event))).field("store", c.store).time("at", c.at);
  if (!c.session_id.empty()) message.field("backup", c.backup).field("session-id", c.session_id);
  message.post(element_);
}

void UploadSession::report(const SpoolNews &n) {
  for (const std::string &path : n.removed)
    MessageBuilder("vodupload-local-copy-removed").field("location", path).post(element_);
  if (!n.time_left) return;
  MessageBuilder("vodupload-spool")
      .field("directory", n.directory)
      .field("free-bytes", guint64{n.free_bytes})
      .field("time-left", static_cast<guint64>(Nanoseconds(*n.time_left).count()))
      .post(element_);
}

void UploadSession::report(const JobNews &n) {
  MessageBuilder message(n.error ? "vodupload-job-failed" : "vodupload-job-done");
  message.field("job", n.job)
      .field("session-id", n.recording)
      .field("location", n.location)
      .field("attempt", static_cast<guint>(n.attempt));
  if (n.error)
    message.field("error", n.error->message);
  else
    message.field("result", n.result);
  if (n.retry) message.time("next-attempt", *n.retry);
  message.post(element_);
  {
    MutexLock lock(mutex_);
    has_news_ = true;
  }
  wake_.notify_all();
}

// Not after every delivery: all that is owed is counted, to targets that are dead, too.
void UploadSession::count_owed(Catalogue &catalogue) {
  const Nanoseconds now = clock_.monotonic();
  if (counted_owed_ && now - *counted_owed_ < kGlance) return;
  counted_owed_ = now;
  if (const auto owed = catalogue.owed()) counts_.with([&](Counts &c) { c.owed = *owed; });
}

// Not at every glance: it is added up of all rows.
void UploadSession::look_at_backlog(Catalogue &catalogue) {
  const Nanoseconds now = clock_.monotonic();
  if (counted_backlog_ && now - *counted_backlog_ < kBacklogInterval) return;
  counted_backlog_ = now;
  if (const auto backlog = upload_backlog(catalogue)) counts_.with([&](Counts &c) { c.backlog = *backlog; });
}

bool UploadSession::wait_for_news() {
  MutexLock lock(mutex_);
  lock.wait_for(wake_, kGlance,
                [this]() REC_TSA(no_thread_safety_analysis) { return stopping_ || has_news_; });
  has_news_ = false;
  return !stopping_;
}

void UploadSession::watch() {
  auto catalogue = Catalogue::open(catalogue_path_, clock_);
  if (!catalogue) return post_error(element_, catalogue.error());
  auto manifests = Manifests::open(catalogue_path_, clock_);
  if (!manifests) return post_error(element_, manifests.error());
  if (describes_) manifests_ = &*manifests;
  bool over = false;
  do {
    follow_configuration();
    count_owed(*catalogue);
    look_at_backlog(*catalogue);
    if (over) continue;  // EOS is said once; what comes later is delivered all the same
    bool end_requested = false;
    bool has_sinks = false;
    std::optional<std::vector<std::int64_t>> settled;
    {
      MutexLock lock(mutex_);
      end_requested = end_seqnum_.has_value();
      has_sinks = has_sinks_;
      settled = settled_;
    }
    if (has_sinks && !settled) continue;
    const auto checked = settled ? is_delivered(*catalogue, *settled) : is_over(*catalogue, end_requested);
    over = checked && *checked;  // a busy catalogue is asked again
    if (!over) continue;
    counted_owed_.reset();
    count_owed(*catalogue);
    post_eos();
  } while (wait_for_news());
}

Result<bool> UploadSession::is_over(Catalogue &catalogue, bool end_requested) {
  REC_TRY(const PushCounts pushes, catalogue.push_counts(owner_->id()));
  REC_TRY(const std::uint64_t unfinished, catalogue.unfinished_recordings(owner_->id()));
  if ((pushes.seen == 0 && !end_requested) || pushes.open > 0 || unfinished > 0) {
    draining_since_.reset();
    return false;
  }
  // First what becomes uploads: what is owed is counted after that.
  REC_TRY(const std::uint64_t unprocessed, owed_jobs(catalogue, owner_->id()));
  std::uint64_t undescribed = 0;
  if (manifests_) {
    REC_TRY(undescribed, manifests_->unfinished(owner_->id()));
  }
  REC_TRY(const OwedCounts ours, catalogue.owed_by(owner_->id()));
  REC_TRY(const std::uint64_t untried, catalogue.untried());
  return is_drained(unprocessed + undescribed + ours.uploads + ours.callbacks + untried == 0);
}

Result<bool> UploadSession::is_delivered(Catalogue &catalogue, const std::vector<std::int64_t> &recordings) {
  for (const std::int64_t id : recordings) {
    bool described = true;
    if (manifests_) {
      REC_TRY(described, manifests_->is_written(id));
    }
    REC_TRY(const auto made, with_results(catalogue, id));
    bool is_owed = made.empty();
    for (const std::int64_t one : made) {
      REC_TRY(const auto owed, catalogue.owed_of(one));
      is_owed |= !owed.empty();
    }
    if (!described || is_owed) return is_drained(false);
  }
  return is_drained(true);
}

bool UploadSession::is_drained(bool all_delivered) {
  if (!draining_since_) draining_since_ = clock_.monotonic();
  return all_delivered || clock_.monotonic() - *draining_since_ >= drain_timeout_;
}

void UploadSession::post_eos() {
  std::optional<guint32> seqnum;
  {
    MutexLock lock(mutex_);
    seqnum = end_seqnum_;
  }
  // Past the element's own function for messages, which takes the EOS of its sinks for news to us.
  post_end_of_stream(element_, seqnum);
}

}  // namespace rec
