#include "core/base/crew.h"

#include <immintrin.h>

#include <bit>
#include <chrono>
#include <thread>

namespace trainyard {
namespace {

constexpr std::chrono::microseconds kPatience(100);
constexpr int kPausesBetweenLooks = 4;
constexpr int kPausesBeforeYield = 2000;

}  // namespace

Crew::Round Crew::Round::Of(uint64_t word) {
  constexpr uint64_t kMask = (uint64_t{1} << kCountBits) - 1;
  return {.number = word >> (2 * kCountBits), .count = word >> kCountBits & kMask, .next = word & kMask};
}

uint64_t Crew::Round::word() const { return number << (2 * kCountBits) | count << kCountBits | next; }

void Crew::ForEach(int64_t count, Task task) {
  const Round last = Round::Of(round_.load(std::memory_order_relaxed));
  task_ = &task;
  done_.store(0, std::memory_order_relaxed);
  const Round round{.number = last.number + 1, .count = static_cast<uint64_t>(count), .next = 0};
  round_.store(round.word(), std::memory_order_release);
  if (std::popcount(members_.load(std::memory_order_relaxed)) < size()) call_();
  while (DoNextPart(0)) {
  }
  for (int pauses = 0; done_.load(std::memory_order_acquire) < count; ++pauses) {
    pauses < kPausesBeforeYield ? _mm_pause() : std::this_thread::yield();
  }
}

bool Crew::DoNextPart(int member) {
  uint64_t word = round_.load(std::memory_order_acquire);
  Round round = Round::Of(word);
  while (round.next < round.count) {
    if (round_.compare_exchange_weak(word, word + 1, std::memory_order_acquire)) {
      // The round can't end before this part is done, so its task is still there.
      (*task_)(static_cast<int64_t>(round.next), member);
      done_.fetch_add(1, std::memory_order_release);
      return true;
    }
    round = Round::Of(word);
  }
  return false;
}

int Crew::Join() {
  uint32_t members = members_.load(std::memory_order_relaxed);
  while (true) {
    const int member = std::countr_one(members);
    if (member >= size()) return -1;
    if (members_.compare_exchange_weak(members, members | uint32_t{1} << member, std::memory_order_acquire)) {
      return member;
    }
  }
}

void Crew::Leave(int member) { members_.fetch_and(~(uint32_t{1} << member), std::memory_order_release); }

void Crew::Help(absl::FunctionRef<bool()> leave) {
  const int member = Join();
  if (member < 0) return;
  auto idle_since = std::chrono::steady_clock::now();
  while (!leave()) {
    if (DoNextPart(member)) {
      idle_since = std::chrono::steady_clock::now();
      continue;
    }
    for (int i = 0; i < kPausesBetweenLooks; ++i) _mm_pause();
    if (std::chrono::steady_clock::now() - idle_since > kPatience) break;
  }
  Leave(member);
}

}  // namespace trainyard
