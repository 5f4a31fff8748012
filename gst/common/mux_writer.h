// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include "gst/common/writer.h"

namespace rec {

// One instance of a stock muxer, fed directly from the recorder's thread without queues and without ever
// blocking it: the muxer's latency is unbounded, so its pads take everything at once, and its own thread does
// the work.
class MuxWriter final : public Writer {
 public:
  // Builds the muxer in the group's bin and starts it. `name` becomes the child's name.
  static Result<std::unique_ptr<MuxWriter>> create(const std::shared_ptr<WriterGroup> &group,
                                                   const Container &container, const std::string &name,
                                                   const std::vector<Track> &tracks,
                                                   std::unique_ptr<MuxOutput> output);
  ~MuxWriter() override;

  bool has_track(std::size_t track) const override;
  bool push(const Frame &frame, Nanoseconds base) override;
  void gap(std::size_t track, Nanoseconds from, Nanoseconds until, Nanoseconds base) override;
  void end_track(std::size_t track) override;
  void cut(unsigned number, Nanoseconds at, Nanoseconds base) override;
  void finish() override;

 private:
  struct Shared;
  struct Feed;

  explicit MuxWriter(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  Feed *feed_of(std::size_t track) const;

  std::shared_ptr<Shared> shared_;  // with the muxer's pads, until both have let go
  bool finished_ = false;           // under the recorder's lock
};

}  // namespace rec
