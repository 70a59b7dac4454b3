// Orders and payments: what may neither be lost nor done twice.
#include "bookstore/answers.hpp"
#include "bookstore/tokens.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <vector>

namespace cloudshelf::bookstore {
namespace json = boost::json;

namespace {

constexpr Statement prices{
    "prices", "SELECT book_id, price_cents FROM books WHERE book_id = ANY ($1::bigint[]) ORDER BY book_id"
};
constexpr Statement insert_order{
    "insert_order",
    "WITH placed AS (INSERT INTO orders (order_id, user_id, status, total_cents) "
    "VALUES ($1, $2, 'placed', $3) RETURNING order_id, total_cents), "
    "event AS (INSERT INTO order_events (order_id, event, details) "
    "SELECT order_id, 'placed', jsonb_build_object('total_cents', total_cents) FROM placed) "
    "INSERT INTO order_items (order_id, book_id, quantity, unit_cents) "
    "SELECT placed.order_id, item.* FROM placed, unnest($4::bigint[], $5::integer[], $6::bigint[]) item"
};
constexpr Statement show{
    "show_order",
    "SELECT json_build_object('order_id', order_id, 'status', status, 'total_cents', total_cents, "
    "'items', (SELECT json_agg(json_build_object('book_id', book_id, 'quantity', quantity, 'unit_cents', unit_cents) "
    "ORDER BY book_id) FROM order_items i WHERE i.order_id = o.order_id), "
    "'payments', (SELECT coalesce(json_agg(json_build_object('payment_id', payment_id, 'status', status, "
    "'processor', processor, 'amount_cents', amount_cents) ORDER BY created_at), '[]') "
    "FROM payments p WHERE p.order_id = o.order_id))::text FROM orders o WHERE order_id = $1 AND user_id = $2"
};

constexpr Statement lock_order{
    "lock_order", "SELECT status, total_cents FROM orders WHERE order_id = $1 AND user_id = $2 FOR UPDATE"
};
constexpr Statement reserve{
    "reserve",
    "WITH reserved AS (INSERT INTO payments (payment_id, order_id, user_id, amount_cents, processor, status, claim, "
    "claimed_until) VALUES ($1, $2, $3, $4, 'primary', 'reserved', $5, now() + interval '5 s') "
    "ON CONFLICT (order_id) WHERE status <> 'declined' DO NOTHING RETURNING payment_id) "
    "UPDATE idempotency_keys SET payment_id = reserved.payment_id FROM reserved WHERE scope = $3::text AND key = $6 "
    "RETURNING 1"
};
constexpr Statement claim{
    "claim",
    "UPDATE payments SET claim = $2, claimed_until = now() + interval '5 s' "
    "FROM (SELECT payment_id, claim AS before FROM payments WHERE payment_id = $1 AND status = 'reserved' "
    "AND (claim IS NULL OR claim = $2 OR claimed_until < now()) FOR UPDATE) held "
    "WHERE payments.payment_id = held.payment_id "
    "RETURNING processor, amount_cents, held.before IS NOT NULL"
};
constexpr Statement choose{
    "choose_processor",
    "UPDATE payments SET processor = $3, claimed_until = now() + interval '5 s' "
    "WHERE payment_id = $1 AND claim = $2 AND status = 'reserved' RETURNING 1"
};
constexpr Statement release{"release", "UPDATE payments SET claim = NULL WHERE payment_id = $1 AND claim = $2"};
constexpr Statement record{
    "record",
    "WITH settled AS (UPDATE payments SET status = $2, claim = NULL WHERE payment_id = $1 AND status = 'reserved' "
    "RETURNING order_id, amount_cents), "
    "paid AS (UPDATE orders SET status = 'paid' FROM settled WHERE orders.order_id = settled.order_id "
    "AND $2 = 'captured') "
    "INSERT INTO order_events (order_id, event, details) SELECT order_id, 'payment-' || $2, "
    "jsonb_build_object('payment_id', $1::text, 'amount_cents', amount_cents) FROM settled"
};

/// A claim lasts 5 s from the beginning of its transaction, and asking processors takes up to 3.2 s (HttpPayments): who
/// got the claim later than this could still be asking when somebody else has it.
constexpr Duration claim_slack = std::chrono::milliseconds(1500);

struct Items {
    std::vector<std::string> book_ids;
    std::vector<std::string> quantities;
};

Result<Items> read_items(const json::object& body) {
    const auto* list = body.if_contains("items");
    if (list == nullptr || !list->is_array() || list->as_array().empty() || list->as_array().size() > 50) {
        return fail("bad-body", "\"items\" has to be a list of 1 to 50 books");
    }
    std::map<std::int64_t, std::int64_t> wanted;
    for (const auto& item : list->as_array()) {
        if (!item.is_object()) return fail("bad-body", "each item has to be {\"book_id\": …, \"quantity\": …}");
        const auto book = whole_member(item.as_object(), "book_id", {1, 999'999'999'999});
        if (!book) return fail(book.error());
        const auto quantity = whole_member(item.as_object(), "quantity", {1, 99});
        if (!quantity) return fail(quantity.error());
        if (!wanted.emplace(*book, *quantity).second) {
            return fail("bad-body", fmt::format("book {} is listed twice: add the quantities up", *book));
        }
    }
    Items items;
    for (const auto& [book, quantity] : wanted) {  // in the order of the ids, as `prices` answers
        items.book_ids.push_back(std::to_string(book));
        items.quantities.push_back(std::to_string(quantity));
    }
    return items;
}

Result<Response> insert(Transaction& transaction, Ports& ports, const std::string& user, const Items& items) {
    const auto rows = transaction.query(prices, {array_text(items.book_ids)});
    if (!rows) return fail(rows.error());
    if (rows->size() != items.book_ids.size()) {
        return refusal(422, "no-such-book", "the order names a book that is not in the catalogue");
    }
    std::int64_t total = 0;
    std::vector<std::string> units;
    for (std::size_t i = 0; i < rows->size(); ++i) {
        units.push_back((*rows)[i][1].value_or("0"));
        total += std::stoll(units.back()) * std::stoll(items.quantities[i]);
    }
    const auto order_id = ports.random.uuid();
    const auto done = transaction.query(
        insert_order,
        {order_id,
         user,
         std::to_string(total),
         array_text(items.book_ids),
         array_text(items.quantities),
         array_text(units)}
    );
    if (!done) return fail(done.error());
    return answer(201, {{"order_id", order_id}, {"total_cents", total}, {"status", "placed"}});
}

Response key_missing() {
    return refusal(
        400, "idempotency-key-missing", "this needs an Idempotency-Key header, so that sending it again is safe"
    );
}

/// A payment that is reserved and claimed by us.
struct Reserved {
    std::string payment_id;
    std::string order_id;
    std::string token;
    std::string user;
    std::string claim;
    std::int64_t cents = 0;
    Processor processor = Processor::primary;
    bool asked_before = false;  // an attempt whose end is not on record may have reached the processor
};

const char* name_of(Processor processor) {
    return processor == Processor::primary ? "primary" : "backup";
}

/// Takes the key and reserves, or takes over what an earlier attempt left. The error is a whole answer.
std::expected<Reserved, Response> reserve_payment(const Request& request, Ports& ports, Reserved payment) {
    const auto begun = ports.database.begin(Durability::synchronous);
    if (!begun) return std::unexpected(database_refusal(begun.error()));
    auto& transaction = **begun;
    auto key = take_key(transaction, request, ports, payment.user);
    if (!key) return std::unexpected(std::move(key.error()));
    if (key->answer) {
        return std::unexpected(
            replay(transaction, request, payment.user, Durability::synchronous, std::move(*key->answer))
        );
    }
    if (key->fresh) {
        const auto order = transaction.query(lock_order, {payment.order_id, payment.user});
        if (!order) return std::unexpected(database_refusal(order.error()));
        if (order->empty()) return std::unexpected(refusal(404, "not-found", "there is no such order of yours"));
        if (order->front()[0] == "paid") {
            return std::unexpected(refusal(409, "already-paid", "this order is paid already"));
        }
        payment.cents = std::stoll(order->front()[1].value_or("0"));
        payment.payment_id = ports.random.uuid();
        const auto reserved = transaction.query(
            reserve,
            {payment.payment_id,
             payment.order_id,
             payment.user,
             std::to_string(payment.cents),
             payment.claim,
             request.idempotency_key}
        );
        if (!reserved) return std::unexpected(database_refusal(reserved.error()));
        if (reserved->empty()) {
            return std::unexpected(refusal(
                409,
                "payment-under-way",
                "this order has a payment under way with another Idempotency-Key: use that one"
            ));
        }
    } else {
        payment.payment_id = key->payment.value_or("");
        const auto claimed = transaction.query(claim, {payment.payment_id, payment.claim});
        if (!claimed) return std::unexpected(database_refusal(claimed.error()));
        if (claimed->empty()) return std::unexpected(outcome_unknown("this payment is under way; send it again"));
        const auto& row = claimed->front();
        payment.processor = row[0] == "backup" ? Processor::backup : Processor::primary;
        payment.cents = std::stoll(row[1].value_or("0"));
        payment.asked_before = row[2] == "t";
    }
    // On record at the standby too before any money moves: whoever takes over knows what may have been charged, and
    // where.
    auto committed_answer = committed(transaction, Response{});
    if (committed_answer.status != 200) return std::unexpected(std::move(committed_answer));
    return payment;
}

/// What came of asking one processor. `not_charged` is said only when nothing can be charged there any more.
Charge ask(const Reserved& payment, Ports& ports) {
    const auto answered = ports.payments.charge(payment.processor, payment.payment_id, payment.cents, payment.token);
    if (answered == Charge::captured || answered == Charge::declined) return answered;
    if (answered == Charge::not_charged) return payment.asked_before ? Charge::unknown : answered;
    const auto known = ports.payments.look_up(payment.processor, payment.payment_id);
    if (known == Charge::captured || known == Charge::declined) return known;
    // After an error the processor is done with it; after silence our request may still be on its way.
    return answered == Charge::failed && known == Charge::not_charged ? Charge::not_charged : Charge::unknown;
}

/// Changes one thing about the payment, synchronously. False: not known to be done.
bool change(Ports& ports, const Statement& statement, const std::vector<Value>& parameters) {
    const auto begun = ports.database.begin(Durability::synchronous);
    if (!begun) return false;
    const auto changed = (*begun)->query(statement, parameters);
    return changed && (*begun)->commit() == Commit::done;
}

Response record_payment(const Request& request, Ports& ports, const Reserved& payment, Charge charge) {
    const bool captured = charge == Charge::captured;
    const char* const status = captured ? "captured" : "declined";
    const auto response =
        captured ? answer(
                       201,
                       {{"payment_id", payment.payment_id},
                        {"order_id", payment.order_id},
                        {"status", status},
                        {"processor", name_of(payment.processor)}}
                   )
                 : refusal(402, "payment-declined", "the card was declined: pay with another one, under a new key");
    const auto unrecorded = [] { return outcome_unknown("the payment is not on record yet; send it again"); };
    const auto begun = ports.database.begin(Durability::synchronous);
    if (!begun) return unrecorded();
    const auto recorded = (*begun)->query(record, {payment.payment_id, status});
    if (!recorded) return unrecorded();
    const auto stored = store_answer(**begun, request, payment.user, response);
    if (!stored) return unrecorded();
    return (*begun)->commit() == Commit::done ? response : unrecorded();
}

}  // namespace

Response place_order(const Request& request, Ports& ports) {
    const auto user = signed_in(request, ports);
    if (!user) return sign_in_first(user.error());
    if (request.idempotency_key.empty()) return key_missing();
    const auto body = json_body(request);
    if (!body) return refuse(400, body.error());
    const auto items = read_items(*body);
    if (!items) return refuse(400, items.error());
    return write_once(request, ports, *user, Durability::synchronous, [&](Transaction& transaction) {
        return insert(transaction, ports, *user, *items);
    });
}

Response show_order(const Request& request, Ports& ports, const std::string& order_id) {
    const auto user = signed_in(request, ports);
    if (!user) return sign_in_first(user.error());
    const auto rows = ports.database.read(Freshness::newest, show, {order_id, *user});
    if (!rows) return database_refusal(rows.error());
    if (rows->empty()) return refusal(404, "not-found", "there is no such order of yours");
    return {.status = 200, .headers = {}, .body = rows->front()[0].value_or("{}"), .outcome = Outcome::answered};
}

Response pay(const Request& request, Ports& ports) {
    const auto user = signed_in(request, ports);
    if (!user) return sign_in_first(user.error());
    if (request.idempotency_key.empty()) return key_missing();
    const auto body = json_body(request);
    if (!body) return refuse(400, body.error());
    const auto order_id = text_member(*body, "order_id", {36, 36});
    if (!order_id) return refuse(400, order_id.error());
    if (!is_uuid(*order_id)) return refusal(400, "bad-body", "\"order_id\" is not the id of an order");
    const auto token = text_member(*body, "card_token", {1, 100});
    if (!token) return refuse(400, token.error());

    Reserved wanted;
    wanted.order_id = *order_id;
    wanted.token = *token;
    wanted.user = *user;
    wanted.claim = request.attempt_id.empty() ? ports.random.uuid() : request.attempt_id;
    auto claimed_at = ports.clock.now();
    const auto in_time = [&] { return ports.clock.now() - claimed_at < claim_slack; };
    auto reserved = reserve_payment(request, ports, std::move(wanted));
    if (!reserved) return std::move(reserved.error());
    auto& payment = *reserved;
    if (!in_time()) return outcome_unknown("reserving the payment took too long; send it again");

    auto charge = ask(payment, ports);
    if (charge == Charge::not_charged) {
        payment.processor = payment.processor == Processor::primary ? Processor::backup : Processor::primary;
        payment.asked_before = false;
        claimed_at = ports.clock.now();
        // On record before it is asked, or a later attempt would go to the first one and charge twice.
        if (!change(ports, choose, {payment.payment_id, payment.claim, name_of(payment.processor)}) || !in_time()) {
            return outcome_unknown("the payment could not be continued; send it again");
        }
        charge = ask(payment, ports);
    }
    if (charge == Charge::captured || charge == Charge::declined) {
        return record_payment(request, ports, payment, charge);
    }
    if (charge == Charge::not_charged) {
        change(ports, release, {payment.payment_id, payment.claim});
        auto response = refusal(503, "processor-unavailable", "no payment processor answers; nothing was charged");
        response.headers.emplace_back("Retry-After", "2");
        return response;
    }
    return outcome_unknown("the payment processor gave no clear answer; send it again with the same Idempotency-Key");
}

}  // namespace cloudshelf::bookstore
