// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ext/rulebin/rule_bin.h"

#include <algorithm>
#include <utility>

#include "gst/common/barrier.h"
#include "gst/common/messages.h"

namespace rec {
namespace {

constexpr const char *kOrigin = "origin";  // the branch whose recorders' stats are the element's

void add(GstStructure *s, const char *field, std::uint64_t value) {
  gst_structure_set(s, field, G_TYPE_UINT64, static_cast<guint64>(value), nullptr);
}

}  // namespace

RuleBin::RuleBin(GstBin *bin, const Clock &clock)
    : bin_(bin), clock_(clock), inputs_(bin, input_listener()), variants_(bin, input_listener()) {
  // What is inside comes and goes; that this is a sink does not.
  gst_bin_set_suppressed_flags(bin,
                               static_cast<GstElementFlags>(GST_ELEMENT_FLAG_SINK | GST_ELEMENT_FLAG_SOURCE));
  GST_OBJECT_FLAG_SET(bin, GST_ELEMENT_FLAG_SINK);
}

RuleBin::~RuleBin() = default;

PushInputs::Listener RuleBin::input_listener() {
  return {.push_began = [this](PushInputs &i) { push_began(i); },
          .push_ended = [this](PushInputs &i, bool, guint32 seqnum) { push_ended(i, seqnum); },
          .push_is_about_to_begin = [this] { push_is_about_to_begin(); },
          .identified = [this](GstEvent *event) { take_push_event(event); }};
}

GstStateChangeReturn RuleBin::change_state(GstStateChange transition,
                                           const std::function<GstStateChangeReturn()> &chain_up) {
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
    if (const Status started = start(); !started) {
      post_error(bin_, started.error());
      stop();
      return GST_STATE_CHANGE_FAILURE;
    }
  }
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) renewal_.forbid(false);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
    renewal_.forbid(true);  // pads wait for their streaming threads
    for (const auto &branch : branches()) branch->media_interrupted();
    identity_.with([](auto &known) { known.reset(); });
  }
  const GstStateChangeReturn result = chain_up();
  const bool failed_start =
      transition == GST_STATE_CHANGE_READY_TO_PAUSED && result == GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY || failed_start) stop();
  return result;
}

void RuleBin::stop() {
  const auto at = desk();
  if (!at) return;
  ++starts_;
  idle_ = false;
  watch_.reset();
  joins_->cancel();
  for (const auto &branch : branches()) {
    branch->detach(inputs_of(*branch));
    branch->close();
  }
  joins_->stop();
  (void)at->call([&] {
    at_desk_.push_is_open = false;
    note_unrecorded_push(*at);
    at_desk_ = AtDesk();
  });
  joins_.reset();
  tasks_.with([](Tasks &tasks) { tasks = {}; });
  task_branches_.clear();
  std::shared_ptr<CatalogueDesk> closed;  // both are destroyed without the lock
  std::vector<std::shared_ptr<Branch>> gone;
  MutexLock lock(mutex_);
  gone.swap(branches_);
  inputs_of_.clear();
  closed.swap(desk_);
}

std::shared_ptr<Branch> RuleBin::add_branch(BranchFacts facts) {
  const Branch::Listener listener{.join = [this](std::int64_t id) { joins_->start(id); },
                                  .settled = [this] { look_after(); }};
  auto branch = std::make_shared<Branch>(bin_, desk(), clock_, std::move(facts), listener);
  branch->open();
  MutexLock lock(mutex_);
  branches_.push_back(branch);
  return branch;
}

void RuleBin::retire(const std::shared_ptr<Branch> &branch) {
  branch->detach(inputs_of(*branch));
  (void)post([this, branch](CatalogueDesk &at) {
    note_unrecorded_push(at);
    at_desk_.leaving.push_back(branch);
    look_after();
  });
}

