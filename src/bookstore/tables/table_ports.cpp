#include "bookstore/tables/table_ports.hpp"

#include "bookstore/tables/table_names.hpp"
#include "io/background.hpp"
#include "io/clock.hpp"
#include "io/log.hpp"

#include <boost/asio/co_spawn.hpp>

#include <exception>
#include <future>
#include <utility>

namespace cloudshelf::bookstore {

using dynamodb::AttributeValue;
using dynamodb::Item;
using dynamodb::Number;
using tables_client::Client;

struct TablePorts::Place {
    Place(const io::Executor& executor, const Server& server, const sigv4::Credentials& credentials)
        : region(server.region),
          client(executor, {.endpoint = server.endpoint, .region = server.region, .credentials = credentials}) {}

    bool is_passed_over() const { return io::now().time_since_epoch().count() < passed_over_until; }
    /// Takes note of what came of a call.
    void heard(const Error* error, Duration pass_over) {
        const bool silent = error != nullptr && error->code == "tables.unavailable";
        if (silent) passed_over_until = (io::now() + pass_over).time_since_epoch().count();
        if (answers.exchange(!silent) == silent) {
            io::log(
                silent ? io::Level::warning : io::Level::info,
                silent ? "bookstore.tables-down" : "bookstore.tables-up",
                {{"tables", region}, {"why", silent ? error->message : ""}}
            );
        }
    }

