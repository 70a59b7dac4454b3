#pragma once

#include "io/task.hpp"
#include "region/functions/event.hpp"
#include "region/functions/event_queue.hpp"

#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::functions {

class Service;

/// Tries the queue's events when they are due, so many at a time. An event that was being tried when the program ended
/// is tried again at the next start. Lives on one executor.
class Dispatcher {
public:
    explicit Dispatcher(Service& service);

    /// Goes on until the service stops.
    static io::Task<void> run(Dispatcher* self);
    /// Something was queued, or the service stops.
    void wake();

    /// Ended events by how they ended: "Success", "RetriesExhausted", "EventAgeExceeded", "Dropped" (there was nobody
    /// left to tell).
    const std::map<std::string, std::uint64_t, std::less<>>& ended() const { return ended_; }
    std::size_t in_progress() const { return in_progress_.size(); }

private:
    /// What came of a try, and who is to be told of it when it was the last.
    struct Tried {
        Verdict verdict = Verdict::no_room;
        RetryTerms terms;
        Ending ending;
        std::vector<std::string> tell_of_failure;  // destinations
        std::vector<std::string> tell_of_success;
    };
    std::string arn_as_invoked(const Event& event) const;
    Tried prepare(const Event& event, const Function& function, const Version& version) const;
    io::Task<void> wait_until(std::int64_t due_ms);
    io::Task<void> try_one(Due due);
    io::Task<void> invoke(Due due);
    io::Task<void> deliver(Due due);
    io::Task<void> conclude(Due due, Tried tried);
    io::Task<void> replace(Due gone, std::vector<Due> with);

    Service& service_;
    boost::asio::steady_timer bell_;
    bool rung_ = false;
    std::set<std::string> in_progress_;  // places
    std::map<std::string, std::uint64_t, std::less<>> ended_;
};

}  // namespace cloudshelf::functions
