#include "controller/state_api.hpp"

#include "base/version.hpp"
#include "controller/json_path.hpp"
#include "io/log.hpp"
#include "store/journal_lines.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace cloudshelf::controller {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr const char* rebuild_key = "control/rebuild";  // the term of the newest rebuild or restore
constexpr Duration ask_limit = 1s;                      // for one region's answer
constexpr std::size_t entries_at_once = 2000;           // brought back from our copy of the journal

io::HttpResponse refused(const Error& error) {
    const bool guard = error.code.starts_with("guard.");
    return io::HttpResponse::error(guard ? 409 : 503, error.code, error.message);
}

/// What belongs to whoever leads now, or is written anew.
bool is_of_the_moment(std::string_view key) {
    return key == leader_key || key == term_key || key == format_key || key == rebuild_key;
}

std::uint64_t as_number(const std::optional<store::Entry>& entry) {
    return entry ? std::strtoull(entry->value.c_str(), nullptr, 10) : 0;
}

/// A lease without its beats: they say when it was taken down, not what it is.
std::string without_beat(const std::string& value) {
    auto record = core::parse_lease(value);
    if (!record) return value;
    record->beat = 0;
    return core::to_json(*record);
}

io::HttpResponse ok(const json::object& body) {
    return io::HttpResponse::json(200, json::serialize(body));
}

}  // namespace

StateApi::StateApi(
    const Services& services,
    const ControllerConfig& config,
    const Applications& applications,
    Leadership& leadership,
    const Peers& peers,
    const JournalCopy& copy
)
    : services_(services),
      config_(config),
      applications_(applications),
      leadership_(leadership),
      peers_(peers),
      copy_(copy) {}

io::Task<io::HttpResponse> StateApi::answer(io::HttpRequest request, ApiToken token) {
    const std::string path(request.path());
    const bool post = request.method == "POST";
    if (path == "/v1/state" && !post) co_return co_await keys();
    if (path == "/v1/state/journal" && !post) co_return co_await journal(std::move(request));
    if (path == "/v1/state/restore" && post) co_return co_await restore(std::move(request), std::move(token));
    if (path == "/v1/state/rebuild" && post) co_return co_await rebuild(std::move(request), std::move(token));
    co_return io::HttpResponse::error(404, "no-such-call", path);
}

// --- taken away ----------------------------------------------------------------------------------------------------

io::Task<io::HttpResponse> StateApi::keys() {
    json::array all;
    for (const char* prefix : {"app/", "control/"}) {
        const auto found = co_await services_.store.list(prefix);
        if (!found) co_return refused(found.error());
        for (const auto& [key, entry] : *found) {
            if (key == leader_key || key == rebuild_key) continue;
            const bool lease = key.starts_with("app/") && key.ends_with("/lease");
            all.push_back({{"key", key}, {"value", lease ? without_beat(entry.value) : entry.value}});
        }
    }
    co_return ok(
        {{"site", config_.site.value()}, {"version", version}, {"format", state_format}, {"keys", std::move(all)}}
    );
}

io::Task<io::HttpResponse> StateApi::journal(io::HttpRequest request) {
    const std::string from = request.query("from");
    const std::uint64_t first = from.empty() ? 1 : std::stoull(from);
    const auto entries = co_await services_.store.read(first, config_.limits.journal_page);
    if (!entries) co_return refused(entries.error());
    json::array list;
    std::size_t bytes = 0;
    for (const auto& entry : *entries) {
        bytes += entry.data.size();
        if (bytes > config_.limits.journal_page_bytes && !list.empty()) break;
        list.push_back(store::to_json(entry));
    }
    co_return ok({{"entries", std::move(list)}});
}

// --- what writes ---------------------------------------------------------------------------------------------------