void RuleBin::close_leaving() {
  struct Leaving {
    RuleBin *bin;
    std::shared_ptr<Branch> branch;
  };
  const auto take_out = +[](GstElement *e, gpointer data) {
    const auto *gone = static_cast<Leaving *>(data);
    barrier(e, [&] { gone->bin->take_out(gone->branch); });
  };
  for (auto branch = at_desk_.leaving.begin(); branch != at_desk_.leaving.end();) {
    if ((*branch)->busy()) {
      ++branch;
      continue;
    }
    gst_element_call_async(GST_ELEMENT(bin_), take_out, new Leaving{this, *branch},
                           [](gpointer data) { delete static_cast<Leaving *>(data); });
    branch = at_desk_.leaving.erase(branch);
  }
}

void RuleBin::take_out(const std::shared_ptr<Branch> &branch) {
  GST_STATE_LOCK(bin_);
  bool is_here = false;
  {
    MutexLock lock(mutex_);
    is_here = std::find(branches_.begin(), branches_.end(), branch) != branches_.end();
  }
  if (is_here) {  // else the element was stopped meanwhile
    branch->close();
    numbers_.with([&](Numbers &n) { n.gone = sum_of(n.gone, branch->counts()); });
    MutexLock lock(mutex_);
    branches_.erase(std::find(branches_.begin(), branches_.end(), branch));
    inputs_of_.erase(branch.get());
  }
  GST_STATE_UNLOCK(bin_);
}

std::vector<std::shared_ptr<Branch>> RuleBin::branches() {
  MutexLock lock(mutex_);
  return branches_;
}

std::shared_ptr<CatalogueDesk> RuleBin::desk() {
  MutexLock lock(mutex_);
  return desk_;
}

// Jobs refer to this: stop() lets the desk do all of them.
bool RuleBin::post(std::function<void(CatalogueDesk &)> job) {
  const auto at = desk();
  return at && at->post([this, at = at.get(), job = std::move(job)] { barrier(bin_, [&] { job(*at); }); });
}

// ---- Pushes

void RuleBin::push_began(PushInputs &inputs) {
  idle_ = false;
  (void)post([this](CatalogueDesk &at) {
    at_desk_.eos = {};  // it goes on
    at_desk_.ended = false;
    if (!std::exchange(at_desk_.push_is_open, true)) numbers_.with([](Numbers &n) { ++n.pushes; });
    note_unrecorded_push(at);
  });
  for (const auto &branch : branches())
    if (branch->attached() && &inputs_of(*branch) == &inputs) branch->push_began();
}

// EOS leaves when the rows are written, so that who waits for it finds everything in the catalogue.
void RuleBin::push_ended(PushInputs &inputs, guint32 seqnum) {
  GstMessage *message = gst_message_new_eos(GST_OBJECT(bin_));
  gst_message_set_seqnum(message, seqnum);
  const auto eos = Ref<GstMessage>::adopt(message);
  for (const auto &branch : branches())
    if (branch->attached() && &inputs_of(*branch) == &inputs) branch->push_ended();
  const bool posted = post([this, eos](CatalogueDesk &at) {
    if (!is_over() || std::exchange(at_desk_.ended, true)) return;
    at_desk_.push_is_open = false;
    note_unrecorded_push(at);
    at_desk_.eos = eos;
    look_after();
  });
  if (!posted) gst_element_post_message(GST_ELEMENT(bin_), gst_message_ref(eos.get()));
}

void RuleBin::send_eos(GstEvent *event) {
  const auto eos = Ref<GstEvent>::adopt(event);
  for (PushInputs *inputs : all_inputs()) inputs->end_all(gst_event_get_seqnum(eos.get()));
  for (const auto &branch : branches())
    if (branch->attached()) branch->send_eos(eos.get());
}

