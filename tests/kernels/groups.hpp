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

/// Threads that run freely between syncs: ThreadSanitizer sees a missing sync as a race.
class Crew {
 public:
  Crew() = default;  ///< for counting scratch, which syncs nothing
  Crew(int rank, int threads, std::barrier<>& barrier) : rank_(rank), threads_(threads), barrier_(&barrier) {}

  int thread_rank() const { return rank_; }
  int num_threads() const { return threads_; }
  void sync() const { barrier_->arrive_and_wait(); }

  /// Runs body(group) on every thread.
  template <class Body>
  static void run(int threads, const Body& body) {
    std::barrier<> barrier(threads);
    on_threads(threads, [&](int rank) { body(Crew(rank, threads, barrier)); });
  }

 private:
  int rank_ = 0, threads_ = 1;
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
  void sync() const {
    table_->pass();
    table_->wait_for(place());
  }

  /// Runs body(group) on every thread.
  template <class Body>
  static void run(int threads, const Body& body) {
    Table table;
    table.threads = threads;
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
