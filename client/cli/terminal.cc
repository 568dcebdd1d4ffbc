#include "client/cli/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"

namespace trainyard::cli {
namespace {

constexpr std::array<int, 3> kSignals = {SIGINT, SIGTERM, SIGHUP};

// Signal handlers can reach nothing but globals. Written by handlers and Wake, read by Wait.
int interrupt_pipe[2] = {-1, -1};
struct sigaction previous_actions[kSignals.size()];

void WriteByte(char byte) {
  const int saved = errno;
  // A full pipe wakes as well as another byte would.
  [[maybe_unused]] const ssize_t written = write(interrupt_pipe[1], &byte, 1);
  errno = saved;
}

void OnSignal(int) { WriteByte('!'); }

}  // namespace

TerminalSize CurrentTerminalSize() {
  winsize size = {};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

bool IsCapableTerminal(int descriptor) {
  const char* kind = std::getenv("TERM");
  return isatty(descriptor) == 1 && kind != nullptr && absl::string_view(kind) != "dumb";
}

bool ColoursWanted() {
  const char* refused = std::getenv("NO_COLOR");
  return refused == nullptr || *refused == '\0';
}

Screen::Screen(std::ostream& out, bool colours) : out_(out), colours_(colours) {
  // The other screen, no cursor, no wrapping at the right edge.
  out_ << "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J" << std::flush;
}

Screen::~Screen() { out_ << "\x1b[?7h\x1b[?25h\x1b[?1049l" << std::flush; }

void Screen::Draw(const std::vector<StyledLine>& lines) {
  std::string frame = "\x1b[H";
  if (lines.size() != line_count_) frame += "\x1b[2J";
  line_count_ = lines.size();
  for (size_t i = 0; i < lines.size(); ++i) {
    // Cleared before it is written: behind a full line the cursor still stands on its last character.
    frame += i > 0 ? "\r\n\x1b[2K" : "\x1b[2K";
    frame += colours_ ? lines[i].Coloured() : lines[i].Text();
  }
  out_ << frame << std::flush;
}

Interrupts::Interrupts() {
  if (pipe2(interrupt_pipe, O_CLOEXEC | O_NONBLOCK) != 0) return;
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &action, &previous_actions[i]);
}

Interrupts::~Interrupts() {
  for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &previous_actions[i], nullptr);
  for (int& end : interrupt_pipe) {
    close(end);
    end = -1;
  }
}

bool Interrupts::Wait(absl::Duration timeout) {
  pollfd descriptor = {interrupt_pipe[0], POLLIN, 0};
  poll(&descriptor, 1, static_cast<int>(absl::ToInt64Milliseconds(timeout)));
  std::array<char, 256> bytes;
  ssize_t count = 0;
  while ((count = read(interrupt_pipe[0], bytes.data(), bytes.size())) > 0) {
    interrupted_ = interrupted_ ||
                   absl::string_view(bytes.data(), static_cast<size_t>(count)).find('!') != absl::string_view::npos;
  }
  return interrupted_;
}

void Interrupts::Wake() { WriteByte('.'); }

}  // namespace trainyard::cli
