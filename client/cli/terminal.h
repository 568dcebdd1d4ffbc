// The terminal: what it can show, its size, a full-screen picture, and Ctrl-C.

#ifndef TRAINYARD_CLIENT_CLI_TERMINAL_H_
#define TRAINYARD_CLIENT_CLI_TERMINAL_H_

#include <cstddef>
#include <ostream>
#include <vector>

#include "absl/time/time.h"
#include "client/cli/styled_text.h"

namespace trainyard::cli {

struct TerminalSize {
  int width = 80;
  int height = 24;
};

// Of the terminal at standard output now; 80x24 where it does not say.
TerminalSize CurrentTerminalSize();

// Whether a descriptor is a terminal that understands escape sequences.
bool IsCapableTerminal(int descriptor);

// Whether colours are wanted: no NO_COLOR in the environment.
bool ColoursWanted();

// Draws pictures on the terminal's other screen and gives the first one back in the end, with the cursor.
class Screen {
 public:
  Screen(std::ostream& out, bool colours);
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  void Draw(const std::vector<StyledLine>& lines);

 private:
  std::ostream& out_;
  const bool colours_;
  size_t line_count_ = 0;
};

// While it lives, Ctrl-C and SIGTERM do not end the process but end Wait. One at a time.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  // Returns after `timeout`, a Wake or an interrupt; whether there has been an interrupt since the beginning.
  bool Wait(absl::Duration timeout);

  // From any thread.
  void Wake();

 private:
  bool interrupted_ = false;
};

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_TERMINAL_H_
