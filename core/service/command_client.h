// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <string>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/service/catalogue.h"

namespace rec {

// How a command is waited for.
struct CommandPatience {
  Nanoseconds timeout = Seconds(10);
  std::function<void(Milliseconds)> pause;  // returns after about that time
};

// Asks every living process that receives the stream and waits for the answers. ok(): at least one did it.
// Errors: what the first one answered; not_found when nobody receives the stream; unavailable when no answer
// came in time (nobody does it any more, or `error` says that it may still be done) or the process ended
// meanwhile. `catalogue_path`: of the same file, where leases are looked up.
Status send_command(Catalogue &catalogue, const std::string &catalogue_path, CommandVerb verb,
                    const PushIdentity &stream, const CommandPatience &patience, const Clock &clock);

}  // namespace rec
