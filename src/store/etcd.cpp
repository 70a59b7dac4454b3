#include "store/etcd.hpp"

#include "base/base64.hpp"
#include "store/chain.hpp"
#include "store/errors.hpp"

#include <boost/json.hpp>

#include <charconv>
#include <random>

namespace cloudshelf::store {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using Repeatable = EtcdGateway::Repeatable;

constexpr std::size_t page_entries = 64;  // of the journal; the largest make an answer of 22 MiB
constexpr Duration again_after = 20ms;    // between two rounds over all members
// Of one transaction that restores entries: etcd takes 128 operations and 1.5 MiB.
constexpr std::size_t restored_entries_max = 100;
constexpr std::size_t restored_bytes_max = 1 << 20;

json::object version_is(const std::string& key, std::uint64_t version) {
    return {{"key", base64(key)}, {"target", "VERSION"}, {"result", "EQUAL"}, {"version", std::to_string(version)}};
}
json::object value_is(const std::string& key, const std::string& value) {
    return {{"key", base64(key)}, {"target", "VALUE"}, {"result", "EQUAL"}, {"value", base64(value)}};
}
json::object put(const std::string& key, const std::string& value) {
    return {{"requestPut", {{"key", base64(key)}, {"value", base64(value)}}}};
}
json::object look_up(const std::string& key) {
    return {{"requestRange", {{"key", base64(key)}}}};
}

bool is_true(const json::object& object, std::string_view field) {
    const auto* value = object.if_contains(field);
    return value && value->is_bool() && value->get_bool();
}

/// The keys of a range's answer; none when the field is left out.
std::vector<json::object> items_of(const json::object& range) {
    std::vector<json::object> items;
    const auto* list = range.if_contains("kvs");
    if (list == nullptr || !list->is_array()) return items;
    for (const auto& item : list->get_array()) {
        if (item.is_object()) items.push_back(item.get_object());
    }
    return items;
}

/// The n-th answer of a transaction, of the kind that `field` names; nothing where it is not there.
const json::object* answer_of(const json::object& transaction, std::size_t n, std::string_view field) {
    const auto* responses = transaction.if_contains("responses");
    const auto* list = responses ? responses->if_array() : nullptr;
    const auto* response = list ? list->if_contains(n) : nullptr;
    const auto* fields = response ? response->if_object() : nullptr;
    const auto* answer = fields ? fields->if_contains(field) : nullptr;
    return answer ? answer->if_object() : nullptr;
}

/// The answer to the n-th range of a transaction.
json::object range_of(const json::object& transaction, std::size_t n) {
    const auto* range = answer_of(transaction, n, "response_range");
    return range ? *range : json::object();
}

Result<std::string> bytes_of(const json::object& item, std::string_view field) {
    const auto* text = item.if_contains(field);
    if (text == nullptr) return std::string();  // empty, so left out
    auto bytes = text->is_string() ? from_base64(text->get_string()) : std::nullopt;
    if (!bytes) return fail(errors::failed("etcd", fmt::format("answered a {} that is no base64", field)));
    return std::move(*bytes);
}

Result<std::optional<Entry>> current_of(const json::object& range) {
    const auto items = items_of(range);
    if (items.empty()) return std::optional<Entry>();
    auto value = bytes_of(items[0], "value");
    if (!value) return fail(value.error());
    return Entry{.revision = etcd_number(items[0], "version"), .value = std::move(*value)};
}

Result<std::vector<KeyedEntry>> entries_of(const json::object& range) {
    std::vector<KeyedEntry> found;
    for (const auto& item : items_of(range)) {
        auto key = bytes_of(item, "key");
        auto value = bytes_of(item, "value");
        if (!key || !value) return fail((!key ? key : value).error());
        found.push_back({std::move(*key), {.revision = etcd_number(item, "version"), .value = std::move(*value)}});
    }
    return found;
}

/// A range over every key that begins with `prefix`.
json::object keys_with(const std::string& prefix) {
    std::string end = prefix;
    while (!end.empty() && end.back() == '\xff') end.pop_back();
    if (!end.empty()) ++end.back();
    // "\0" alone: to the last key there is.
    return {{"key", base64(prefix)}, {"range_end", base64(end.empty() ? std::string(1, '\0') : end)}};
}

/// The revision that an answer is of.
Result<std::uint64_t> revision_of(const json::object& answer) {
    const auto* header = answer.if_contains("header");
    if (header == nullptr || !header->is_object()) return fail(errors::failed("etcd", "answered without a header"));
    return etcd_number(header->get_object(), "revision");
}

std::string random_name() {
    std::random_device device;
    return fmt::format("{:08x}{:08x}", device(), device());
}

/// A read changes nothing, however it fails.
Error of_a_read(Error error) {
    error.certainty = Certainty::not_done;
    return error;
}

/// What etcd holds for an entry. `writer` tells ours from others' with the same content.
std::string value_of(const JournalEntry& entry, const std::string& writer) {
    return json::serialize(json::object{
        {"at", entry.at},
        {"epoch", entry.epoch},
        {"term", entry.term},
        {"execution", entry.execution},
        {"kind", entry.kind},
        {"data", entry.data},
        {"previous_hash", entry.previous_hash},
        {"hash", entry.hash},
        {"writer", writer},
    });
}

}  // namespace

