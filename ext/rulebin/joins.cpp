// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ext/rulebin/joins.h"

#include "core/service/splice_join.h"
#include "gst/common/barrier.h"
#include "gst/common/messages.h"

namespace rec {

Joins::~Joins() { stop(); }

void Joins::start(std::int64_t recording_id) {
  if (!worker_) worker_ = std::make_unique<Worker>();
  ++left_;
  const bool posted = worker_->post([this, recording_id] {
    barrier(bin_, [&] { join(recording_id); });
    (void)desk_.post([this] {
      --left_;
      barrier(bin_, settled_);
    });
  });
  if (!posted) --left_;  // recovery does it
}

void Joins::stop() {
  cancel();
  (void)desk_.call([] {});  // start() is not at work any more
  worker_.reset();
  (void)desk_.call([] {});  // nor is what it left for the desk
}

// On its own thread, with a connection of its own.
void Joins::join(std::int64_t recording_id) {
  const auto done = [&]() -> Result<JoinReport> {
    REC_TRY(auto catalogue, Catalogue::open(desk_.path(), clock_));
    auto report = join_parts(catalogue, recording_id, [&] { return stopping_.load(); });
    REC_CHECK(catalogue.release_recording(recording_id, desk_.owner()));  // what is left is anybody's
    return report;
  }();
  if (!done) {
    if (done.error().code != Errc::cancelled) post_warning(bin_, done.error());
    return;
  }
  for (const JoinReport::Joined &file : done->joined)
    MessageBuilder("rulebin-files-joined")
        .field("format", std::string(name_of(file.format)))
        .field("location", file.location)
        .field("parts", static_cast<guint>(file.parts.size()))
        .field("duration", static_cast<guint64>(file.duration.count()))
        .field("size", static_cast<guint64>(file.size_bytes))
        .post(bin_);
  for (const Error &reason : done->left_apart)
    MessageBuilder("rulebin-files-not-joined").field("reason", reason.message).post(bin_);
}

}  // namespace rec
