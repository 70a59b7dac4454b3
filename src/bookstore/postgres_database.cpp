#include "bookstore/postgres_database.hpp"

#include "bookstore/embedded.hpp"
#include "io/clock.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <poll.h>
#include <set>

namespace cloudshelf::bookstore {

namespace {

struct FreeResult {
    void operator()(PGresult* result) const { PQclear(result); }
};
using QueryResult = std::unique_ptr<PGresult, FreeResult>;

Error unavailable(std::string message) {
    return {.code = "db.unavailable", .message = std::move(message), .retryable = true};
}

/// What a refusal means for us.
Error refused(const PGresult* result) {
    const char* field = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const std::string_view state = field != nullptr ? field : "";
    std::string message = PQresultErrorMessage(result);
    // 25006: a standby, or a server on its way down. 57P0x: shutting down, crashed, starting. 08: connection.
    if (state == "25006" || state.starts_with("57P0") || state.starts_with("08") || state.empty()) {
        return unavailable(std::move(message));
    }
    const bool busy = state == "55P03" || state == "57014" || state == "40001" || state == "40P01" || state == "53300";
    if (busy) return {.code = "db.busy", .message = std::move(message), .retryable = true};
    if (state == "23505") return {.code = "db.duplicate", .message = std::move(message)};
    if (state == "23503") return {.code = "db.missing-reference", .message = std::move(message)};
    return {.code = "db.failed", .message = std::move(message)};
}

/// One session. Nothing here waits longer than its deadline, whatever the server does: a server that is stopped or cut
/// off answers nothing, not even to its own statement_timeout.
class Connection {
public:
    explicit Connection(PGconn* raw) : raw_(raw) { PQsetNoticeReceiver(raw_, &Connection::noticed, this); }
    ~Connection() { PQfinish(raw_); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    static Result<std::unique_ptr<Connection>> open(
        const PostgresServer& server, const PostgresOptions& options, Duration limit
    );

    bool usable() const { return !broken_ && PQstatus(raw_) == CONNECTION_OK; }
    bool in_transaction() const { return PQtransactionStatus(raw_) != PQTRANS_IDLE; }

    Result<QueryResult> run(const char* text, Duration limit) {
        if (PQsendQuery(raw_, text) == 0) return lost();
        return finish(limit);
    }

    Result<Rows> run(const Statement& statement, const std::vector<Value>& parameters, Duration limit) {
        const std::string name = statement.name;
        if (name.empty() || !prepared_.contains(name)) {
            if (PQsendPrepare(raw_, statement.name, statement.text, 0, nullptr) == 0) return fail(lost().error());
            const auto prepared = finish(limit);
            if (!prepared) return fail(prepared.error());
            prepared_.insert(name);
        }
        std::vector<const char*> values;
        for (const auto& value : parameters) values.push_back(value ? value->c_str() : nullptr);
        const int count = static_cast<int>(values.size());
        if (PQsendQueryPrepared(raw_, statement.name, count, values.data(), nullptr, nullptr, 0) == 0) {
            return fail(lost().error());
        }
        const auto result = finish(limit);
        if (!result) return fail(result.error());
        Rows rows(static_cast<std::size_t>(PQntuples(result->get())));
        const int columns = PQnfields(result->get());
        for (std::size_t r = 0; r < rows.size(); ++r) {
            for (int c = 0; c < columns; ++c) {
                const int row = static_cast<int>(r);
                if (PQgetisnull(result->get(), row, c) != 0) {
                    rows[r].emplace_back();
                } else {
                    const auto length = static_cast<std::size_t>(PQgetlength(result->get(), row, c));
                    rows[r].emplace_back(std::string(PQgetvalue(result->get(), row, c), length));
                }
            }
        }
        return rows;
    }

    Commit commit(Duration limit) {
        warned_ = false;
        const auto result = run("COMMIT", limit);
        if (!result) {
            // An error from a server that is still there is a refusal; anything else may have happened after the
            // commit.
            return usable() && !warned_ ? Commit::not_done : Commit::unknown;
        }
        // A cancelled wait for the standby is a success with a warning: committed here, and perhaps nowhere else.
        if (warned_) return Commit::unknown;
        return std::strcmp(PQcmdStatus(result->get()), "COMMIT") == 0 ? Commit::done : Commit::not_done;
    }

private:
    static void noticed(void* self, const PGresult* notice) {
        const char* severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
        if (severity != nullptr && std::strcmp(severity, "WARNING") == 0)
            static_cast<Connection*>(self)->warned_ = true;
    }

    std::unexpected<Error> lost() {
        broken_ = true;
        return fail(unavailable(PQerrorMessage(raw_)));
    }

    bool wait(short events, const io::Deadline& deadline) {
        pollfd socket{.fd = PQsocket(raw_), .events = events, .revents = 0};
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.remaining());
        return socket.fd >= 0 && poll(&socket, 1, static_cast<int>(left.count())) > 0;
    }