EtcdStore::EtcdStore(io::Executor executor, Options options)
    : options_(std::move(options)),
      gateway_(executor, options_.gateway),
      reads_(executor, {}, [this](std::vector<Read> reads) { return read_all(std::move(reads)); }),
      swaps_(executor, {}, [this](std::vector<Swap> swaps) { return swap_all(std::move(swaps)); }),
      writer_(random_name()) {}

io::Task<Result<json::object>> EtcdStore::range(json::object body) {
    // Not serializable: the member asks the leader first whether it is up to date (reliability.md R6).
    auto answer = co_await gateway_.call("/v3/kv/range", std::move(body), Repeatable::yes);
    if (!answer) co_return fail(of_a_read(answer.error()));
    co_return answer;
}

io::Task<Result<std::optional<Entry>>> EtcdStore::get(std::string key) {
    Read read{.key = std::move(key)};
    auto found = co_await reads_.call(std::move(read));
    co_return found;
}

io::Task<Result<std::vector<std::optional<Entry>>>> EtcdStore::read_all(std::vector<Read> reads) {
    std::vector<std::optional<Entry>> all;
    if (reads.size() == 1) {
        json::object body{{"key", base64(reads[0].key)}};
        const auto answer = co_await range(std::move(body));
        if (!answer) co_return fail(answer.error());
        auto current = current_of(*answer);
        if (!current) co_return fail(current.error());
        all.push_back(std::move(*current));
        co_return all;
    }
    // Of reads alone, so it is none to etcd's log: only its leader is asked, as for a range.
    json::array lookups;
    for (const auto& read : reads) lookups.push_back(look_up(read.key));
    json::object transaction{{"success", std::move(lookups)}};
    const auto answer = co_await gateway_.call("/v3/kv/txn", std::move(transaction), Repeatable::yes);
    if (!answer) co_return fail(of_a_read(answer.error()));
    for (std::size_t i = 0; i < reads.size(); ++i) {
        const auto* found = answer_of(*answer, i, "response_range");
        if (found == nullptr) co_return fail(errors::failed("etcd", "left a read of several unanswered"));
        auto current = current_of(*found);
        if (!current) co_return fail(current.error());
        all.push_back(std::move(*current));
    }
    co_return all;
}

io::Task<Result<Swapped>> EtcdStore::compare_and_swap(std::string key, std::uint64_t expected, std::string value) {
    if (const auto good = errors::check_sizes(key, value); !good) co_return fail(good.error());
    Swap swap{.key = std::move(key), .expected = expected, .value = std::move(value)};
    auto swapped = co_await swaps_.call(std::move(swap));
    co_return swapped;
}

