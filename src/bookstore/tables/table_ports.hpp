#pragma once

#include "bookstore/ports.hpp"
#include "drivers/tables/client.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cloudshelf::bookstore {

/// Carts and sessions on tables. Blocks its caller, which must not be a thread of the executor; safe to call from
/// several threads.
///
/// Our region's tables are asked first, the other region's when ours do not answer or refuse for a reason of their own:
/// both take reads and writes, and all that is written says what is to be, so that a write whose answer was lost may be
/// made again at the other one. Who did not answer is passed over for a moment, so that a frozen server costs one
/// request its limit and not all of them.
class TablePorts : public Carts, public Sessions {
public:
    struct Server {
        std::string region;
        io::Endpoint endpoint;
    };
    struct Options {
        std::vector<Server> servers;  // ours first; none: every call answers "tables.unavailable"
        sigv4::Credentials credentials;
        Duration attempt_limit = std::chrono::milliseconds(700);
        Duration session_limit = std::chrono::milliseconds(150);  // what a look at a session may cost a request
        Duration pass_over = std::chrono::seconds(1);
    };
    TablePorts(io::Executor executor, Options options);
    ~TablePorts() override;

    Result<std::vector<CartLine>> lines(const std::string& user) override;
    Result<void> put(const std::string& user, const CartLine& line) override;
    Result<bool> change(const std::string& user, const CartLine& line) override;
    Result<void> remove(const std::string& user, const std::string& book_id) override;

    void opened(const Session& session) override;
    Result<void> sign_out(const Session& session) override;
    /// Our region's tables alone are asked.
    bool is_signed_out(const std::string& id) override;

    /// Whether our own region's tables answered lately.
    bool ours_answer() const;
    /// Calls that the other region's tables answered, and that nobody did.
    std::uint64_t answered_elsewhere() const { return answered_elsewhere_; }
    std::uint64_t unanswered() const { return unanswered_; }

private:
    struct Place;
    template <class T>
    using Work = std::function<io::Task<Result<T>>(tables_client::Client*, io::Deadline)>;
    template <class T>
    Result<T> wait_for(io::Task<Result<T>> task);
    template <class T>
    Result<T> at(Place& place, const Work<T>& work, Duration limit);
    template <class T>
    Result<T> anywhere(const Work<T>& work);

    io::Executor executor_;
    Options options_;
    std::vector<std::shared_ptr<Place>> places_;
    std::atomic<std::int64_t> look_at_sessions_from_ = 0;  // by io::now(), in nanoseconds
    std::atomic<std::uint64_t> answered_elsewhere_ = 0;
    std::atomic<std::uint64_t> unanswered_ = 0;
};

}  // namespace cloudshelf::bookstore
