// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/io/child_process.h"

#include <glib.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>

#include "core/base/glib_ptr.h"
#include "core/io/deadline.h"

namespace rec {
namespace {

using Strings = std::unique_ptr<gchar *, Freer<g_strfreev>>;

Strings strings_of(const std::vector<std::string> &list) {
  Strings strings(g_new0(gchar *, list.size() + 1));
  for (std::size_t i = 0; i < list.size(); ++i) strings.get()[i] = g_strdup(list[i].c_str());
  return strings;
}

Strings environment_of(const ChildProgram &program) {
  gchar **all = program.inherits ? g_new0(gchar *, 1) : g_get_environ();
  for (const std::string &name : program.inherits.value_or(std::vector<std::string>{}))
    if (const char *value = g_getenv(name.c_str())) all = g_environ_setenv(all, name.c_str(), value, TRUE);
  for (const auto &[name, value] : program.environment)
    all = g_environ_setenv(all, name.c_str(), value.c_str(), TRUE);
  return Strings(all);
}

void limit(int resource, rlim_t most) {
  rlimit now{};
  if (getrlimit(static_cast<__rlimit_resource>(resource), &now) != 0) return;
  now.rlim_max = std::min(now.rlim_max, most);
  now.rlim_cur = now.rlim_max;
  setrlimit(static_cast<__rlimit_resource>(resource), &now);
}

// Between fork and exec: only what is safe there.
void set_up_child(gpointer of) {
  const ChildProgram &program = **static_cast<const ChildProgram *const *>(of);
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  limit(RLIMIT_CORE, 0);
  if (program.most_file_bytes > 0) limit(RLIMIT_FSIZE, program.most_file_bytes);
  if (program.nice != 0) setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + program.nice);
}

class Child {
 public:
  Child(GPid pid, int output) : pid_(pid), output_(output) {}
  Child(const Child &) = delete;
  Child &operator=(const Child &) = delete;
  ~Child() {
    kill_all();
    if (!reaped_) waitpid(pid_, &status_, 0);
    close(output_);
  }

  void kill_all() const { ::kill(-pid_, SIGKILL); }  // the group: also what it started

  // Takes what it says for a while.
  void listen(Milliseconds at_most) {
    pollfd wait{output_, POLLIN, 0};
    if (!is_open_) {
      poll(nullptr, 0, static_cast<int>(std::min<Milliseconds>(at_most, Milliseconds(20)).count()));
      return;
    }
    if (poll(&wait, 1, static_cast<int>(at_most.count())) <= 0) return;
    std::array<char, 4096> buffer{};
    const ssize_t n = read(output_, buffer.data(), buffer.size());
    if (n > 0) said_.append(buffer.data(), static_cast<std::size_t>(n));
    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) is_open_ = false;
    if (said_.size() > 2 * kMostOutput) said_.erase(0, said_.size() - kMostOutput);
  }
  // What is left when it has ended; others may hold the pipe open.
  void drain() {
    for (pollfd wait{output_, POLLIN, 0}; is_open_ && poll(&wait, 1, 0) > 0;) listen(Milliseconds(0));
  }

  bool has_ended() {
    if (!reaped_) reaped_ = waitpid(pid_, &status_, WNOHANG) == pid_;
    return reaped_;
  }
  ChildResult result() {
    if (said_.size() > kMostOutput) said_.erase(0, said_.size() - kMostOutput);
    return {WIFEXITED(status_) ? WEXITSTATUS(status_) : -1, std::move(said_)};
  }

 private:
  const GPid pid_;
  const int output_;
  std::string said_;
  bool is_open_ = true;
  bool reaped_ = false;
  int status_ = 0;
};

Error start_error(const GError *error, const std::string &program) {
  const bool is_missing = g_error_matches(error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  return {is_missing ? Errc::not_found : Errc::denied,
          "cannot start '" + program + "': " + (error ? error->message : "unknown reason")};
}

}  // namespace

Result<ChildResult> run_child(const ChildProgram &program, const std::function<bool()> &is_cancelled) {
  if (program.arguments.empty()) return Error{Errc::invalid_argument, "there is no program to be run"};
  const Strings arguments = strings_of(program.arguments), environment = environment_of(program);
  const ChildProgram *self = &program;
  int output = -1;
  int pipes[2] = {-1, -1};
  if (pipe2(pipes, O_CLOEXEC) != 0)
    return Error{Errc::unavailable, "no pipe for '" + program.arguments[0] + "'"};
  output = pipes[0];
  GPid pid = 0;
  ErrorOut error;
  const gboolean started = g_spawn_async_with_pipes_and_fds(
      program.folder.empty() ? nullptr : program.folder.c_str(), arguments.get(), environment.get(),
      GSpawnFlags(G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD), set_up_child, &self, -1, pipes[1],
      pipes[1], nullptr, nullptr, 0, &pid, nullptr, nullptr, nullptr, error.out());
  close(pipes[1]);
  if (!started) {
    close(output);
    return start_error(error.operator->(), program.arguments[0]);
  }
  Child child(pid, output);
  const auto ends = std::chrono::steady_clock::now() + program.timeout;
  while (!child.has_ended()) {
    child.listen(Milliseconds(250));
    if (is_cancelled && is_cancelled())
      return Error{Errc::cancelled, "'" + program.arguments[0] + "' was stopped"};
    if (std::chrono::steady_clock::now() >= ends)
      return Error{Errc::unavailable, "'" + program.arguments[0] + "' took too long and was stopped"};
  }
  child.kill_all();
  child.drain();
  return child.result();
}

}  // namespace rec