io::Task<Result<std::vector<Swapped>>> EtcdStore::swap_all(std::vector<Swap> swaps) {
    const auto transaction_of = [](const Swap& swap) {
        return json::object{
            {"compare", json::array{version_is(swap.key, swap.expected)}},
            {"success", json::array{put(swap.key, swap.value)}},
            {"failure", json::array{look_up(swap.key)}},
        };
    };
    json::object transaction;
    if (swaps.size() == 1) {
        transaction = transaction_of(swaps[0]);
    } else {
        json::array each;
        for (const auto& swap : swaps) each.push_back(json::object{{"requestTxn", transaction_of(swap)}});
        transaction["success"] = std::move(each);
    }
    const auto answer = co_await gateway_.call("/v3/kv/txn", std::move(transaction), Repeatable::no);
    if (!answer) co_return fail(answer.error());
    std::vector<Swapped> all;
    for (std::size_t i = 0; i < swaps.size(); ++i) {
        const auto* own = swaps.size() == 1 ? &*answer : answer_of(*answer, i, "response_txn");
        // They were stored or not; only we cannot tell.
        if (own == nullptr) co_return fail(errors::no_answer("etcd", "left a swap of several unanswered"));
        if (is_true(*own, "succeeded")) {
            all.push_back({true, {swaps[i].expected + 1, std::move(swaps[i].value)}});
            continue;
        }
        const auto current = current_of(range_of(*own, 0));
        if (!current && swaps.size() > 1) co_return fail(errors::no_answer("etcd", current.error().message));
        if (!current) co_return fail(current.error());
        all.push_back({false, current->value_or(Entry{})});
    }
    co_return all;
}

io::Task<Result<std::vector<KeyedEntry>>> EtcdStore::list(std::string prefix) {
    json::object keys = keys_with(prefix);
    if (!options_.journal.starts_with(prefix)) {
        const auto answer = co_await range(std::move(keys));
        if (!answer) co_return fail(answer.error());
        co_return entries_of(*answer);
    }
    // Before and after the journal's keys, which may be many; both as of one revision.
    json::object first{{"key", keys["key"]}, {"range_end", base64(options_.journal)}};
    const auto before = co_await range(std::move(first));
    if (!before) co_return fail(before.error());
    const auto revision = revision_of(*before);
    if (!revision) co_return fail(revision.error());
    json::object second{
        {"key", base64(options_.journal + "0")},
        {"range_end", keys["range_end"]},
        {"revision", std::to_string(*revision)}
    };
    const auto after = co_await range(std::move(second));
    if (!after) co_return fail(after.error());
    auto found = entries_of(*before);
    auto rest = entries_of(*after);
    if (!found || !rest) co_return fail((!found ? found : rest).error());
    std::ranges::move(*rest, std::back_inserter(*found));
    co_return found;
}

io::Task<Result<Changes>> EtcdStore::changes(std::string prefix, std::uint64_t mark) {
    for (;;) {
        json::object body = keys_with(prefix);
        if (mark > 0) body["min_mod_revision"] = std::to_string(mark + 1);
        const auto answer = co_await range(std::move(body));
        if (!answer) co_return fail(answer.error());
        const auto now = revision_of(*answer);
        if (!now) co_return fail(now.error());
        if (*now < mark) {  // it was set back: what changed since then cannot be told
            mark = 0;
            continue;
        }
        auto entries = entries_of(*answer);
        if (!entries) co_return fail(entries.error());
        co_return Changes{.entries = std::move(*entries), .mark = *now};
    }
}

// --- the journal ---------------------------------------------------------------------------------------------------

std::string EtcdStore::entry_key(std::uint64_t index) const {
    return fmt::format("{}/{:020}", options_.journal, index);
}

Result<JournalEntry> EtcdStore::entry_of(const json::object& item) const {
    const auto key = bytes_of(item, "key");
    const auto value = bytes_of(item, "value");
    if (!key || !value) return fail((!key ? key : value).error());
    const auto unreadable = [&] { return fail(errors::failed("etcd", fmt::format("{} is no journal entry", *key))); };
    JournalEntry entry;
    std::from_chars(key->data() + options_.journal.size() + 1, key->data() + key->size(), entry.index);
    if (*key != entry_key(entry.index)) return unreadable();
    boost::system::error_code bad;
    const json::value document = json::parse(*value, bad);
    if (bad || !document.is_object()) return unreadable();
    const json::object& fields = document.get_object();
    const auto take = [&](const char* name, std::string& into) {
        const auto* field = fields.if_contains(name);
        if (field && field->is_string()) into = field->get_string().c_str();
        return field && field->is_string();
    };
    const auto* epoch = fields.if_contains("epoch");
    const bool whole = take("at", entry.at) && take("execution", entry.execution) && take("kind", entry.kind) &&
                       take("data", entry.data) && take("previous_hash", entry.previous_hash) &&
                       take("hash", entry.hash) && epoch && epoch->is_number();
    if (!whole) return unreadable();
    entry.epoch = epoch->to_number<std::uint64_t>(bad);
    if (const auto* term = fields.if_contains("term"); term && term->is_number())
        entry.term = term->to_number<std::uint64_t>(bad);
    return entry;
}

