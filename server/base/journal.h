// What the server tells its operator: one line an event, as text or as JSON.
//
//   2026-11-28T12:30:00.123Z WARNING slow_sync seconds=1.52
//   {"time":"2026-11-28T12:30:00.123Z","level":"warning","event":"slow_sync","seconds":1.52}

#ifndef TRAINYARD_SERVER_BASE_JOURNAL_H_
#define TRAINYARD_SERVER_BASE_JOURNAL_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace trainyard {

enum class Severity { kDebug, kInfo, kWarning, kError };
enum class JournalFormat { kText, kJson };

struct JournalField {
  std::string name;
  std::variant<std::string, int64_t, double, bool> value;
};

struct JournalOptions {
  // What is less severe is not written.
  Severity least = Severity::kInfo;
  JournalFormat format = JournalFormat::kText;

  // Lines that wait for the sink; what comes when so many wait is dropped, and a later line `lines_dropped` says how many.
  size_t most_waiting = 10'000;
};

// Thread-safe. Write never blocks: a thread of the journal's own gives the lines to the sink, in order.
class Journal {
 public:
  using Sink = std::function<void(const std::string& line)>;

  // `sink` gets each line with its line break.
  Journal(const JournalOptions& options, Sink sink);

  // Gives the sink what waits.
  ~Journal();

  // `event` is a stable name, as in `slow_sync`.
  void Write(Severity severity, std::string_view event, const std::vector<JournalField>& fields = {});

 private:
  void Run();

  const JournalOptions options_;
  const Sink sink_;
  absl::Mutex mutex_;
  std::deque<std::string> lines_ ABSL_GUARDED_BY(mutex_);
  int64_t dropped_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses all of the above
};

// One line without its break, whatever bytes the fields hold: text that is not UTF-8 has U+FFFD in place of each wrong byte.
std::string JournalLine(JournalFormat format, absl::Time time, Severity severity, std::string_view event,
                        const std::vector<JournalField>& fields);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_BASE_JOURNAL_H_