    Result<QueryResult> finish(Duration limit) {
        const auto deadline = io::Deadline::after(limit);
        QueryResult last;
        for (;;) {
            for (;;) {
                const int unsent = PQflush(raw_);
                if (unsent < 0) return lost();
                if (unsent == 0 && PQisBusy(raw_) == 0) break;
                if (!wait(unsent > 0 ? POLLIN | POLLOUT : POLLIN, deadline)) {
                    broken_ = true;
                    return fail(unavailable("the database did not answer in time"));
                }
                if (PQconsumeInput(raw_) == 0) return lost();
            }
            QueryResult next(PQgetResult(raw_));
            if (!next) break;
            const auto status = PQresultStatus(next.get());
            const bool is_error = status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK;
            const bool had_error = last && PQresultStatus(last.get()) == PGRES_FATAL_ERROR;
            if (is_error || !had_error) last = std::move(next);
        }
        if (!last) return lost();
        const auto status = PQresultStatus(last.get());
        if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return last;
        auto error = refused(last.get());
        // A standby's session is kept: it can write as soon as its server is promoted.
        const char* state = PQresultErrorField(last.get(), PG_DIAG_SQLSTATE);
        const bool read_only = state != nullptr && std::strcmp(state, "25006") == 0;
        if (error.code == "db.unavailable" && !read_only) broken_ = true;
        return fail(std::move(error));
    }

    PGconn* raw_;
    std::set<std::string> prepared_;
    bool broken_ = false;
    bool warned_ = false;
};

Result<std::unique_ptr<Connection>> Connection::open(
    const PostgresServer& server, const PostgresOptions& options, Duration limit
) {
    const auto port = std::to_string(server.port);
    const auto timeout = std::chrono::duration_cast<std::chrono::milliseconds>(options.statement_limit).count();
    const auto settings = fmt::format(
        "-c statement_timeout={} -c lock_timeout={} -c idle_in_transaction_session_timeout=10000 "
        "-c synchronous_commit=local -c client_min_messages=warning",
        timeout,
        timeout / 2
    );
    const bool tls = !server.certificate_name.empty();
    const char* const keys[] = {
        "host",
        "hostaddr",
        "sslmode",
        "sslrootcert",
        "ssl_min_protocol_version",
        "port",
        "dbname",
        "user",
        "password",
        "application_name",
        "options",
        "gssencmode",
        "tcp_user_timeout",
        nullptr
    };
    const char* const values[] = {
        tls ? server.certificate_name.c_str() : server.host.c_str(),
        tls ? server.host.c_str() : nullptr,
        tls ? "verify-full" : "disable",
        tls ? server.ca_file.c_str() : nullptr,
        tls ? "TLSv1.3" : nullptr,
        port.c_str(),
        options.database.c_str(),
        options.user.c_str(),
        options.password.empty() ? nullptr : options.password.c_str(),
        options.application.c_str(),
        settings.c_str(),
        "disable",
        "3000",
        nullptr
    };
    PGconn* raw = PQconnectStartParams(keys, values, 0);
    if (raw == nullptr) return fail(unavailable("no memory for a connection"));
    auto connection = std::make_unique<Connection>(raw);
    const auto deadline = io::Deadline::after(limit);
    for (auto state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK; state = PQconnectPoll(raw)) {
        if (state == PGRES_POLLING_FAILED || PQstatus(raw) == CONNECTION_BAD) {
            return fail(unavailable(PQerrorMessage(raw)));
        }
        if (!connection->wait(state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline)) {
            return fail(unavailable(fmt::format("no connection to {}:{} in time", server.host, server.port)));
        }
    }
    PQsetnonblocking(raw, 1);
    return connection;
}

}  // namespace

struct PostgresPool::Impl {
    PostgresServer server;
    PostgresOptions options;
    std::mutex mutex;
    std::condition_variable freed;
    std::vector<std::unique_ptr<Connection>> idle;
    std::size_t count = 0;  // idle and lent
    std::unique_ptr<Connection> watcher;

    /// The server's own limit comes first, so that what it answers is known here.
    Duration limit() const { return options.statement_limit + std::chrono::milliseconds(500); }

    Result<std::unique_ptr<Connection>> take() {
        std::unique_lock lock(mutex);
        const auto free = [&] { return !idle.empty() || count < options.connections_max; };
        if (!freed.wait_for(lock, options.connect_limit, free)) {
            return fail(unavailable("all connections are in use"));
        }
        if (!idle.empty()) {
            auto connection = std::move(idle.back());
            idle.pop_back();
            return connection;
        }
        ++count;
        lock.unlock();
        auto opened = Connection::open(server, options, options.connect_limit);
        if (!opened) {
            lock.lock();
            --count;
            freed.notify_one();
        }
        return opened;
    }