io::Task<Result<std::uint64_t>> StateApi::newest_term() {
    const auto term = co_await services_.store.get(term_key);
    if (!term) co_return fail(term.error());
    const auto rebuilt = co_await services_.store.get(rebuild_key);
    if (!rebuilt) co_return fail(rebuilt.error());
    std::uint64_t newest = std::max({
        as_number(*term),
        as_number(*rebuilt),
        leadership_.known().value(),
        copy_.newest_term().value(),
    });
    for (const auto& [site, seen] : peers_.seen()) newest = std::max({newest, seen.known_term, seen.journal_term});
    co_return newest;
}

io::Task<Result<void>> StateApi::set(std::string key, std::string value) {
    const auto there = co_await services_.store.get(key);
    if (!there) co_return fail(there.error());
    const std::uint64_t revision = *there ? (*there)->revision : 0;
    const auto swapped = co_await services_.store.compare_and_swap(key, revision, value);
    if (!swapped) co_return fail(swapped.error());
    if (swapped->stored || swapped->current.value == value) co_return Result<void>{};
    co_return fail("guard.another-rebuilds", fmt::format("somebody else has just written {}", key));
}

io::Task<Result<void>> StateApi::hold(std::uint64_t term) {
    const auto held = co_await set(rebuild_key, std::to_string(term));
    if (held) services_.store.append_only_while(rebuild_key, term);
    co_return held;
}

io::Task<Result<void>> StateApi::still_hold(std::uint64_t term) {
    const auto there = co_await services_.store.get(rebuild_key);
    if (!there) co_return fail(there.error());
    if (as_number(*there) == term) co_return Result<void>{};
    co_return fail("guard.another-rebuilds", "another rebuild or restore has begun since");
}

io::Task<Result<void>> StateApi::open_for_leaders(std::uint64_t term) {
    const auto held = co_await still_hold(term);
    if (!held) co_return held;
    const auto opened = co_await set(term_key, std::to_string(term));
    // Whoever leads knows nothing of what is there now; the next one reads it.
    if (opened && leadership_.leads()) leadership_.let_go();
    co_return opened;
}

// --- put back ------------------------------------------------------------------------------------------------------

io::Task<Result<void>> StateApi::begin_restore(std::uint64_t* term, std::uint64_t backed_up) {
    const auto leases = co_await services_.store.list("app/");
    if (!leases) co_return fail(leases.error());
    const auto control = co_await services_.store.list("control/");
    if (!control) co_return fail(control.error());
    const auto entries = co_await services_.store.read(1, 1);
    if (!entries) co_return fail(entries.error());
    const bool broken_off = std::ranges::any_of(*control, [](const auto& one) { return one.key == rebuild_key; });
    const bool foreign = std::ranges::any_of(*control, [](const auto& one) { return !is_of_the_moment(one.key); });
    if (!leases->empty() || foreign || (!entries->empty() && !broken_off))
        co_return fail("guard.not-empty", "the state store is not empty: a backup is restored into an empty one only");
    const auto newest = co_await newest_term();
    if (!newest) co_return fail(newest.error());
    *term = std::max(*newest, backed_up) + 1;
    co_return co_await hold(*term);
}

io::Task<Result<json::array>> StateApi::put_back(json::array keys, std::string by, std::string reason) {
    json::array left_out;
    for (const auto& one : keys) {
        const std::string key = json::value_to<std::string>(one.at("key"));
        const std::string value = json::value_to<std::string>(one.at("value"));
        if (is_of_the_moment(key)) continue;
        const auto record = core::parse_lease(value);
        if (!key.starts_with("app/") || !record) {
            const auto swapped = co_await services_.store.compare_and_swap(key, 0, value);
            if (!swapped) co_return fail(swapped.error());
            if (!swapped->stored && swapped->current.value != value)
                co_return fail("guard.not-empty", fmt::format("{} is there already", key));
            continue;
        }
        const auto put = co_await put_back_lease(key, *record, by, reason);
        if (put || put.error().code == "guard.state-there") continue;
        if (!put.error().code.starts_with("guard.")) co_return fail(put.error());
        left_out.push_back({{"lease", key}, {"code", put.error().code}, {"why", put.error().message}});
    }
    co_return left_out;
}