Result<EtcdStore::Head> EtcdStore::head_of(const json::object& range) {
    const auto items = items_of(range);
    if (items.empty()) return Head{};
    const auto value = bytes_of(items[0], "value");
    if (!value) return fail(value.error());
    boost::system::error_code bad;
    const json::value document = json::parse(*value, bad);
    const auto* index = bad ? nullptr : document.find_pointer("/index", bad);
    const auto* hash = bad ? nullptr : document.find_pointer("/hash", bad);
    if (!index || !hash || !index->is_number() || !hash->is_string()) {
        return fail(errors::failed("etcd", "the journal's head is unreadable"));
    }
    return Head{
        .index = index->to_number<std::uint64_t>(bad),
        .hash = hash->get_string().c_str(),
        .version = etcd_number(items[0], "version"),
    };
}

io::Task<Result<EtcdStore::Head>> EtcdStore::read_head(std::uint64_t at_revision) {
    json::object body{{"key", base64(head_key())}, {"revision", std::to_string(at_revision)}};
    const auto answer = co_await range(std::move(body));
    if (!answer) co_return fail(answer.error());
    co_return head_of(*answer);
}

io::Task<Result<bool>> EtcdStore::offer(std::uint64_t index, std::string value, Head before, Head after) {
    const std::string key = entry_key(index);
    const std::string head = json::serialize(json::object{{"index", after.index}, {"hash", after.hash}});
    json::array conditions{version_is(key, 0), version_is(head_key(), before.version)};
    json::array otherwise{look_up(key), look_up(head_key())};
    if (term_) {
        conditions.push_back(value_is(term_->key, std::to_string(term_->number)));
        otherwise.push_back(look_up(term_->key));
    }
    json::object transaction{
        {"compare", std::move(conditions)},
        {"success", json::array{put(key, value), put(head_key(), head)}},
        {"failure", std::move(otherwise)},
    };
    // Repeatable: the second time the key is there, with our bytes.
    const auto answer = co_await gateway_.call("/v3/kv/txn", std::move(transaction), Repeatable::yes);
    if (!answer) co_return fail(answer.error());
    if (is_true(*answer, "succeeded")) {
        head_ = std::move(after);
        co_return true;
    }
    const auto there = current_of(range_of(*answer, 0));
    const auto end = head_of(range_of(*answer, 1));
    if (!there || !end) co_return fail(!there ? there.error() : end.error());
    head_ = *end;
    if (*there && (*there)->value == value) co_return true;
    if (term_) {
        const auto term = current_of(range_of(*answer, 2));
        if (!term) co_return fail(term.error());
        if (!*term || (*term)->value != std::to_string(term_->number)) co_return fail(errors::term_ended(term_->key));
    }
    if (end->version == before.version) {
        co_return fail(
            errors::failed("etcd", fmt::format("the journal's head says {}, but {} is there", end->index, key))
        );
    }
    co_return false;
}

io::Task<Result<std::uint64_t>> EtcdStore::append(
    std::uint64_t epoch, std::string execution, std::string kind, std::string data
) {
    if (const auto good = errors::check_data(data); !good) co_return fail(good.error());
    const auto deadline = io::Deadline::after(options_.append_limit);
    const std::string name = fmt::format("{}-{}", writer_, ++offers_);
    JournalEntry entry{
        .epoch = epoch,
        .term = term_ ? term_->number : 0,
        .execution = std::move(execution),
        .kind = std::move(kind),
        .data = std::move(data),
    };
    Error problem = errors::busy("the journal");
    for (bool first = true; first || !deadline.passed(); first = false) {
        if (!head_) {
            auto head = co_await read_head(0);
            if (!head && (!head.error().retryable || deadline.passed())) co_return fail(head.error());
            if (!head) {
                problem = head.error();
                co_await io::wait_for(again_after);
                continue;
            }
            head_ = std::move(*head);
        }
        const Head before = *head_;
        entry.index = before.index + 1;
        entry.at = io::utc_now();
        entry.previous_hash = before.hash;
        entry.hash = hash_of(entry);
        const std::string value = value_of(entry, name);
        const Head after{.index = entry.index, .hash = entry.hash, .version = before.version + 1};
        // The same bytes for the same index until its fate is known: somebody's entry is there, ours or another.
        for (bool doubt = false;;) {
            const auto there = co_await offer(entry.index, value, before, after);
            if (there && *there) co_return entry.index;
            if (there) break;
            problem = there.error();
            doubt |= problem.certainty == Certainty::unknown;
            if (doubt) problem.certainty = Certainty::unknown;
            if (!problem.retryable || deadline.passed()) co_return fail(problem);
            co_await io::wait_for(again_after);
        }
        problem = errors::busy("the journal");
    }
    co_return fail(problem);
}

