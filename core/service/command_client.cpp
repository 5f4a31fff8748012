// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/command_client.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "core/service/owner_lease.h"

namespace rec {
namespace {

constexpr Milliseconds kGlance{50};

struct Asked {
  std::int64_t id = 0;
  std::string owner;
  std::optional<Status> outcome;
};

// Nothing while it is at work on it.
Result<std::optional<Status>> outcome_of(Catalogue &catalogue, const std::string &path, const Asked &asked) {
  // Before the row is read: who answers and dies has answered.
  const bool alive = OwnerLease::is_alive(path, asked.owner);
  REC_TRY(const CommandAnswer answer, catalogue.command_answer(asked.id));
  if (answer.state == CommandState::done) return std::optional(ok());
  if (answer.state == CommandState::refused)
    return std::optional<Status>(Error{Errc::not_found, answer.error});
  if (!alive)
    return std::optional<Status>(Error{Errc::unavailable, "the process that received the stream has ended"});
  return std::optional<Status>();
}

Result<Status> give_up(Catalogue &catalogue, const Asked &asked) {
  REC_TRY(const bool withdrawn, catalogue.withdraw_command(asked.id));
  return Status(Error{Errc::unavailable,
                      withdrawn
                          ? "the process that receives the stream does not answer: nothing was done"
                          : "the process that receives the stream is still at it: look at its state later"});
}

Result<std::vector<Asked>> ask_all(Catalogue &catalogue, const std::string &path, CommandVerb verb,
                                   const PushIdentity &stream) {
  REC_TRY(const auto owners, catalogue.receivers(stream, verb));
  std::vector<Asked> asked;
  for (const std::string &owner : owners) {
    if (!OwnerLease::is_alive(path, owner)) continue;
    REC_TRY(const std::int64_t id, catalogue.ask(owner, verb, stream));
    asked.push_back({.id = id, .owner = owner, .outcome = std::nullopt});
  }
  return asked;
}

bool is_open(const Asked &asked) { return !asked.outcome; }

}  // namespace

Status send_command(Catalogue &catalogue, const std::string &catalogue_path, CommandVerb verb,
                    const PushIdentity &stream, const CommandPatience &patience, const Clock &clock) {
  const Nanoseconds deadline = clock.monotonic() + patience.timeout;
  REC_TRY(auto asked, ask_all(catalogue, catalogue_path, verb, stream));
  if (asked.empty()) return Error{Errc::not_found, "no such stream: no living process receives it"};
  for (;;) {
    for (Asked &one : asked)
      if (is_open(one)) {
        REC_TRY(one.outcome, outcome_of(catalogue, catalogue_path, one));
      }
    if (std::none_of(asked.begin(), asked.end(), is_open)) break;
    if (clock.monotonic() >= deadline) {
      for (Asked &one : asked)
        if (is_open(one)) {
          REC_TRY(one.outcome, give_up(catalogue, one));
        }
      break;
    }
    patience.pause(kGlance);
  }
  const auto done = std::find_if(asked.begin(), asked.end(), [](const Asked &a) { return bool(*a.outcome); });
  return done == asked.end() ? *asked.front().outcome : *done->outcome;
}

}  // namespace rec