/// What a backup says of a lease is one word among others: the writer may have moved since. So it is proposed like any
/// lease that was lost, and waits for a person where the regions leave it open.
io::Task<Result<void>> StateApi::put_back_lease(
    std::string key, core::LeaseRecord record, std::string by, std::string reason
) {
    const auto whose = std::ranges::find_if(applications_, [&](const auto& application) {
        return application->config().lease_key() == key;
    });
    if (whose == applications_.end())
        co_return fail("guard.unknown-application", fmt::format("no plan here has the lease {}", key));
    const core::LeaseSeen backed_up{record.region, record.epoch, "the backup"};
    auto proposed = co_await propose(**whose, std::nullopt, backed_up);
    if (!proposed) co_return fail(proposed.error());
    co_return co_await write_lease(std::move(*proposed), std::move(by), std::move(reason));
}

io::Task<io::HttpResponse> StateApi::restore(io::HttpRequest request, ApiToken token) {
    if (token.role != Role::approver)
        co_return io::HttpResponse::error(403, "forbidden", "a restore takes the word of an approver");
    const json::value body = json::parse(request.body);
    std::uint64_t term = static_cast<std::uint64_t>(number(body, "/term"));
    if (find(body, "/begin") != nullptr) {
        if (number(body, "/begin/format") > state_format)
            co_return io::HttpResponse::error(
                409, "guard.newer-format", "the backup is of a newer release's format: restore it with that release"
            );
        const auto begun = co_await begin_restore(&term, static_cast<std::uint64_t>(number(body, "/begin/term")));
        if (!begun) co_return refused(begun.error());
        co_return ok({{"term", term}});
    }
    const auto held = co_await still_hold(term);
    if (!held) co_return refused(held.error());
    if (const auto* list = find(body, "/entries")) {
        std::vector<store::JournalEntry> entries;
        for (const auto& one : list->as_array()) {
            auto entry = store::parse_entry(one);
            if (!entry) co_return refused(entry.error());
            entries.push_back(std::move(*entry));
        }
        const auto restored = co_await services_.store.restore(std::move(entries));
        if (!restored) co_return refused(restored.error());
        co_return ok({});
    }
    json::array keys = body.at("finish").at("keys").as_array();
    services_.store.append_only_while(rebuild_key, term);
    auto left_out = co_await put_back(std::move(keys), token.name, text(body, "/finish/reason"));
    if (!left_out) co_return refused(left_out.error());
    const json::object what{
        {"by", token.name}, {"reason", text(body, "/finish/reason")}, {"digest", text(body, "/finish/digest")}
    };
    const auto noted = co_await services_.store.append(0, "", "restore", json::serialize(what));
    if (!noted) co_return refused(noted.error());
    const auto opened = co_await open_for_leaders(term);
    if (!opened) co_return refused(opened.error());
    io::log(io::Level::warning, "controller.state-restored", {{"by", token.name}, {"term", std::to_string(term)}});
    co_return ok({{"term", term}, {"leases_left_out", std::move(*left_out)}});
}

// --- made anew -----------------------------------------------------------------------------------------------------

io::Task<core::RegionSays> StateApi::ask(const SiteConfig& site) {
    core::RegionSays says{.region = site.region};
    io::HttpRequest question{.target = "/v1/status", .headers = {{"Authorization", "Bearer " + services_.site_token}}};
    const auto answer = co_await services_.agents.send(site.agent, std::move(question), io::Deadline::after(ask_limit));
    boost::system::error_code bad;
    const json::value status = answer && answer->status == 200 ? json::parse(answer->body, bad) : json::value();
    says.answers = status.is_object();
    if (!says.answers) co_return says;
    const auto epoch = [&](const char* field) { return Epoch(static_cast<std::uint64_t>(number(status, field))); };
    const std::string state = text(status, "/lease/state");
    says.epoch = epoch("/epoch");
    says.writes = (state == "writing" || state == "paused") && number(status, "/lease/remaining_ms") > 0;
    says.is_writer = is_true(status, "/is_writer");
    if (!text(status, "/seen_lease/region").empty())
        says.seen = core::LeaseSeen{
            .region = RegionName(text(status, "/seen_lease/region")),
            .epoch = epoch("/seen_lease/epoch"),
            .by = fmt::format("the agent of {}", site.region.value()),
        };
    co_return says;
}