io::Task<Result<void>> EtcdStore::restore(std::vector<JournalEntry> entries) {
    const auto head = co_await read_head(0);
    if (!head) co_return fail(head.error());
    ChainCheck check({.index = head->index, .hash = head->hash});
    std::vector<JournalEntry> batch;
    std::size_t bytes = 0;
    for (auto& entry : entries) {
        if (entry.index <= head->index) continue;
        if (const auto fault = check.next(entry)) co_return fail(errors::bad_chain(fault->what));
        const std::size_t more = value_of(entry, "restored").size();
        if (batch.size() == restored_entries_max || bytes + more > restored_bytes_max) {
            const auto done = co_await put_entries(std::exchange(batch, {}));
            if (!done) co_return done;
            bytes = 0;
        }
        bytes += more;
        batch.push_back(std::move(entry));
    }
    if (batch.empty()) co_return Result<void>{};
    co_return co_await put_entries(std::move(batch));
}

io::Task<Result<void>> EtcdStore::put_entries(std::vector<JournalEntry> entries) {
    if (entries.empty()) co_return Result<void>{};
    const auto before = co_await read_head(0);
    if (!before) co_return fail(before.error());
    const auto& last = entries.back();
    const std::string head = json::serialize(json::object{{"index", last.index}, {"hash", last.hash}});
    json::array conditions{version_is(head_key(), before->version)};
    json::array puts{put(head_key(), head)};
    for (const auto& entry : entries) {
        conditions.push_back(version_is(entry_key(entry.index), 0));
        puts.push_back(put(entry_key(entry.index), value_of(entry, "restored")));
    }
    json::object transaction{{"compare", std::move(conditions)}, {"success", std::move(puts)}};
    const auto answer = co_await gateway_.call("/v3/kv/txn", std::move(transaction), Repeatable::no);
    if (!answer) co_return fail(answer.error());
    head_.reset();
    if (is_true(*answer, "succeeded")) co_return Result<void>{};
    co_return fail(errors::busy("the journal"));
}

io::Task<Result<EtcdStore::Page>> EtcdStore::entries_from(
    std::uint64_t from, std::size_t count, std::uint64_t at_revision
) {
    json::object body{
        {"key", base64(entry_key(from))},
        {"range_end", base64(options_.journal + "0")},  // '0' follows '/'
        {"limit", std::to_string(count)},
        {"revision", std::to_string(at_revision)},
    };
    const auto answer = co_await range(std::move(body));
    if (!answer) co_return fail(answer.error());
    const auto* header = answer->if_contains("header");
    if (header == nullptr || !header->is_object()) co_return fail(errors::failed("etcd", "answered without a header"));
    co_return Page{items_of(*answer), etcd_number(header->get_object(), "revision")};
}

io::Task<Result<std::vector<JournalEntry>>> EtcdStore::read(std::uint64_t from, std::size_t count) {
    std::vector<JournalEntry> entries;
    while (entries.size() < count) {
        const std::size_t wanted = std::min(page_entries, count - entries.size());
        const auto page = co_await entries_from(from, wanted, 0);
        if (!page) co_return fail(page.error());
        for (const auto& item : page->items) {
            auto entry = entry_of(item);
            if (!entry) co_return fail(entry.error());
            from = entry->index + 1;
            entries.push_back(std::move(*entry));
        }
        if (page->items.size() < wanted) break;
    }
    co_return entries;
}

io::Task<Result<std::optional<JournalFault>>> EtcdStore::verify() {
    ChainCheck check;
    std::uint64_t revision = 0;
    for (std::uint64_t from = 0;;) {
        const auto page = co_await entries_from(from, page_entries, revision);
        if (!page) co_return fail(page.error());
        if (revision == 0) revision = page->revision;
        for (const auto& item : page->items) {
            const auto entry = entry_of(item);
            if (!entry) co_return JournalFault{from, entry.error().message};
            if (auto fault = check.next(*entry)) co_return fault;
            if (etcd_number(item, "version") != 1) {
                co_return JournalFault{entry->index, fmt::format("entry {} was written again", entry->index)};
            }
            from = entry->index + 1;
        }
        if (page->items.size() < page_entries) break;
    }
    const auto head = co_await read_head(revision);
    if (!head) co_return fail(head.error());
    co_return check.end(head->index, head->hash);
}