    std::string region;
    Client client;
    std::atomic<std::int64_t> passed_over_until = 0;  // by io::now(), in nanoseconds
    std::atomic<bool> answers = true;
};

namespace {

/// Another region may do better: this one is silent, in trouble, or has no such table (yet).
bool is_its_own(const Error& error) {
    return error.retryable || error.certainty == Certainty::unknown || error.code == "ResourceNotFoundException";
}

/// What the bookstore is told of an error.
Error translated(const Error& error) {
    const bool passes = is_its_own(error);
    return {
        .code = passes ? "tables.unavailable" : "tables.failed",
        .message = error.code + ": " + error.message,
        .certainty = error.certainty,
        .retryable = passes,
    };
}

Item cart_key(const std::string& user, const std::string& book_id) {
    Item key;
    key.set("userId", AttributeValue(std::string_view(user)));
    key.set("bookId", AttributeValue(std::string_view(book_id)));
    return key;
}

tables_client::Update session_update(const Sessions::Session& session) {
    Item key;
    key.set("sessionId", AttributeValue(std::string_view(session.id)));
    // Only what this knows: a signing out that is there already stays.
    return {
        .table = session_table,
        .key = std::move(key),
        .expression = "SET userId = :u, expiresAt = :e",
        .values = {{":u", AttributeValue(std::string_view(session.user))}, {":e", Number(session.expires_at)}},
    };
}

Result<CartLine> line_of(const Item& item) {
    const auto* book = item.find("bookId");
    const auto* quantity = item.find("quantity");
    const auto* id = book == nullptr ? nullptr : book->get<std::string>();
    const auto* number = quantity == nullptr ? nullptr : quantity->get<Number>();
    const auto whole = number == nullptr ? std::nullopt : number->whole();
    if (id == nullptr || !whole) return fail("tables.failed", "an item of the cart that is none of ours");
    return CartLine{.book_id = *id, .quantity = static_cast<std::int64_t>(*whole)};
}

}  // namespace

TablePorts::TablePorts(io::Executor executor, Options options)
    : executor_(std::move(executor)), options_(std::move(options)) {
    for (const auto& server : options_.servers) {
        places_.push_back(std::make_shared<Place>(executor_, server, options_.credentials));
    }
}
TablePorts::~TablePorts() = default;

bool TablePorts::ours_answer() const {
    return !places_.empty() && places_.front()->answers;
}

/// Runs on the executor; the caller's thread waits.
template <class T>
Result<T> TablePorts::wait_for(io::Task<Result<T>> task) {
    std::promise<Result<T>> answered;
    auto answer = answered.get_future();
    boost::asio::co_spawn(executor_, std::move(task), [&answered](std::exception_ptr failed, Result<T> result) {
        if (failed) result = fail(Error{.code = "tables.failed", .message = "", .certainty = Certainty::unknown});
        answered.set_value(std::move(result));
    });
    return answer.get();
}

template <class T>
Result<T> TablePorts::at(Place& place, const Work<T>& work, Duration limit) {
    auto result = wait_for<T>(work(&place.client, io::Deadline::after(limit)));
    place.heard(result ? nullptr : &result.error(), options_.pass_over);
    return result;
}

template <class T>
Result<T> TablePorts::anywhere(const Work<T>& work) {
    Error last{.code = "tables.unavailable", .message = "no tables answer", .retryable = true};
    bool in_doubt = false;
    for (const auto& place : places_) {
        if (place->is_passed_over()) continue;
        auto result = at<T>(*place, work, options_.attempt_limit);
        if (result || !is_its_own(result.error())) {
            if (place != places_.front()) ++answered_elsewhere_;
            if (result) return result;
            last = result.error();
            break;
        }
        last = result.error();
        in_doubt = in_doubt || last.certainty == Certainty::unknown;
    }
    if (is_its_own(last)) ++unanswered_;
    if (in_doubt) last.certainty = Certainty::unknown;
    return fail(translated(last));
}

Result<std::vector<CartLine>> TablePorts::lines(const std::string& user) {
    const auto items = anywhere<std::vector<Item>>([&](Client* client, io::Deadline deadline) {
        tables_client::Query query{
            .table = cart_table,
            .key_condition = "userId = :u",
            .values = {{":u", AttributeValue(std::string_view(user))}},
        };
        return client->query(std::move(query), deadline);
    });
    if (!items) return fail(items.error());
    std::vector<CartLine> lines;
    for (const auto& item : *items) {
        auto line = line_of(item);
        if (!line) return fail(line.error());
        lines.push_back(std::move(*line));
    }
    return lines;
}

Result<void> TablePorts::put(const std::string& user, const CartLine& line) {
    return anywhere<void>([&](Client* client, io::Deadline deadline) {
        tables_client::Put put{.table = cart_table, .item = cart_key(user, line.book_id)};
        put.item.set("quantity", Number(line.quantity));
        return client->put(std::move(put), deadline);
    });
}

Result<bool> TablePorts::change(const std::string& user, const CartLine& line) {
    const auto changed = anywhere<Item>([&](Client* client, io::Deadline deadline) {
        tables_client::Update update{
            .table = cart_table,
            .key = cart_key(user, line.book_id),
            .expression = "SET quantity = :n",
            .condition = "attribute_exists(userId)",
            .values = {{":n", Number(line.quantity)}},
        };
        return client->update(std::move(update), deadline);
    });
    if (changed) return true;
    if (changed.error().message.starts_with("ConditionalCheckFailedException")) return false;
    return fail(changed.error());
}

Result<void> TablePorts::remove(const std::string& user, const std::string& book_id) {
    return anywhere<void>([&](Client* client, io::Deadline deadline) {
        tables_client::Delete remove{.table = cart_table, .key = cart_key(user, book_id)};
        return client->remove(std::move(remove), deadline);
    });
}

void TablePorts::opened(const Session& session) {
    if (places_.empty() || places_.front()->is_passed_over()) return;
    auto note = [](std::shared_ptr<Place> place, Session opened, Duration limit, Duration pass_over) -> io::Task<void> {
        auto update = session_update(opened);
        const auto noted = co_await place->client.update(std::move(update), io::Deadline::after(limit));
        place->heard(noted ? nullptr : &noted.error(), pass_over);
    };
    io::run_in_background(executor_, note(places_.front(), session, options_.attempt_limit, options_.pass_over));
}

Result<void> TablePorts::sign_out(const Session& session) {
    const auto done = anywhere<Item>([&](Client* client, io::Deadline deadline) {
        auto update = session_update(session);
        update.expression += ", signedOut = :t";
        update.values.emplace_back(":t", true);
        return client->update(std::move(update), deadline);
    });
    if (!done) return fail(done.error());
    return {};
}

bool TablePorts::is_signed_out(const std::string& id) {
    if (places_.empty() || places_.front()->is_passed_over()) return false;
    if (io::now().time_since_epoch().count() < look_at_sessions_from_) return false;
    Item key;
    key.set("sessionId", AttributeValue(std::string_view(id)));
    auto& ours = places_.front()->client;
    const auto found = wait_for(ours.get(
        session_table, std::move(key), tables_client::Freshness::newest, io::Deadline::after(options_.session_limit)
    ));
    // Its limit is much shorter than a cart's: what is late here may still be in time there.
    if (!found) look_at_sessions_from_ = (io::now() + options_.pass_over).time_since_epoch().count();
    const auto* said = found && *found ? (*found)->find("signedOut") : nullptr;
    const auto* yes = said == nullptr ? nullptr : said->get<bool>();
    return yes != nullptr && *yes;
}

}  // namespace cloudshelf::bookstore
