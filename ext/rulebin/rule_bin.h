// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/base/clock.h"
#include "core/base/sync.h"
#include "core/base/worker.h"
#include "core/model/recording_names.h"
#include "core/service/configuration.h"
#include "core/service/owner_lease.h"
#include "core/service/push_session.h"
#include "ext/rulebin/branches.h"
#include "ext/rulebin/glances.h"
#include "gst/common/gst_ptr.h"

namespace rec {

struct RuleBinSettings {
  std::string config;
  std::string catalogue;  // "" = catalogue.db in `directory`
  std::string directory = "recordings";
  std::string domain;
  std::string app;
  std::string stream;
  std::string stream_param;
  std::string uri_error;  // of the last `uri` that could not be read
};

// rulebin's behaviour: which template records the push, the recorders that it needs, and the rows about what
// they do.
//
// Streaming and muxer threads only post jobs to a worker, which owns the catalogue; what the recorders'
// threads ask (claim-recording, poll-hold) waits for its answer. The worker lives from READY->PAUSED to
// PAUSED->READY.
class RuleBin {
 public:
  RuleBin(GstBin *bin, const Clock &clock);
  ~RuleBin();
  RuleBin(const RuleBin &) = delete;
  RuleBin &operator=(const RuleBin &) = delete;

  Guarded<RuleBinSettings> settings;  // any thread; a copy is taken at start
  StructurePtr stats() REC_EXCLUDES(mutex_);

  // For the element's vfuncs.
  Branches &branches() { return branches_; }
  GstStateChangeReturn change_state(GstStateChange transition,
                                    const std::function<GstStateChangeReturn()> &chain_up);
  // True when the message was dealt with, and taken.
  bool handle_message(GstMessage *message);
  void cancel_delay();

 private:
  // The worker and what only its jobs touch. Shared by threads that report while another one stops the
  // element.
  struct Desk : std::enable_shared_from_this<Desk> {
    Worker worker;
    std::string catalogue_path;
    std::shared_ptr<const OwnerLease> lease;
    std::optional<PushSession> session;
    std::optional<std::int64_t> announced;  // recording
    Ref<GstMessage> eos;                    // leaves when nothing is held or joined
    std::optional<Glances> glances;         // while files are held
    Nanoseconds held_since{0};
    std::unique_ptr<Worker> joiner;  // copies files; made when there are some
    unsigned joining = 0;            // recordings
    std::atomic<bool> stopping = false;
  };
  // What a start decided; constant until the next one.
  struct Plan {
    RecordingTemplate recording_template;  // without formats: nothing is recorded
    std::string rule;                      // that won, "" = none
    std::string why_not;                   // nothing is recorded
    RecordingNames names;
  };
  using Job = std::function<Status(PushSession &)>;

  Status start();
  void stop();
  Result<Plan> make_plan(const std::string &config, const PushIdentity &push);
  Status name_files(Plan &plan, const PushIdentity &push, const std::string &directory,
                    const std::string &session_id);
  Status open_desk(const std::string &path, PushSession::Facts facts);
  void add_recorders(const Plan &plan);
  void add_recorder(const Ref<GstElement> &recorder, const char *factory);
  Ref<GstElement> make_file_recorder(const FileGroup &files, const Plan &plan);
  Ref<GstElement> make_hls_recorder(const Plan &plan);
  void announce(const Plan &plan, const PushIdentity &push);

  void note(const char *what, Job job, Ref<GstMessage> forward = {}) REC_EXCLUDES(mutex_);
  void run(Desk &desk, const char *what, const Job &job);
  void push_began();
  void announce_recording(Desk &desk);
  void recorders_done(guint32 seqnum);
  void look_after(Desk &desk);
  void start_glances(Desk &desk);
  void poll_held_files(Desk &desk, Nanoseconds waited);
  void start_join(Desk &desk, std::int64_t recording_id);
  void join(Desk &desk, std::int64_t recording_id);
  std::shared_ptr<Desk> desk() REC_EXCLUDES(mutex_);
  static gchar *on_claim(GstElement *splicesink, gpointer self);
  static gint on_poll_hold(GstElement *splicesink, guint64 waited, gpointer self);

  GstBin *bin_;  // borrowed: owns us
  const Clock &clock_;
  Branches branches_;
  Mutex mutex_;
  std::shared_ptr<Desk> desk_ REC_GUARDED_BY(mutex_);
  std::string time_zone_ REC_GUARDED_BY(mutex_);  // of the template
  std::string template_ REC_GUARDED_BY(mutex_), rule_ REC_GUARDED_BY(mutex_);
  struct Numbers {
    PushSession::Counts session;
    std::uint64_t lost_rows = 0;  // what happened and could not be noted
  };
  Guarded<Numbers> numbers_;
};

}  // namespace rec
