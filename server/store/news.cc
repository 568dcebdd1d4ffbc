#include "server/store/news.h"

#include <utility>

namespace trainyard {

News::News() : thread_([this] { Run(); }) {}

News::~News() { Stop(); }

void News::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void News::Subscribe(std::optional<JobKey> job, std::shared_ptr<LogObserver> observer) {
  absl::MutexLock lock(&mutex_);
  if (!job.has_value()) {
    of_all_.push_back(std::move(observer));
    return;
  }
  jobs_of_[observer.get()].push_back(*job);
  by_job_[*job].push_back(std::move(observer));
}

void News::Unsubscribe(const LogObserver* observer) {
  // Outlives the lock: an observer's destructor may do as it likes.
  Observers removed;
  const auto remove_from = [&](Observers& observers) {
    for (size_t i = 0; i < observers.size();) {
      if (observers[i].get() != observer) {
        ++i;
        continue;
      }
      std::swap(observers[i], observers.back());
      removed.push_back(std::move(observers.back()));
      observers.pop_back();
    }
  };
  absl::MutexLock lock(&mutex_);
  remove_from(of_all_);
  const auto jobs = jobs_of_.find(observer);
  if (jobs == jobs_of_.end()) return;
  for (const JobKey job : jobs->second) {
    const auto observers = by_job_.find(job);
    if (observers == by_job_.end()) continue;  // subscribed twice
    remove_from(observers->second);
    if (observers->second.empty()) by_job_.erase(observers);
  }
  jobs_of_.erase(jobs);
}

void News::Publish(JobKey job, int64_t newest) {
  absl::MutexLock lock(&mutex_);
  if (of_all_.empty() && by_job_.find(job) == by_job_.end()) return;
  latest_[job] = newest;
}

// False: stopped.
bool News::Take(Latest* latest) {
  const auto has_reason_to_wake = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !latest_.empty() || stopping_; };
  latest->clear();
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(&has_reason_to_wake));
  latest->swap(latest_);
  return !stopping_;
}

News::Observers News::ObserversOf(JobKey job) const {
  absl::MutexLock lock(&mutex_);
  Observers observers = of_all_;
  const auto more = by_job_.find(job);
  if (more != by_job_.end()) observers.insert(observers.end(), more->second.begin(), more->second.end());
  return observers;
}

void News::Run() {
  Latest latest;
  while (Take(&latest)) {
    for (const auto& [job, newest] : latest) {
      for (const std::shared_ptr<LogObserver>& observer : ObserversOf(job)) observer->OnNews(job, newest);
    }
  }
}

}  // namespace trainyard
