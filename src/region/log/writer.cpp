#include "region/log/writer.hpp"

#include "base/assert.hpp"
#include "io/log.hpp"
#include "region/log/bytes.hpp"
#include "region/log/errors.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <rocksdb/convenience.h>

#include <algorithm>
#include <iterator>
#include <sys/statvfs.h>

namespace cloudshelf::changelog {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t commit_bytes_max = 8 << 20;
constexpr Duration trim_every = 1s;

std::int64_t milliseconds(Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

}  // namespace

std::string Replica::encode() const {
    ByteWriter to;
    return to.number(confirmed.value()).number(static_cast<std::uint8_t>(overtaken)).take();
}

Result<Replica> Replica::decode(RegionName region, std::string_view bytes) {
    ByteReader from(bytes);
    Replica replica{.region = std::move(region), .confirmed = Position(from.number<std::uint64_t>())};
    replica.overtaken = from.number<std::uint8_t>() != 0;
    if (!from.finished()) return fail("log.corrupt", "what a replica confirmed cannot be read");
    return replica;
}

Writer::Writer(
    io::Executor executor, std::shared_ptr<Database> database, const ChangeLog::Options* options, State state
)
    : executor_(std::move(executor)),
      database_(std::move(database)),
      options_(options),
      clock_(core::HybridClock({.site = options->site, .skew_max = options->skew_max})),
      group_(database_, &clock_, options),
      end_(state.end),
      next_trim_(io::now() + trim_every),
      last_(state.end.last.value()),
      bytes_(state.end.bytes),
      held_(options->held.value()),
      low_water_(state.low_water),
      replicas_(std::move(state.replicas)) {
    clock_.resume(state.end.clock);
    loop_->writer = this;
    thread_ = std::thread([this] { run(); });
}

Writer::~Writer() {
    hand_over();
    loop_->writer = nullptr;
    {
        const std::scoped_lock lock(queue_mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
    loop_->closed = true;
    for (auto* waiter : loop_->waiters) waiter->cancel();
}

void Writer::submit(ChangeLog::Decision decision, Handler handler) {
    if (loop_->outstanding++ == 0) loop_->guard.emplace(executor_);
    loop_->handed_over.push_back({.decision = std::move(decision), .handler = std::move(handler), .outcome = {}});
    if (loop_->handed_over.size() > 1) return;
    // Not at once: what else is ready on the loop gets into the same commit, and the thread is woken once for it all.
    asio::post(executor_, [loop = loop_] {
        if (loop->writer != nullptr) loop->writer->hand_over();
    });
}

void Writer::hand_over() {
    if (loop_->handed_over.empty()) return;
    {
        const std::scoped_lock lock(queue_mutex_);
        if (queue_.empty()) {
            queue_.swap(loop_->handed_over);
        } else {
            std::ranges::move(loop_->handed_over, std::back_inserter(queue_));
        }
    }
    loop_->handed_over.clear();
    wake_.notify_one();
}

io::Task<Position> Writer::wait_beyond(Position position, io::Deadline deadline) {
    const auto loop = loop_;
    while (last() <= position && !deadline.passed()) {
        asio::steady_timer timer(executor_, deadline.remaining());
        const auto place = loop->waiters.insert(loop->waiters.end(), &timer);
        boost::system::error_code woken;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
        loop->waiters.erase(place);
        if (woken && loop->closed) break;
    }
    co_return last();
}

void Writer::run() {
    std::vector<Submission> group;
    while (true) {
        {
            std::unique_lock lock(queue_mutex_);
            const auto until_trim = std::max(next_trim_ - io::now(), Duration::zero());
            wake_.wait_for(lock, until_trim, [&] { return stopping_ || !queue_.empty(); });
            if (stopping_ && queue_.empty()) return;
            group.swap(queue_);
        }
        if (!group.empty()) {
            commit(group);
            answer(std::move(group));
            group.clear();
        }
        if (io::now() >= next_trim_) {
            const auto trimmed = trim();
            if (!trimmed && trimmed.error().code == "log.corrupt") on_corrupt_entry_(trimmed.error());
            next_trim_ = io::now() + trim_every;
        }
    }
}

void Writer::commit(std::vector<Submission>& group) {
    auto may = may_write();
    auto next = group.begin();
    while (next != group.end()) {
        const auto begin = next;
        group_.begin(end_);
        for (; next != group.end() && group_.bytes() < commit_bytes_max; ++next) {
            if (!next->decision) continue;
            next->outcome = may ? group_.decide(next->decision, options_->wall_ms()) : fail(may.error());
        }
        if (auto* batch = group_.seal()) {
            if (const auto written = write(batch)) {
                end_ = group_.end();
                bytes_ = end_.bytes;
                last_ = end_.last.value();
                ++groups_;
            } else {
                // Some of them were refused for what others were about to write; so nobody is told anything but this.
                for (auto failed = begin; failed != next; ++failed) failed->outcome = fail(written.error());
                may = may_write();  // those behind them are not even begun
            }
        }
    }
    for (Submission& submission : group) {
        if (!submission.decision) submission.outcome = trim();
    }
}

Result<void> Writer::may_write() {
    if (failed_) {
        return fail({.code = failed_->code, .message = "refused until it is opened anew: " + failed_->message});
    }
    struct statvfs disk{};
    if (::statvfs(options_->folder.c_str(), &disk) == 0) {
        const std::uint64_t free_bytes = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
        disk_full_ = free_bytes < options_->free_bytes_min;
        if (disk_full_) return fail(too_full(free_bytes));
    }
    return {};
}

Result<void> Writer::write(rocksdb::WriteBatch* batch) {
    rocksdb::WriteOptions options;
    options.sync = options_->sync == Sync::on;
    const auto written = database_->db()->Write(options, batch);
    if (written.ok()) return {};
    Error error = error_of(written);
    error.certainty = Certainty::unknown;  // the write-ahead log may have it after all
    disk_full_ = error.code == "log.disk-full";
    if (!disk_full_) error.code = "log.failed";
    failed_ = error;  // after a failed write or fsync no later one says anything about what came before
    io::log(io::Level::error, "log.failed", {{"why", error.message}});
    return fail(std::move(error));
}

void Writer::answer(std::vector<Submission> group) {
    asio::post(executor_, [loop = loop_, answered = std::move(group)]() mutable {
        loop->outstanding -= answered.size();
        const auto guard = loop->outstanding == 0 ? std::exchange(loop->guard, std::nullopt) : std::nullopt;
        for (Submission& submission : answered) std::move(submission.handler)(std::move(submission.outcome));
        for (auto* waiter : loop->waiters) waiter->cancel();
    });
}

LowWater Writer::low_water() const {
    const std::scoped_lock lock(state_mutex_);
    return low_water_;
}

void Writer::confirm(const RegionName& region, Position position) {
    const std::scoped_lock lock(state_mutex_);
    const auto replica = std::ranges::find(replicas_, region, &Replica::region);
    if (replica == replicas_.end() || position > last()) return;
    replica->confirmed = position;
    replica->overtaken = position < low_water_.position;
    replicas_changed_ = true;
}

std::vector<Replica> Writer::replicas() const {
    const std::scoped_lock lock(state_mutex_);
    return replicas_;
}

/// The last entry for which it holds, given that it holds for all before that one; the low-water mark when for none.
Result<Position> Writer::last_that(const std::function<bool(const Entry&)>& holds) const {
    std::uint64_t yes = low_water_.position.value();
    std::uint64_t no = end_.last.value() + 1;
    std::uint64_t probe = yes + 1;  // most often nothing is to be trimmed: look there first
    while (yes + 1 < no) {
        const auto entry = read_entry(*database_, Position(probe));
        if (!entry) return fail(entry.error());
        (holds(*entry) ? yes : no) = probe;
        probe = yes + (no - yes) / 2;
    }
    return Position(yes);
}

Result<Written> Writer::trim() {
    if (database_->failed()) return fail("log.failed", "nothing is trimmed until it is opened anew");
    const std::int64_t now_ms = options_->wall_ms();
    const auto beyond = [&](Duration age, std::uint64_t bytes) {
        return last_that([this, oldest_ms = now_ms - milliseconds(age), bytes](const Entry& entry) {
            return entry.logged_at_ms < oldest_ms || end_.bytes - entry.bytes_before > bytes;
        });
    };
    const Retention& rules = options_->retention;
    const auto by_keep = beyond(rules.keep, rules.bytes_keep);
    if (!by_keep) return fail(by_keep.error());
    const auto by_limit = beyond(rules.limit, rules.bytes_limit);
    if (!by_limit) return fail(by_limit.error());

    // Only this thread changes the low-water mark, so that it can be read without the lock.
    TrimBounds bounds{
        .low_water = low_water_.position, .by_keep = *by_keep, .by_limit = *by_limit, .confirmed = end_.last
    };
    bounds.held = Position(held_.load());
    for (const Replica& replica : replicas()) {
        if (!replica.overtaken) bounds.confirmed = std::min(bounds.confirmed, replica.confirmed);
    }
    LowWater low = low_water_;
    low.position = trim_to(bounds);
    const bool moves = low.position != low_water_.position;
    if (moves) {
        const auto entry = read_entry(*database_, low.position);
        if (!entry) return fail(entry.error());
        low.checksum = entry->checksum;
        low.bytes = entry->bytes_before + encode(*entry).size();
    }

    rocksdb::WriteBatch batch;
    {
        const std::scoped_lock lock(state_mutex_);
        for (Replica& replica : replicas_) {
            if (replica.confirmed >= low.position || replica.overtaken) continue;
            replica.overtaken = true;
            ++overtaken_;
            replicas_changed_ = true;
            io::log(io::Level::warning, "log.replica-overtaken", {{"replica", replica.region.value()}});
        }
        if (!moves && !replicas_changed_) return Written{.last = low.position};
        for (const Replica& replica : replicas_) {
            const std::string key = std::string(meta::replica) + replica.region.value();
            batch.Put(database_->handle(Database::meta), key, replica.encode());
        }
        replicas_changed_ = false;
    }
    if (moves) {
        const std::string from = entry_key(Position(low_water_.position.value() + 1));
        const std::string until = entry_key(Position(low.position.value() + 1));
        batch.DeleteRange(database_->handle(Database::log), from, until);
        batch.Put(database_->handle(Database::meta), slice(meta::low_water), low.encode());
        // Told first: who reads meanwhile must not take a missing entry for a lost one.
        const std::scoped_lock lock(state_mutex_);
        low_water_ = low;
    }
    // Without a sync: what a power cut takes back is trimmed again.
    const auto written = database_->db()->Write({}, &batch);
    if (!written.ok()) return fail(error_of(written));
    if (moves) {
        const std::string until = entry_key(Position(low.position.value() + 1));
        const rocksdb::Slice end = until;
        rocksdb::DeleteFilesInRange(database_->db(), database_->handle(Database::log), nullptr, &end, false);
    }
    return Written{.last = low.position};
}

}  // namespace cloudshelf::changelog
