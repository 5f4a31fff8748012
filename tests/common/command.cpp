// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/common/command.h"

#include <gtest/gtest.h>

#include "core/base/glib_ptr.h"

REC_COUNTED(GSubprocess, g_object_ref, g_object_unref);
REC_COUNTED(GSubprocessLauncher, g_object_ref, g_object_unref);

namespace rec::test {
namespace {

std::string text_of(GBytes *bytes) {
  gsize size = 0;
  const auto *data = static_cast<const char *>(g_bytes_get_data(bytes, &size));
  return data ? std::string(data, size) : std::string();
}

}  // namespace

CommandResult run_command(const std::vector<std::string> &argv) {
  std::vector<const char *> args;
  for (const std::string &arg : argv) args.push_back(arg.c_str());
  args.push_back(nullptr);
  const auto launcher = Ref<GSubprocessLauncher>::adopt(g_subprocess_launcher_new(
      static_cast<GSubprocessFlags>(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE)));
  // What the test itself is checked with must not reach an uninstrumented tool.
  for (const char *name : {"GST_TRACERS", "G_DEBUG", "LD_PRELOAD"})
    g_subprocess_launcher_unsetenv(launcher.get(), name);
  ErrorOut error;
  const auto process =
      Ref<GSubprocess>::adopt(g_subprocess_launcher_spawnv(launcher.get(), args.data(), error.out()));
  using Bytes = std::unique_ptr<GBytes, Freer<g_bytes_unref>>;
  GBytes *out = nullptr;
  GBytes *err = nullptr;
  if (!process || !g_subprocess_communicate(process.get(), nullptr, nullptr, &out, &err, error.out())) {
    ADD_FAILURE() << argv.front() << ": " << error->message;
    return {-1, "", error->message};
  }
  const Bytes owned_out(out);
  const Bytes owned_err(err);
  const int code =
      g_subprocess_get_if_exited(process.get()) ? g_subprocess_get_exit_status(process.get()) : -1;
  return {code, text_of(out), text_of(err)};
}

}  // namespace rec::test
