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
#include <cstdlib>

#include "core/base/glib_ptr.h"
#include "core/io/files.h"

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

struct Pipe {
  int read_end = -1, write_end = -1;
  static Result<Pipe> open() {
    int ends[2] = {-1, -1};
    if (pipe2(ends, O_CLOEXEC) != 0) return error_of_errno(errno, "opening", "a pipe");
    return Pipe{ends[0], ends[1]};
  }
};

void lead_group(gpointer) { setpgid(0, 0); }  // between fork and exec, like set_up_child

// A process group whose leader kills it when this process dies, of whatever: what a program has started would
// live on, for PR_SET_PDEATHSIG is the program's alone. It is there before any program is.
class Group {
 public:
  Group() = default;
  Group(const Group &) = delete;
  Group &operator=(const Group &) = delete;
  ~Group() {
    if (leader_ == 0) return;
    kill_all();
    waitpid(leader_, nullptr, 0);
    close(alive_);
  }

  Status start() {
    REC_TRY(const Pipe pipe, Pipe::open());
    const Strings arguments =
        strings_of({"/bin/sh", "-c", "trap '' HUP INT QUIT TERM; read end; kill -s KILL 0"});
    const Strings nothing = strings_of({});
    constexpr auto kFlags =
        GSpawnFlags(G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL);
    ErrorOut error;
    const gboolean started = g_spawn_async_with_pipes_and_fds(
        nullptr, arguments.get(), nothing.get(), kFlags, lead_group, nullptr, pipe.read_end, -1, -1, nullptr,
        nullptr, 0, &leader_, nullptr, nullptr, nullptr, error.out());
    close(pipe.read_end);
    alive_ = pipe.write_end;
    if (started) return ok();
    close(alive_);
    return Error{Errc::unavailable, std::string("cannot start '/bin/sh': ") + error->message};
  }
  GPid id() const { return leader_; }  // it stays ours until the leader is waited for
  void kill_all() const { ::kill(-leader_, SIGKILL); }

 private:
  GPid leader_ = 0;
  int alive_ = -1;  // nobody else has this end of its standard input
};

struct Setup {
  const ChildProgram *program;
  GPid group;
};

// Between fork and exec: only what is safe there.
void set_up_child(gpointer of) {
  const auto &[program, group] = *static_cast<const Setup *>(of);
  if (setpgid(0, group) != 0) _exit(EXIT_FAILURE);  // somebody has killed the leader
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  limit(RLIMIT_CORE, 0);
  if (program->most_file_bytes > 0) limit(RLIMIT_FSIZE, program->most_file_bytes);
  if (program->nice != 0) setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + program->nice);
}

class Child {
 public:
  Child(const Group &group, GPid pid, int output) : group_(group), pid_(pid), output_(output) {}
  Child(const Child &) = delete;
  Child &operator=(const Child &) = delete;
  ~Child() {
    group_.kill_all();
    if (!reaped_) waitpid(pid_, &status_, 0);
    close(output_);
  }

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
    if (reaped_) return true;
    const pid_t found = waitpid(pid_, &status_, WNOHANG);
    is_lost_ = found < 0 && errno == ECHILD;
    reaped_ = found == pid_ || is_lost_;
    return reaped_;
  }
  bool is_lost() const { return is_lost_; }  // somebody else was told how it ended
  ChildResult result() {
    if (said_.size() > kMostOutput) said_.erase(0, said_.size() - kMostOutput);
    return {WIFEXITED(status_) ? WEXITSTATUS(status_) : -1, std::move(said_)};
  }

 private:
  const Group &group_;
  const GPid pid_;
  const int output_;
  std::string said_;
  bool is_open_ = true;
  bool reaped_ = false;
  bool is_lost_ = false;
  int status_ = 0;
};

Error start_error(const GError *error, const std::string &program) {
  const bool is_missing = g_error_matches(error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  return {is_missing ? Errc::not_found : Errc::denied,
          "cannot start '" + program + "': " + (error ? error->message : "unknown reason")};
}

// Its process, whose words come out of `output`.
Result<GPid> start(const ChildProgram &program, const Group &group, int output) {
  const Strings arguments = strings_of(program.arguments), environment = environment_of(program);
  Setup setup{&program, group.id()};
  std::vector<int> numbers;
  for (std::size_t i = 0; i < program.files.size(); ++i) numbers.push_back(static_cast<int>(3 + i));
  GPid pid = 0;
  ErrorOut error;
  const gboolean started = g_spawn_async_with_pipes_and_fds(
      program.folder.empty() ? nullptr : program.folder.c_str(), arguments.get(), environment.get(),
      GSpawnFlags(G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD), set_up_child, &setup, -1, output, output,
      program.files.data(), numbers.data(), numbers.size(), &pid, nullptr, nullptr, nullptr, error.out());
  if (!started) return start_error(error.operator->(), program.arguments[0]);
  return pid;
}

}  // namespace

Result<ChildResult> run_child(const ChildProgram &program, const std::function<bool()> &is_cancelled) {
  if (program.arguments.empty()) return Error{Errc::invalid_argument, "there is no program to be run"};
  const std::string name = "'" + program.arguments[0] + "'";
  Group group;
  REC_CHECK(group.start());
  REC_TRY(const Pipe output, Pipe::open());
  const auto pid = start(program, group, output.write_end);
  close(output.write_end);
  if (!pid) {
    close(output.read_end);
    return pid.error();
  }
  Child child(group, *pid, output.read_end);
  const auto ends = std::chrono::steady_clock::now() + program.timeout;
  while (!child.has_ended()) {
    child.listen(Milliseconds(250));
    if (is_cancelled && is_cancelled()) return Error{Errc::cancelled, name + " was stopped"};
    if (std::chrono::steady_clock::now() >= ends)
      return Error{Errc::unavailable, name + " took too long and was stopped"};
  }
  group.kill_all();
  child.drain();
  if (child.is_lost())
    return Error{Errc::unavailable, "how " + name + " ended is not known: this process ignores SIGCHLD"};
  return child.result();
}

}  // namespace rec
