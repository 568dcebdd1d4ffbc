// Tells ThreadSanitizer of Abseil's locks: Debian's libraries are built without it, so it sees none of them. Linked into a program, these
// functions take the place of the library's, which they call.

#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"

// The library's function of this mangled name.
#define TRAINYARD_REAL(name, type)                                           \
  [] {                                                                       \
    static const auto real = reinterpret_cast<type>(dlsym(RTLD_NEXT, name)); \
    return real;                                                             \
  }()

namespace absl {
ABSL_NAMESPACE_BEGIN

namespace {

constexpr unsigned kWriter = 0;
constexpr unsigned kReader = __tsan_mutex_read_lock;

// Conditions that a thread checks for another while it unlocks are no accesses of its own: ThreadSanitizer leaves out all that happens
// between `pre` and `post`.
template <typename Call>
void Locked(Mutex* mutex, unsigned kind, Call call) {
  __tsan_mutex_pre_lock(mutex, kind);
  call();
  __tsan_mutex_post_lock(mutex, kind, 0);
}

template <typename Call>
void Unlocked(Mutex* mutex, unsigned kind, Call call) {
  __tsan_mutex_pre_unlock(mutex, kind);
  call();
  __tsan_mutex_post_unlock(mutex, kind);
}

// Unlocks, waits and locks.
template <typename Call>
void Awaited(Mutex* mutex, Call call) {
  Unlocked(mutex, kWriter, [] {});
  Locked(mutex, kWriter, call);
}

}  // namespace

using OnMutex = void (*)(Mutex*);
using OnCondition = void (*)(Mutex*, const Condition&);

Mutex::~Mutex() {
  __tsan_mutex_destroy(this, kWriter);
  TRAINYARD_REAL("_ZN4absl7debian35MutexD1Ev", OnMutex)(this);
}
void Mutex::Lock() {
  Locked(this, kWriter, [this] { TRAINYARD_REAL("_ZN4absl7debian35Mutex4LockEv", OnMutex)(this); });
}
void Mutex::Unlock() {
  Unlocked(this, kWriter, [this] { TRAINYARD_REAL("_ZN4absl7debian35Mutex6UnlockEv", OnMutex)(this); });
}
void Mutex::ReaderLock() {
  Locked(this, kReader, [this] { TRAINYARD_REAL("_ZN4absl7debian35Mutex10ReaderLockEv", OnMutex)(this); });
}
void Mutex::ReaderUnlock() {
  Unlocked(this, kReader, [this] { TRAINYARD_REAL("_ZN4absl7debian35Mutex12ReaderUnlockEv", OnMutex)(this); });
}
bool Mutex::TryLock() {
  __tsan_mutex_pre_lock(this, __tsan_mutex_try_lock);
  const bool locked = TRAINYARD_REAL("_ZN4absl7debian35Mutex7TryLockEv", bool (*)(Mutex*))(this);
  __tsan_mutex_post_lock(this, __tsan_mutex_try_lock | (locked ? 0 : __tsan_mutex_try_lock_failed), 0);
  return locked;
}
void Mutex::LockWhen(const Condition& condition) {
  Locked(this, kWriter, [&] {
    TRAINYARD_REAL("_ZN4absl7debian35Mutex8LockWhenERKNS0_9ConditionE", OnCondition)(this, condition);
  });
}
bool Mutex::LockWhenWithTimeout(const Condition& condition, Duration timeout) {
  return LockWhenWithDeadline(condition, Now() + timeout);
}
bool Mutex::LockWhenWithDeadline(const Condition& condition, Time deadline) {
  using Real = bool (*)(Mutex*, const Condition&, Time);
  bool held = false;
  Locked(this, kWriter, [&] {
    held = TRAINYARD_REAL("_ZN4absl7debian35Mutex20LockWhenWithDeadlineERKNS0_9ConditionENS0_4TimeE", Real)(
        this, condition, deadline);
  });
  return held;
}
void Mutex::Await(const Condition& condition) {
  Awaited(this, [&] {
    TRAINYARD_REAL("_ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE", OnCondition)(this, condition);
  });
}
bool Mutex::AwaitWithTimeout(const Condition& condition, Duration timeout) {
  return AwaitWithDeadline(condition, Now() + timeout);
}
bool Mutex::AwaitWithDeadline(const Condition& condition, Time deadline) {
  using Real = bool (*)(Mutex*, const Condition&, Time);
  bool held = false;
  Awaited(this, [&] {
    held = TRAINYARD_REAL("_ZN4absl7debian35Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE", Real)(
        this, condition, deadline);
  });
  return held;
}

void CondVar::Wait(Mutex* mutex) {
  Awaited(mutex, [&] {
    TRAINYARD_REAL("_ZN4absl7debian37CondVar4WaitEPNS0_5MutexE", void (*)(CondVar*, Mutex*))(this, mutex);
  });
}
bool CondVar::WaitWithTimeout(Mutex* mutex, Duration timeout) { return WaitWithDeadline(mutex, Now() + timeout); }
bool CondVar::WaitWithDeadline(Mutex* mutex, Time deadline) {
  using Real = bool (*)(CondVar*, Mutex*, Time);
  bool late = false;
  Awaited(mutex, [&] {
    late = TRAINYARD_REAL("_ZN4absl7debian37CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE", Real)(this, mutex,
                                                                                                     deadline);
  });
  return late;
}

void Notification::Notify() {
  __tsan_release(this);
  TRAINYARD_REAL("_ZN4absl7debian312Notification6NotifyEv", void (*)(Notification*))(this);
}
void Notification::WaitForNotification() const {
  TRAINYARD_REAL("_ZNK4absl7debian312Notification19WaitForNotificationEv", void (*)(const Notification*))(this);
  __tsan_acquire(const_cast<Notification*>(this));
}
bool Notification::WaitForNotificationWithTimeout(Duration timeout) const {
  using Real = bool (*)(const Notification*, Duration);
  const bool notified = TRAINYARD_REAL("_ZNK4absl7debian312Notification30WaitForNotificationWithTimeoutENS0_8DurationE",
                                       Real)(this, timeout);
  __tsan_acquire(const_cast<Notification*>(this));
  return notified;
}

bool BlockingCounter::DecrementCount() {
  __tsan_release(this);
  return TRAINYARD_REAL("_ZN4absl7debian315BlockingCounter14DecrementCountEv", bool (*)(BlockingCounter*))(this);
}
void BlockingCounter::Wait() {
  TRAINYARD_REAL("_ZN4absl7debian315BlockingCounter4WaitEv", void (*)(BlockingCounter*))(this);
  __tsan_acquire(this);
}

ABSL_NAMESPACE_END
}  // namespace absl
