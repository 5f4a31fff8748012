// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gst/gst.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/base/clock.h"
#include "core/base/sync.h"
#include "core/service/delivery_worker.h"
#include "core/service/manifest.h"
#include "core/service/upload_backlog.h"
#include "gst/common/gst_ptr.h"

namespace rec {

struct VodUploadSettings {
  std::string catalogue = "recordings/catalogue.db";
  std::string config;
  guint64 drain_timeout = 60 * GST_SECOND;  // ns
  bool manifests = true;                    // a file beside each finished recording that describes it
  // Of what the sinks inside it record.
  std::string recording_template;
  std::string storage;    // "" = the template's
  std::string callbacks;  // names with ',' between; "" = the template's
  std::string directory;  // "" = the working directory
  std::string domain;
  std::string app = "live";
  std::string stream;  // "" = the element's name
};

// One run of vodupload, from READY to PAUSED and back: delivers what the catalogue owes, says so in messages,
// and posts EOS when the recordings of this process are finished and delivered. Has threads of its own only.
class UploadSession {
 public:
  // `element` is borrowed: it outlives its session. Fails when the configuration or the catalogue is
  // unusable.
  static Result<std::unique_ptr<UploadSession>> start(GstElement *element, const VodUploadSettings &settings,
                                                      const Clock &clock);
  ~UploadSession();  // stop()
  UploadSession(const UploadSession &) = delete;
  UploadSession &operator=(const UploadSession &) = delete;

  const std::string &owner() const { return owner_->id(); }  // of the rows of this process
  // Breaks off what is under way (it stays owed) and joins. Idempotent; the thread that started it.
  void stop() REC_EXCLUDES(mutex_);
  // The EOS event: post EOS also when no push was seen. Any thread.
  void end(guint32 seqnum) REC_EXCLUDES(mutex_);
  // There are sinks inside: EOS is posted when sinks_settled() was called and what these recordings owe is
  // delivered. Before anything can end.
  void wait_for_sinks() REC_EXCLUDES(mutex_);
  void sinks_settled(const std::vector<std::int64_t> &recordings, guint32 seqnum) REC_EXCLUDES(mutex_);
  StructurePtr stats();

 private:
  struct Counts {
    guint64 uploaded = 0;
    guint64 upload_failures = 0;  // attempts
    guint64 callbacks_delivered = 0;
    guint64 callback_failures = 0;
    OwedCounts owed;  // as of the last glance
    UploadBacklog backlog;
  };

  UploadSession(GstElement *element, const VodUploadSettings &settings, const Clock &clock,
                std::shared_ptr<const OwnerLease> owner);
  void report_running(const DeliveryReport &r);
  void report(const DeliveryReport &r) REC_EXCLUDES(mutex_);  // the worker's threads
  void report(const UploadProgress &p);                       // the same
  void report(const StoreChange &c);                          // the same
  void report(const SpoolNews &n);                            // the same
  void report(const JobNews &n) REC_EXCLUDES(mutex_);         // the same
  void watch() REC_EXCLUDES(mutex_);                          // the watching thread
  void follow_configuration();
  Status serve(Destinations destinations);
  Result<bool> is_over(Catalogue &catalogue, bool end_requested);
  Result<bool> is_delivered(Catalogue &catalogue, const std::vector<std::int64_t> &recordings);
  bool is_drained(bool all_delivered);
  void count_owed(Catalogue &catalogue);
  void look_at_backlog(Catalogue &catalogue);
  bool wait_for_news() REC_EXCLUDES(mutex_);
  void post_eos() REC_EXCLUDES(mutex_);

  GstElement *const element_;
  const std::string catalogue_path_;
  const std::string config_path_;
  const Nanoseconds drain_timeout_;
  const bool describes_;  // writes manifests
  const Clock &clock_;
  const std::shared_ptr<const OwnerLease> owner_;  // shared with rulebin
  Guarded<Counts> counts_;

  Mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ REC_GUARDED_BY(mutex_) = false;
  bool has_news_ REC_GUARDED_BY(mutex_) = false;
  std::optional<guint32> end_seqnum_ REC_GUARDED_BY(mutex_);
  bool has_sinks_ REC_GUARDED_BY(mutex_) = false;
  std::optional<std::vector<std::int64_t>> settled_ REC_GUARDED_BY(mutex_);  // recordings of the sinks

  std::optional<Nanoseconds> draining_since_;   // watching thread; monotonic
  std::optional<Nanoseconds> counted_owed_;     // the same
  std::optional<Nanoseconds> counted_backlog_;  // the same
  Manifests *manifests_ = nullptr;              // watching thread, while it watches
  // Of start(), then of the watching thread, then of stop().
  Destinations destinations_;
  std::uint64_t seen_change_ = 0;  // of the configuration; 0: what is wrong with it was not told
  std::unique_ptr<DeliveryWorker> worker_;
  std::thread watcher_;
};

}  // namespace rec
