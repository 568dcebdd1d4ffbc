// Several threads on one piece of work that falls into parts: its owner's, and helpers that come when they have nothing else to do.
//
// Parts are claimed one by one, so a thread that is held up holds up one part; who does which part is chance, so no result may depend on it.
// Nobody sleeps here: the owner waits for parts under way, which are short; a helper for whom nothing comes goes away again.

#ifndef TRAINYARD_CORE_BASE_CREW_H_
#define TRAINYARD_CORE_BASE_CREW_H_

#include <atomic>
#include <cstdint>
#include <functional>

#include "absl/functional/function_ref.h"

namespace trainyard {

class Crew {
 public:
  // task(part, member): `member` in [0, size()) tells apart the threads that are at work at the same time.
  using Task = absl::FunctionRef<void(int64_t part, int member)>;

  // `call` asks for one more helper, who may come or not. It must be quick and is called often.
  Crew(int most_helpers, std::function<void()> call) : most_helpers_(most_helpers), call_(std::move(call)) {}
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  int size() const { return most_helpers_ + 1; }

  // Calls task for every part in [0, count), each once, and returns when all are done. Only on the owner's thread, not from within a task;
  // count below 2^20. Tasks see what was written before; what they wrote is seen by what follows.
  void ForEach(int64_t count, Task task);

  // On another thread: helps with what ForEach has to do, until `leave()`, which is asked between parts, or until nothing has come for about
  // 100 us. Returns at once where there are enough helpers. The crew must outlive the call.
  void Help(absl::FunctionRef<bool()> leave);

 private:
  // The number of the ForEach, how many parts it has, and the next one to claim, in one word, so that nobody claims a part of another.
  struct Round {
    static constexpr int kCountBits = 20;

    static Round Of(uint64_t word);
    uint64_t word() const;

    uint64_t number;  // modulo 2^24
    uint64_t count;
    uint64_t next;
  };

  // Claims a part of the round under way and does it. False: none is left.
  bool DoNextPart(int member);
  int Join();
  void Leave(int member);

  const int most_helpers_;
  const std::function<void()> call_;
  const Task* task_ = nullptr;  // of the round; written before the round begins
  alignas(64) std::atomic<uint64_t> round_ = 0;
  alignas(64) std::atomic<int64_t> done_ = 0;
  std::atomic<uint32_t> members_ = 1;  // a bit for each thread at work
};

// The same where there may be no crew: then on this thread, in order, as member 0.
inline void ForEachPart(Crew* crew, int64_t count, Crew::Task task) {
  if (crew != nullptr && count > 1) return crew->ForEach(count, task);
  for (int64_t part = 0; part < count; ++part) task(part, 0);
}

}  // namespace trainyard

#endif  // TRAINYARD_CORE_BASE_CREW_H_