io::Task<std::vector<core::RegionSays>> StateApi::ask_regions(const ApplicationConfig& application) {
    std::vector<core::RegionSays> all;
    for (const auto& site : application.sites) {
        if (site.witness) continue;
        auto says = co_await ask(site);
        all.push_back(std::move(says));
    }
    co_return all;
}

io::Task<std::vector<core::LeaseSeen>> StateApi::remembered(const Application& application) {
    std::vector<core::LeaseSeen> seen;
    if (const auto& record = application.lease().record())
        seen.push_back({record->region, record->epoch, fmt::format("the controller of {}", config_.site.value())});
    const std::string name = application.config().name;
    const std::filesystem::path file = copy_.file();
    auto reading = pool_.run([name, file] {
        std::optional<core::LeaseSeen> newest;
        const auto look = [&](const store::JournalEntry& entry) {
            boost::system::error_code bad;
            const json::value data = json::parse(entry.data, bad);
            const bool move = entry.kind == "execution" && text(data, "/state") == "succeeded" &&
                              text(data, "/notes/application") == name;
            const bool rebuilt = entry.kind == "rebuild" && text(data, "/application") == name;
            if (bad || (!move && !rebuilt) || (newest && Epoch(entry.epoch) < newest->epoch)) return;
            newest = core::LeaseSeen{
                RegionName(text(data, move ? "/to" : "/lease/region")),
                Epoch(entry.epoch),
                fmt::format("entry {} of the journal", entry.index)
            };
        };
        [[maybe_unused]] const auto read = store::read_journal_file(file, look);
        return newest;
    });
    const auto newest = co_await std::move(reading);
    if (newest) seen.push_back(*newest);
    co_return seen;
}

io::Task<Result<StateApi::Lost>> StateApi::propose(
    const Application& application, std::optional<RegionName> chosen, std::optional<core::LeaseSeen> also_seen
) {
    const auto there = co_await services_.store.get(application.config().lease_key());
    if (!there) co_return fail(there.error());
    std::optional<core::LeaseRecord> in_store;
    if (*there) {
        const auto parsed = core::parse_lease((*there)->value);
        if (!parsed) co_return fail(parsed.error());
        in_store = *parsed;
    }
    const auto regions = co_await ask_regions(application.config());
    auto elsewhere = co_await remembered(application);
    if (also_seen) elsewhere.push_back(std::move(*also_seen));
    auto rebuild = core::propose_rebuild(regions, elsewhere, in_store, chosen);
    if (!rebuild) co_return fail(rebuild.error());
    co_return Lost{
        .application = &application, .revision = *there ? (*there)->revision : 0, .rebuild = std::move(*rebuild)
    };
}

io::Task<Result<void>> StateApi::write_lease(Lost lost, std::string by, std::string reason) {
    const std::string lease = core::to_json(lost.rebuild.lease);
    const std::string& name = lost.application->config().name;
    const json::object what{
        {"application", name},
        {"lease", json::parse(lease)},
        {"why", lost.rebuild.why},
        {"by", by},
        {"reason", reason},
    };
    const auto noted =
        co_await services_.store.append(lost.rebuild.lease.epoch.value(), "", "rebuild", json::serialize(what));
    if (!noted) co_return fail(noted.error());
    const auto swapped =
        co_await services_.store.compare_and_swap(lost.application->config().lease_key(), lost.revision, lease);
    if (!swapped) co_return fail(swapped.error());
    if (!swapped->stored)
        co_return fail("guard.another-rebuilds", fmt::format("the lease of {} has changed meanwhile", name));
    co_return Result<void>{};
}