// A push is in the catalogue even when nothing records it: who waits for all pushes to end waits for it, too.
// A branch that is attached has a row of its own.
void RuleBin::note_unrecorded_push(CatalogueDesk &at) {
  const auto all = branches();
  const bool recorded = std::any_of(all.begin(), all.end(), [](const auto &b) { return b->attached(); });
  const bool wanted = at_desk_.push_is_open && !recorded;
  if (wanted == at_desk_.unrecorded.has_value()) return;
  Status done = ok();
  if (wanted) {
    const auto row = at.catalogue().begin_push(at.owner(), push_, "");
    if (row) at_desk_.unrecorded = *row;
    if (!row) done = row.error();
  } else {
    done = at.catalogue().end_push(*std::exchange(at_desk_.unrecorded, std::nullopt));
  }
  if (done) return;
  numbers_.with([](Numbers &n) { ++n.gone.lost_rows; });
  post_warning(bin_, {done.error().code, "a push is not in the catalogue: " + done.error().message});
}

void RuleBin::look_after() {
  close_leaving();
  if (!at_desk_.eos || joins_->busy()) return;
  const auto all = branches();
  if (std::any_of(all.begin(), all.end(), [](const auto &b) { return b->busy(); })) return;
  const auto eos = std::exchange(at_desk_.eos, {});
  if (!is_over()) return;
  idle_ = true;
  gst_element_post_message(GST_ELEMENT(bin_), gst_message_ref(eos.get()));
}

Status RuleBin::command(RecordingInput input) {
  Status done = Error{Errc::not_found, "no template records this stream"};
  bool obeyed = false;
  for (const auto &branch : branches()) {
    const bool is_task = !branch->facts().session.task.empty();
    const bool waits = branch->phase() != RecordingPhase::recording;
    if (is_task && !(input == RecordingInput::cancel_delay && waits)) continue;  // its window is its command
    const Status one = branch->command(input);
    if (!obeyed) done = one;
    obeyed = obeyed || one;
  }
  return done;
}

// ---- Numbers

Branch::Counts RuleBin::sum_of(Branch::Counts sum, const Branch::Counts &n) {
  sum.session.started += n.session.started;
  sum.session.resumed += n.session.resumed;
  sum.session.finished += n.session.finished;
  sum.session.files += n.session.files;
  sum.session.failed_files += n.session.failed_files;
  sum.session.segments += n.session.segments;
  sum.session.bytes += n.session.bytes;
  sum.lost_rows += n.lost_rows;
  return sum;
}

StructurePtr RuleBin::stats() {
  StructurePtr stats(gst_structure_new_empty("rulebin-stats"));
  {
    MutexLock lock(mutex_);
    gst_structure_set(stats.get(), "template", G_TYPE_STRING, template_.c_str(), "rule", G_TYPE_STRING,
                      rule_.c_str(), nullptr);
  }
  const Numbers n = numbers_.copy();
  Branch::Counts all_counts = n.gone;
  const auto all = branches();
  for (const auto &branch : all) all_counts = sum_of(all_counts, branch->counts());
  const PushSession::Counts &sum = all_counts.session;
  add(stats.get(), "pushes", n.pushes);
  add(stats.get(), "recordings-started", sum.started);
  add(stats.get(), "recordings-resumed", sum.resumed);
  add(stats.get(), "recordings-finished", sum.finished);
  add(stats.get(), "files", sum.files);
  add(stats.get(), "files-failed", sum.failed_files);
  add(stats.get(), "segments", sum.segments);
  add(stats.get(), "bytes", sum.bytes);
  add(stats.get(), "rows-lost", all_counts.lost_rows);
  std::uint64_t standby = 0;
  for (const PushInputs *inputs : all_inputs()) standby += inputs->standby_dropped();
  add(stats.get(), "standby-buffers-dropped", standby);
  for (const auto &branch : all) {
    if (branch->facts().name == kOrigin) {
      branch->add_stats(stats.get());
      continue;
    }
    const StructurePtr inner(gst_structure_new_empty(branch->facts().name.c_str()));
    branch->add_stats(inner.get());
    gst_structure_set(stats.get(), branch->facts().name.c_str(), GST_TYPE_STRUCTURE, inner.get(), nullptr);
  }
  return stats;
}

}  // namespace rec
