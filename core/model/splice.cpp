// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/splice.h"

namespace rec {

SpliceChoice choose_splice(const std::optional<SpliceNote> &note, UtcTime last_activity,
                           Nanoseconds splice_timeout, UtcTime now) {
  if (!note) return SpliceChoice::start_new;
  const UtcTime until =
      note->paused ? note->resume_until
                   : last_activity + std::chrono::duration_cast<UtcTime::duration>(note->splice_timeout);
  return splice_timeout > Nanoseconds(0) && now < until ? SpliceChoice::resume : SpliceChoice::finish_first;
}

HoldChoice judge_hold(const std::optional<SpliceNote> &note, std::string_view owner, Nanoseconds waited) {
  if (!note || note->owner != owner || !note->paused) return HoldChoice::gone;
  return waited >= note->splice_timeout ? HoldChoice::finish : HoldChoice::wait;
}

}  // namespace rec