io::Task<std::vector<EtcdStatus>> EtcdStore::status() {
    std::vector<EtcdStatus> all;
    for (const auto& endpoint : gateway_.endpoints()) {
        EtcdStatus member{.endpoint = endpoint};
        const auto answer = co_await gateway_.ask(endpoint, "/v3/maintenance/status", {});
        if (answer) {
            const auto* header = answer->if_contains("header");
            const std::uint64_t leader = etcd_number(*answer, "leader");
            member.answers = true;
            if (header && header->is_object()) member.id = etcd_number(header->get_object(), "member_id");
            member.has_leader = leader != 0;
            member.leads = member.has_leader && header && header->is_object() &&
                           etcd_number(header->get_object(), "member_id") == leader;
            member.database_bytes = etcd_number(*answer, "dbSize");
            member.raft_index = etcd_number(*answer, "raftIndex");
            if (const auto* version = answer->if_contains("version"); version && version->is_string())
                member.version = version->get_string().c_str();
        } else {
            member.problem = answer.error().message;
        }
        all.push_back(std::move(member));
    }
    co_return all;
}

io::Task<Result<std::vector<EtcdMemberInfo>>> EtcdStore::members() {
    json::object nothing;
    const auto answer = co_await gateway_.call("/v3/cluster/member/list", std::move(nothing), Repeatable::yes);
    if (!answer) co_return fail(of_a_read(answer.error()));
    std::vector<EtcdMemberInfo> all;
    const auto* list = answer->if_contains("members");
    if (list == nullptr || !list->is_array()) co_return fail(errors::failed("etcd", "answered without members"));
    for (const auto& item : list->get_array()) {
        if (!item.is_object()) continue;
        const json::object& fields = item.get_object();
        EtcdMemberInfo member{.id = etcd_number(fields, "ID")};
        if (const auto* name = fields.if_contains("name"); name && name->is_string())
            member.name = name->get_string().c_str();
        if (const auto* urls = fields.if_contains("peerURLs"); urls && urls->is_array()) {
            for (const auto& url : urls->get_array()) {
                if (url.is_string()) member.peer_urls.emplace_back(url.get_string());
            }
        }
        all.push_back(std::move(member));
    }
    co_return all;
}

io::Task<Result<void>> EtcdStore::remove_member(std::uint64_t id) {
    json::object body{{"ID", std::to_string(id)}};
    const auto answer = co_await gateway_.call("/v3/cluster/member/remove", std::move(body), Repeatable::no);
    if (!answer) co_return fail(answer.error());
    co_return Result<void>{};
}

io::Task<Result<void>> EtcdStore::add_member(std::string peer_url) {
    json::object body{{"peerURLs", json::array{json::string(peer_url)}}};
    const auto answer = co_await gateway_.call("/v3/cluster/member/add", std::move(body), Repeatable::no);
    if (!answer) co_return fail(answer.error());
    co_return Result<void>{};
}

io::Task<Result<void>> EtcdStore::lead_from(io::Endpoint member) {
    const auto wanted = co_await gateway_.ask(member, "/v3/maintenance/status", {});
    if (!wanted) co_return fail(wanted.error());
    const auto* header = wanted->if_contains("header");
    const std::uint64_t id = header && header->is_object() ? etcd_number(header->get_object(), "member_id") : 0;
    const std::uint64_t leader = etcd_number(*wanted, "leader");
    if (id == leader) co_return Result<void>{};
    if (id == 0 || leader == 0) co_return fail(errors::no_quorum(member.text()));
    // Only the leader can give it away, and only it knows that it leads.
    for (const auto& endpoint : gateway_.endpoints()) {
        if (endpoint == member) continue;
        json::object body{{"targetID", std::to_string(id)}};
        const auto moved = co_await gateway_.ask(endpoint, "/v3/maintenance/transfer-leadership", std::move(body));
        if (moved) co_return Result<void>{};
    }
    co_return fail(errors::failed(member.text(), "the member that leads does not hand over"));
}

}  // namespace cloudshelf::store
