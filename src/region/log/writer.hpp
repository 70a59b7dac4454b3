#pragma once

#include "region/log/change_log.hpp"
#include "region/log/group.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace cloudshelf::changelog {

/// What the replicas confirmed, told by the loop, and read when trimming.
struct Replica {
    RegionName region;
    Position confirmed;
    bool overtaken = false;

    std::string encode() const;
    static Result<Replica> decode(RegionName region, std::string_view bytes);
};

/// The thread that decides and commits: what waits is decided in order, written at once with one fsync, and answered on
/// the loop with one message.
class Writer {
public:
    using Handler = boost::asio::any_completion_handler<void(Result<Written>)>;

    struct State {  // as it lies in the folder
        LogEnd end;
        LowWater low_water;
        std::vector<Replica> replicas;
    };
    Writer(io::Executor executor, std::shared_ptr<Database> database, const ChangeLog::Options* options, State state);
    /// Commits what was handed over.
    ~Writer();

    /// On the executor. Without a decision: trims.
    void submit(ChangeLog::Decision decision, Handler handler);
    /// On the executor.
    io::Task<Position> wait_beyond(Position position, io::Deadline deadline);

    // Any thread.
    Position last() const { return Position(last_.load()); }
    LowWater low_water() const;
    void confirm(const RegionName& replica, Position position);
    void hold(Position position) { held_ = position.value(); }
    std::vector<Replica> replicas() const;
    std::uint64_t log_bytes() const { return bytes_.load() - low_water().bytes; }
    std::uint64_t groups() const { return groups_.load(); }
    std::uint64_t overtaken() const { return overtaken_.load(); }
    bool needs_reopening() const { return database_->failed(); }
    bool disk_full() const { return disk_full_.load(); }
    SharedClock& clock() { return clock_; }
    void on_corrupt_entry(std::function<void(const Error&)> count) { on_corrupt_entry_ = std::move(count); }

private:
    struct Submission {
        ChangeLog::Decision decision;
        Handler handler;
        Result<Written> outcome;
    };
    /// What only the executor's handlers touch; they may outlive the writer.
    struct LoopSide {
        Writer* writer = nullptr;             // null: gone
        std::vector<Submission> handed_over;  // not given to the thread yet
        std::list<boost::asio::steady_timer*> waiters;
        bool closed = false;
        std::size_t outstanding = 0;
        std::optional<boost::asio::executor_work_guard<io::Executor>> guard;  // the loop stays while we owe an answer
    };

    void hand_over();
    void run();
    void commit(std::vector<Submission>& group);
    Result<void> may_write();
    Result<void> write(rocksdb::WriteBatch* batch);
    void answer(std::vector<Submission> group);
    Result<Written> trim();
    Result<Position> last_that(const std::function<bool(const Entry&)>& holds) const;

    io::Executor executor_;
    std::shared_ptr<Database> database_;
    const ChangeLog::Options* options_;
    SharedClock clock_;
    std::shared_ptr<LoopSide> loop_ = std::make_shared<LoopSide>();
    std::function<void(const Error&)> on_corrupt_entry_;

    // The thread's own.
    Group group_;
    LogEnd end_;
    std::optional<Error> failed_;  // for good
    TimePoint next_trim_;

    std::atomic<std::uint64_t> last_, bytes_, groups_ = 0, overtaken_ = 0;
    std::atomic<std::uint64_t> held_;
    std::atomic<bool> disk_full_ = false;

    mutable std::mutex state_mutex_;
    LowWater low_water_;
    std::vector<Replica> replicas_;
    bool replicas_changed_ = false;

    std::mutex queue_mutex_;
    std::condition_variable wake_;
    std::vector<Submission> queue_;
    bool stopping_ = false;
    std::thread thread_;  // last: it uses all of the above
};

}  // namespace cloudshelf::changelog