/// The journal of the store that was lost, from our own copy of it. Answers how many entries the store's has then.
io::Task<Result<std::uint64_t>> StateApi::bring_back_journal() {
    const auto there = co_await services_.store.read(1, 1);
    if (!there) co_return fail(there.error());
    if (!there->empty() || copy_.last().index == 0) co_return std::uint64_t(0);
    const std::filesystem::path file = copy_.file();
    std::uint64_t from = 1;
    while (from <= copy_.last().index) {
        auto reading = pool_.run([file, from] {
            std::vector<store::JournalEntry> page;
            const auto take = [&](const store::JournalEntry& entry) {
                if (entry.index >= from && page.size() < entries_at_once) page.push_back(entry);
            };
            [[maybe_unused]] const auto read = store::read_journal_file(file, take);
            return page;
        });
        auto page = co_await std::move(reading);
        // A copy that begins later than the journal did cannot be its beginning.
        if (page.empty() || page.front().index != from) co_return from - 1;
        from = page.back().index + 1;
        const auto restored = co_await services_.store.restore(std::move(page));
        if (!restored) co_return fail(restored.error());
    }
    co_return from - 1;
}

io::Task<io::HttpResponse> StateApi::rebuild(io::HttpRequest request, ApiToken token) {
    const json::value body = json::parse(request.body.empty() ? "{}" : request.body);
    const std::string reason = text(body, "/approve");
    std::optional<RegionName> chosen;
    if (const std::string region = text(body, "/region"); !region.empty()) chosen = RegionName(region);
    if (!reason.empty() && token.role != Role::approver)
        co_return io::HttpResponse::error(403, "forbidden", "a rebuild takes the word of an approver");
    const auto ours = std::pair(copy_.last().term, copy_.last().index);
    for (const auto& [site, seen] : peers_.seen()) {
        if (!seen.answers || std::pair(seen.journal_term, seen.journal_index) <= ours) continue;
        co_return refused(
            {.code = "guard.older-journal",
             .message = fmt::format("{} has more of the journal than {}: ask there", site.value(), config_.site.value())
            }
        );
    }
    std::vector<Lost> lost;
    json::array told;
    Error nothing_lost;
    for (const auto& application : applications_) {
        auto proposed = co_await propose(*application, chosen);
        const std::string& name = application->config().name;
        if (!proposed && proposed.error().code != "guard.state-there")
            co_return refused(
                {.code = proposed.error().code, .message = fmt::format("{}: {}", name, proposed.error().message)}
            );
        if (!proposed) {
            nothing_lost = proposed.error();
            continue;
        }
        const std::string lease = core::to_json(proposed->rebuild.lease);
        told.push_back({{"application", name}, {"lease", json::parse(lease)}, {"why", proposed->rebuild.why}});
        lost.push_back(std::move(*proposed));
    }
    const auto newest = co_await newest_term();
    if (!newest) co_return refused(newest.error());
    const auto in_store = co_await services_.store.get(term_key);
    if (!in_store) co_return refused(in_store.error());
    // One that was broken off before its end has leases, and no term that anybody leads over.
    const bool closed = as_number(*in_store) < *newest;
    if (lost.empty() && !closed) co_return refused(nothing_lost);
    const std::uint64_t term = *newest + 1;
    json::object answer{
        {"term", term},
        {"journal", {{"site", config_.site.value()}, {"entries", copy_.last().index}}},
        {"applications", std::move(told)},
        {"written", !reason.empty()},
    };
    if (reason.empty()) co_return ok(answer);

    const auto held = co_await hold(term);
    if (!held) co_return refused(held.error());
    const auto brought = co_await bring_back_journal();
    if (!brought) co_return refused(brought.error());
    for (auto& one : lost) {
        const auto written = co_await write_lease(std::move(one), token.name, reason);
        if (!written) co_return refused(written.error());
    }
    const auto opened = co_await open_for_leaders(term);
    if (!opened) co_return refused(opened.error());
    io::log(
        io::Level::warning,
        "controller.state-rebuilt",
        {{"by", token.name}, {"reason", reason}, {"term", std::to_string(term)}}
    );
    co_return ok(answer);
}

}  // namespace cloudshelf::controller
