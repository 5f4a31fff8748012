// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/sync.h"
#include "core/model/recording_task.h"
#include "core/service/configuration_store.h"
#include "core/service/stream_watch.h"
#include "ext/rulebin/branch.h"
#include "ext/rulebin/catalogue_desk.h"
#include "ext/rulebin/joins.h"
#include "ext/rulebin/push_inputs.h"
#include "ext/rulebin/renewal.h"
#include "ext/rulebin/variant_inputs.h"
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

// rulebin's behaviour: which template records the push, the branches that it needs, and when all is done.
//
// The desk and the branches live from READY->PAUSED to PAUSED->READY. Branches are added and removed under
// the element's state lock, by anybody but streaming threads and the desk's jobs.
class RuleBin {
 public:
  RuleBin(GstBin *bin, const Clock &clock);
  ~RuleBin();
  RuleBin(const RuleBin &) = delete;
  RuleBin &operator=(const RuleBin &) = delete;

  Guarded<RuleBinSettings> settings;  // any thread; a copy is taken at start
  StructurePtr stats() REC_EXCLUDES(mutex_);

  // For the element's vfuncs.
  GstPad *request_pad(GstPadTemplate *pad_template, const char *name);
  void release_pad(GstPad *pad);
  GstStateChangeReturn change_state(GstStateChange transition,
                                    const std::function<GstStateChangeReturn()> &chain_up);
  void send_eos(GstEvent *eos);  // takes it
  // What the configuration, as it is now, does with who is pushing, and why; and what was begun with.
  std::string explain() REC_EXCLUDES(mutex_);
  // start, stop, restart of what the template records, and cancel_delay, also of what a task holds for its
  // push to come back; an error when no branch obeyed.
  Status command(RecordingInput input) REC_EXCLUDES(mutex_);

 private:
  // What a start decided; constant until the next one.
  struct Plan {
    RecordingTemplate recording_template;  // without formats: nothing is recorded
    std::string rule;                      // that won, "" = none
    std::string why_not;                   // nothing is recorded
    std::string why_not_yet;               // it is when somebody says start
    TriggerKind trigger = TriggerKind::automatic;
    bool audio_only = false;
    std::shared_ptr<const Configuration> configuration;  // shared with the store that it came from
  };
  // Of the stream.
  struct Tasks {
    std::vector<RecordingTask> known;  // as the catalogue had them last
    std::vector<RunningTask> running;
  };
  // What only the desk's jobs touch.
  struct AtDesk {
    bool push_is_open = false;                     // of any content
    bool ended = false;                            // the push, and its EOS is or was `eos`
    std::optional<std::int64_t> unrecorded;        // row of a push to which no branch is attached
    Ref<GstMessage> eos;                           // leaves when all is done
    std::vector<std::shared_ptr<Branch>> leaving;  // are closed when they are done
  };
  struct Numbers {
    std::uint64_t pushes = 0;
    Branch::Counts gone;  // of branches that were; and rows that are no branch's
  };

  Status start();
  void stop();
  void tell_about(const ConfigurationInForce &in_force);
  Result<Plan> make_plan(const std::string &config, const PushIdentity &push);
  void heed_push_url(Plan &plan, const PushIdentity &push);
  Status open_desk(const std::string &path);
  void recover_others(CatalogueDesk &at);
  void announce(const Plan &plan, const PushIdentity &push);

  // Under the element's state lock, while it is started.
  std::shared_ptr<Branch> add_branch(BranchFacts facts) REC_EXCLUDES(mutex_);
  // Detaches a branch; it is taken out when its files are complete and it holds nothing any more.
  void retire(const std::shared_ptr<Branch> &branch) REC_EXCLUDES(mutex_);
  void take_out(const std::shared_ptr<Branch> &branch) REC_EXCLUDES(mutex_);
  std::vector<std::shared_ptr<Branch>> branches() REC_EXCLUDES(mutex_);
  PushInputs &inputs_of(const Branch &branch) REC_EXCLUDES(mutex_);

  // rule_bin_contents.cpp
  std::vector<Content> contents_there(const RecordingTemplate &wanted);
  bool ask_for(const Content &content);
  Status add_template_branches(const Plan &plan, const NameFacts &facts) REC_EXCLUDES(mutex_);
  std::vector<PushInputs *> all_inputs();
  bool is_over();  // the push, with all its contents

  // rule_bin_tasks.cpp. The first two: on the watch's thread; for all others the state lock is held.
  void tasks_are(std::vector<RecordingTask> tasks);
  void command(CommandVerb verb, const StreamWatch::Answer &answer);
  Status obey(CommandVerb verb);
  Status watch_stream(CatalogueDesk &at);
  void change_tasks();
  void begin_task(const RecordingTask &task);
  void end_task(const std::string &id);
  void request_keyframe();
  // Soon, on another thread under the state lock, unless the element is stopped until then.
  void later(std::function<void()> what);

  // rule_bin_renew.cpp. The first two: on streaming threads; the others under the state lock.
  void push_is_about_to_begin();
  void take_push_event(GstEvent *event);
  void renew();
  void decide_anew();
  bool push_is_open();  // of any content
  static Branch::Counts sum_of(Branch::Counts sum, const Branch::Counts &n);

  PushInputs::Listener input_listener();
  void push_began(PushInputs &inputs);
  void push_ended(PushInputs &inputs, guint32 seqnum);
  bool post(std::function<void(CatalogueDesk &)> job) REC_EXCLUDES(mutex_);
  // In jobs.
  void note_unrecorded_push(CatalogueDesk &at);
  void look_after();
  void close_leaving();
  std::shared_ptr<CatalogueDesk> desk() REC_EXCLUDES(mutex_);

  GstBin *bin_;  // borrowed: owns us
  const Clock &clock_;
  PushInputs inputs_;       // of the origin
  VariantInputs variants_;  // of the other contents
  AtDesk at_desk_;
  // Of this start; what the desk's jobs and the branches use without a lock is there before and after them.
  PushIdentity push_;
  std::string directory_;
  std::shared_ptr<const Configuration> configuration_;  // shared with the store that it came from
  Guarded<Tasks> tasks_;
  std::map<std::string, std::shared_ptr<Branch>>
      task_branches_;  // by task, shared with their jobs; state lock
  std::unique_ptr<StreamWatch::Subscription> watch_;
  std::atomic<std::uint64_t> starts_ = 0;  // and stops
  std::unique_ptr<Joins> joins_;
  std::uint64_t told_change_ = 0;  // of the configuration; only where states change
  Renewal renewal_;
  std::atomic<bool> idle_ = false;                 // a push is over and nothing of it is left to be done
  bool in_place_ = false;                          // a start while media may come; state lock
  Guarded<std::optional<PushIdentity>> identity_;  // that upstream told
  Mutex mutex_;
  std::shared_ptr<CatalogueDesk> desk_ REC_GUARDED_BY(mutex_);               // shared by the branches
  std::vector<std::shared_ptr<Branch>> branches_ REC_GUARDED_BY(mutex_);     // shared with their jobs
  std::map<const Branch *, PushInputs *> inputs_of_ REC_GUARDED_BY(mutex_);  // others than `inputs_`
  std::string template_ REC_GUARDED_BY(mutex_), rule_ REC_GUARDED_BY(mutex_);
  Guarded<Numbers> numbers_;
};

}  // namespace rec
