#include "drivers/postgres/connection.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

namespace cloudshelf::postgres {

struct Connection::Impl {
    PGconn* handle = nullptr;
    std::vector<std::string> warnings;
    bool sync_cancelled = false;

    ~Impl() { PQfinish(handle); }
};

namespace {

std::string trimmed(const char* text) {
    std::string out = text ? text : "";
    while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) out.pop_back();
    return out;
}

}  // namespace

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Result<Connection> Connection::open(std::map<std::string, std::string> parameters, Duration limit) {
    // libpq counts in whole seconds, two at the least.
    const auto seconds = std::max<long>(2, std::chrono::duration_cast<std::chrono::seconds>(limit).count());
    parameters.try_emplace("connect_timeout", std::to_string(seconds));
    parameters.try_emplace("tcp_user_timeout", "3000");
    parameters.try_emplace("application_name", "cloudshelf");
    std::vector<const char*> names;
    std::vector<const char*> values;
    for (const auto& [name, value] : parameters) {
        names.push_back(name.c_str());
        values.push_back(value.c_str());
    }
    names.push_back(nullptr);
    values.push_back(nullptr);
    auto impl = std::make_unique<Impl>();
    impl->handle = PQconnectdbParams(names.data(), values.data(), 0);
    if (PQstatus(impl->handle) != CONNECTION_OK) return fail("postgres.connect", trimmed(PQerrorMessage(impl->handle)));
    PQsetNoticeReceiver(
        impl->handle,
        [](void* state, const PGresult* notice) {
            auto& self = *static_cast<Impl*>(state);
            const char* code = PQresultErrorField(notice, PG_DIAG_SQLSTATE);
            const char* message = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
            self.warnings.push_back(fmt::format("{} {}", code ? code : "", message ? message : ""));
            const std::string& line = self.warnings.back();
            if (line.find("synchronous replication") != std::string::npos) self.sync_cancelled = true;
        },
        impl.get()
    );
    return Connection(std::move(impl));
}

bool Connection::is_open() const {
    return impl_ && PQstatus(impl_->handle) == CONNECTION_OK;
}

Result<Answer> Connection::execute(const std::string& sql, std::vector<std::string> parameters) {
    std::vector<const char*> values;
    for (const auto& parameter : parameters) values.push_back(parameter.c_str());
    impl_->warnings.clear();
    impl_->sync_cancelled = false;
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(
        values.empty() ? PQexec(impl_->handle, sql.c_str())
                       : PQexecParams(
                             impl_->handle,
                             sql.c_str(),
                             static_cast<int>(values.size()),
                             nullptr,
                             values.data(),
                             nullptr,
                             nullptr,
                             0
                         ),
        &PQclear
    );
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        const char* code = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
        const bool lost = code == nullptr || PQstatus(impl_->handle) != CONNECTION_OK;
        return fail(Error{
            .code = lost ? "postgres.connection" : fmt::format("postgres.{}", code),
            .message = trimmed(PQerrorMessage(impl_->handle)),
            .certainty = lost ? Certainty::unknown : Certainty::not_done,
            .retryable = lost,
        });
    }
    if (impl_->sync_cancelled) {
        return fail(Error{
            .code = "postgres.sync-cancelled",
            .message = "committed here, but the wait for the standby was cancelled: it may not be there",
            .certainty = Certainty::unknown,
        });
    }
    Answer answer{.command_tag = PQcmdStatus(result.get()), .warnings = impl_->warnings};
    for (int row = 0; row < PQntuples(result.get()); ++row) {
        Row fields;
        for (int column = 0; column < PQnfields(result.get()); ++column) {
            if (PQgetisnull(result.get(), row, column)) {
                fields.emplace_back(std::nullopt);
            } else {
                fields.emplace_back(PQgetvalue(result.get(), row, column));
            }
        }
        answer.rows.push_back(std::move(fields));
    }
    return answer;
}

}  // namespace cloudshelf::postgres