    void give_back(std::unique_ptr<Connection> connection) {
        std::vector<std::unique_ptr<Connection>> dropped;  // closed outside the lock
        const std::scoped_lock lock(mutex);
        if (connection->usable() && !connection->in_transaction()) {
            idle.push_back(std::move(connection));
        } else {
            // The server went away or changed: the idle ones are most likely as dead as this one.
            dropped.swap(idle);
            count -= dropped.size() + 1;
            dropped.push_back(std::move(connection));
        }
        freed.notify_all();
    }
};

PostgresPool::PostgresPool(PostgresServer server, PostgresOptions options) : impl_(std::make_unique<Impl>()) {
    impl_->server = std::move(server);
    impl_->options = std::move(options);
}
PostgresPool::~PostgresPool() = default;

const std::string& PostgresPool::region() const {
    return impl_->server.region;
}

Result<void> PostgresPool::warm(std::size_t count) {
    for (;;) {
        {
            const std::scoped_lock lock(impl_->mutex);
            if (impl_->idle.size() >= count || impl_->count >= impl_->options.connections_max) return {};
            ++impl_->count;
        }
        auto opened = Connection::open(impl_->server, impl_->options, impl_->options.connect_limit);
        const std::scoped_lock lock(impl_->mutex);
        if (!opened) {
            --impl_->count;
            return fail(opened.error());
        }
        impl_->idle.push_back(std::move(*opened));
        impl_->freed.notify_one();
    }
}

Result<PostgresPool::Role> PostgresPool::role(Duration limit) {
    constexpr Statement in_recovery{"in_recovery", "SELECT pg_is_in_recovery()"};
    auto& watcher = impl_->watcher;
    if (!watcher || !watcher->usable()) {
        watcher.reset();
        auto opened = Connection::open(impl_->server, impl_->options, limit);
        if (!opened) return fail(opened.error());
        watcher = std::move(*opened);
    }
    const auto rows = watcher->run(in_recovery, {}, limit);
    if (!rows) {
        watcher.reset();
        return fail(rows.error());
    }
    return rows->at(0).at(0) == "t" ? Role::standby : Role::primary;
}

namespace {

class PostgresTransaction : public Transaction {
public:
    PostgresTransaction(PostgresPool::Impl& pool, std::unique_ptr<Connection> connection)
        : pool_(pool), connection_(std::move(connection)) {}
    ~PostgresTransaction() override {
        if (connection_->usable() && connection_->in_transaction()) {
            [[maybe_unused]] const auto ended = connection_->run("ROLLBACK", pool_.limit());
        }
        pool_.give_back(std::move(connection_));
    }
    Result<Rows> query(const Statement& statement, const std::vector<Value>& parameters) override {
        return connection_->run(statement, parameters, pool_.limit());
    }
    Commit commit() override { return connection_->commit(pool_.limit()); }

private:
    PostgresPool::Impl& pool_;
    std::unique_ptr<Connection> connection_;
};

}  // namespace

PostgresDatabase::PostgresDatabase(PostgresPool* writer, std::vector<PostgresPool*> readers)
    : writer_(writer), readers_(std::move(readers)) {}

Result<std::unique_ptr<Transaction>> PostgresDatabase::begin(Durability durability) {
    if (writer_ == nullptr) return fail(unavailable("no writer is known"));
    auto& pool = writer_->impl();
    auto taken = pool.take();
    if (!taken) return fail(taken.error());
    const bool synchronous = durability == Durability::synchronous;
    const auto begun = (*taken)->run(
        synchronous ? "BEGIN; SET LOCAL synchronous_commit = on" : "BEGIN; SET LOCAL synchronous_commit = local",
        pool.limit()
    );
    auto transaction = std::make_unique<PostgresTransaction>(pool, std::move(*taken));
    if (!begun) return fail(begun.error());
    return transaction;
}

Result<Rows> PostgresDatabase::read(
    Freshness freshness, const Statement& statement, const std::vector<Value>& parameters
) {
    std::vector<PostgresPool*> order;
    if (freshness == Freshness::newest && writer_ != nullptr) order.push_back(writer_);
    for (auto* reader : readers_) {
        if (reader != writer_ || order.empty()) order.push_back(reader);
    }
    Result<Rows> answer = fail(unavailable("no database is known"));
    for (auto* reader : order) {
        auto& pool = reader->impl();
        // Twice: the first connection may be one that died with the server while it was idle.
        for (int attempt = 0; attempt < 2; ++attempt) {
            auto taken = pool.take();
            if (!taken) {
                answer = fail(taken.error());
                break;
            }
            answer = (*taken)->run(statement, parameters, pool.limit());
            pool.give_back(std::move(*taken));
            if (answer || !answer.error().retryable) return answer;
        }
    }
    return answer;
}

Result<void> schema_migrate(PostgresPool& pool) {
    auto taken = pool.impl().take();
    if (!taken) return fail(taken.error());
    // The lock keeps two that start at once from creating the same thing; it goes with the transaction.
    const auto script = std::string("BEGIN; SELECT pg_advisory_xact_lock(20260712);\n") + embedded::schema + "COMMIT;";
    const auto done = (*taken)->run(script.c_str(), std::chrono::seconds(30));
    if (!done && (*taken)->usable()) {
        [[maybe_unused]] const auto ended = (*taken)->run("ROLLBACK", pool.impl().limit());
    }
    pool.impl().give_back(std::move(*taken));
    if (!done) return fail(done.error());
    return {};
}

}  // namespace cloudshelf::bookstore
