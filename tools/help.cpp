// SPDX-License-Identifier: LGPL-2.1-or-later
// What is said about the commands: help, the manual page, the completion of bash.
#include <algorithm>
#include <cctype>

#include "tools/commands.h"

namespace rec::tool {
namespace {

constexpr const char *kExitStatus =
    "0 done, 1 something is wrong (see standard error), 2 wrong usage, 3 (explain) the push is not recorded.";

std::vector<std::string> lines_of(const std::string &text) {
  std::vector<std::string> lines;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find('\n', from), text.size());
    lines.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return lines;
}

// On one line, with single spaces.
std::string flowing(const std::string &text) {
  std::string out;
  for (const char c : text) {
    const bool is_space = c == ' ' || c == '\n';
    if (!is_space || (!out.empty() && out.back() != ' ')) out += is_space ? ' ' : c;
  }
  return out;
}

// As troff reads it as plain text.
std::string troff(const std::string &text) {
  std::string out;
  for (const char c : text) {
    if (c == '-' || c == '\\') out += '\\';
    out += c == '\\' ? 'e' : c;
  }
  return (out.starts_with('.') || out.starts_with('\'') ? "\\&" : "") + out;
}

// Words of a usage that are typed as they stand: options, or (`options` false) what is no option's value.
std::vector<std::string> typed_words(const std::string &usage, bool options) {
  std::vector<std::string> found;
  std::string word;
  int depth = 0;  // of brackets, in which options stand
  const auto end_word = [&] {
    const bool is_option = word.starts_with("--") && word.size() > 2;
    const bool is_plain =
        depth == 0 && !word.empty() && std::islower(static_cast<unsigned char>(word[0])) != 0;
    if ((options ? is_option : is_plain) && std::find(found.begin(), found.end(), word) == found.end())
      found.push_back(word);
    word.clear();
  };
  for (const char c : usage) {
    if (c == '-' || std::isalnum(static_cast<unsigned char>(c)) != 0)
      word += c;
    else
      end_word();
    depth += c == '[' ? 1 : c == ']' ? -1 : 0;
  }
  end_word();
  return found;
}

std::string joined(const std::vector<std::string> &words) {
  std::string text;
  for (const std::string &word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace

void print_help(std::FILE *out) {
  std::fputs("Usage: gst-recording-1.0 COMMAND [ARGUMENTS]\n\n", out);
  for (const Command &command : all_commands())
    std::fprintf(out, "  %s %s\n      %s\n", command.name, command.usage, command.summary);
  std::fprintf(out, "  COMMAND --help, --help, --version, --man, --completion\n\nExit status: %s\n",
               kExitStatus);
}

void print_help(std::FILE *out, const Command &command) {
  std::fprintf(out, "Usage: gst-recording-1.0 %s %s\n\n%s.\n\nExamples:\n", command.name, command.usage,
               flowing(command.summary).c_str());
  for (const std::string &line : lines_of(command.examples))
    std::fprintf(out, "  gst-recording-1.0 %s\n", line.c_str());
}

std::string manual_page() {
  std::string page =
      ".TH GST\\-RECORDING\\-1.0 1 \"\" \"gst\\-recording " REC_VERSION
      "\"\n"
      ".SH NAME\ngst\\-recording\\-1.0 \\- find, command, delete and check recordings of live streams\n"
      ".SH SYNOPSIS\n.B gst\\-recording\\-1.0\n.I COMMAND\n[\\fIARGUMENTS\\fR]\n"
      ".SH COMMANDS\n";
  for (const Command &command : all_commands()) {
    page += std::string(".TP\n.B ") + troff(command.name) + " " + troff(flowing(command.usage)) + "\n" +
            troff(flowing(command.summary)) + ".\n";
    page += ".RS\n.PP\nExamples:\n.PP\n.nf\n";
    for (const std::string &line : lines_of(command.examples))
      page += troff("gst-recording-1.0 " + line) + "\n";
    page += ".fi\n.RE\n";
  }
  return page + ".SH EXIT STATUS\n" + troff(kExitStatus) + "\n";
}

std::string bash_completion() {
  std::string names, cases;
  for (const Command &command : all_commands()) {
    names += (names.empty() ? "" : " ") + std::string(command.name);
    cases += std::string("    ") + command.name + ") options='" + joined(typed_words(command.usage, true)) +
             " --help' words='" + joined(typed_words(command.usage, false)) + "' ;;\n";
  }
  return "# bash completion for gst-recording-1.0, made by gst-recording-1.0 --completion\n"
         "_gst_recording() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} options='' words=''\n"
         "  COMPREPLY=()\n"
         "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
         "    mapfile -t COMPREPLY < <(compgen -W '" +
         names +
         " --help --version' -- \"$current\")\n"
         "    return\n"
         "  fi\n"
         "  case ${COMP_WORDS[1]} in\n" +
         cases +
         "  esac\n"
         "  case $current in\n"
         "    -*) mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$current\") ;;\n"
         "    *) [ \"$COMP_CWORD\" -ne 2 ] || mapfile -t COMPREPLY < <(compgen -W \"$words\" -- "
         "\"$current\") ;;\n"
         "  esac\n"
         "}\n"
         "complete -o default -F _gst_recording gst-recording-1.0\n";
}

}  // namespace rec::tool
