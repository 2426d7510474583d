#pragma once
/// Groups of real threads to run kernels with.

#include <barrier>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "kernels/core.hpp"

namespace mdgps::kernels::testing {

/// Starts body(rank) on every thread of a group and waits for all.
template <class Body>
void on_threads(int threads, const Body& body) {
  std::vector<std::jthread> running;
  for (int rank = 0; rank < threads; ++rank) running.emplace_back([&body, rank] { body(rank); });
}

/// A group's sum(x): every thread leaves its part, waits, and adds all parts up.
template <class Group, class T>
T sum_of_parts(const Group& g, std::vector<double>& parts, T x) {
  parts[g.thread_rank()] = x;
  g.sync();  // all parts are there
  T sum{};
  for (const double part : parts) sum += static_cast<T>(part);
  g.sync();  // every thread has read the parts before the next sum overwrites them
  return sum;
}

/// Threads that run freely between syncs: ThreadSanitizer sees a missing sync as a race.
class Crew {
 public:
  Crew() = default;  ///< for counting scratch, which syncs nothing
  Crew(int rank, std::vector<double>& parts, std::barrier<>& barrier)
      : rank_(rank), parts_(&parts), barrier_(&barrier) {}

  int thread_rank() const { return rank_; }
  int num_threads() const { return parts_ ? static_cast<int>(parts_->size()) : 1; }
  void sync() const { barrier_->arrive_and_wait(); }
  template <class T>
  T sum(T x) const {
    return sum_of_parts(*this, *parts_, x);
  }

  /// Runs body(group) on every thread.
  template <class Body>
  static void run(int threads, const Body& body) {
    std::vector<double> parts(threads);
    std::barrier<> barrier(threads);
    on_threads(threads, [&](int rank) { body(Crew(rank, parts, barrier)); });
  }

 private:
  int rank_ = 0;
  std::vector<double>* parts_ = nullptr;
  std::barrier<>* barrier_ = nullptr;
};

/// Threads of which one runs at a time, from sync to sync, in the order of their ranks or against it. Where a sync is
/// missing, one of the two orders reads what another thread has yet to write, or has overwritten: the answer is wrong
/// every time, not now and then.
template <bool backward>
class Turns {
 public:
  Turns() = default;  ///< for counting scratch, which syncs nothing

  int thread_rank() const { return rank_; }
  int num_threads() const { return table_ ? table_->threads : 1; }
  template <class T>
  T sum(T x) const {
    return sum_of_parts(*this, table_->parts, x);
  }
  void sync() const {
    table_->pass();
    table_->wait_for(place());
  }

  /// Runs body(group) on every thread.
  template <class Body>
  static void run(int threads, const Body& body) {
    Table table;
    table.threads = threads;
    table.parts.resize(threads);
    on_threads(threads, [&](int rank) {
      const Turns group(rank, table);
      table.wait_for(group.place());
      body(group);
      table.pass();
    });
  }

 private:
  struct Table {
    std::mutex mutex;
    std::condition_variable changed;
    int threads = 1, turn = 0;
    std::vector<double> parts;

    void wait_for(int place) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return turn == place; });
    }
    void pass() {
      const std::lock_guard lock(mutex);
      turn = (turn + 1) % threads;
      changed.notify_all();
    }
  };

  Turns(int rank, Table& table) : rank_(rank), table_(&table) {}
  int place() const { return backward ? table_->threads - 1 - rank_ : rank_; }

  int rank_ = 0;
  Table* table_ = nullptr;
};

}  // namespace mdgps::kernels::testing
