#include "region/log/follower.hpp"

#include "base/assert.hpp"
#include "io/log.hpp"
#include "region/log/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace cloudshelf::changelog {

namespace {

constexpr Duration refill_patience = std::chrono::seconds(60);  // the source notes it for each of its tables

/// An answer that is no success, by its name where it has one.
Error refusal(const io::HttpResponse& answer) {
    if (auto error = parse_error(answer.body)) return std::move(*error);
    return {
        .code = "log.refused",
        .message = fmt::format("the source answered {}", answer.status),
        .retryable = answer.status >= 500
    };
}

bool wants_snapshot(const Error& error) {
    return error.code == "log.trimmed" || error.code == "log.other-log" || error.code == "log.forked";
}

}  // namespace

Follower::Follower(ChangeLog* log, io::HttpClient* client, Options options, Apply apply)
    : log_(log), client_(client), options_(std::move(options)), apply_(std::move(apply)) {}

io::Task<Result<io::HttpResponse>> Follower::ask(io::HttpRequest request, Duration limit) {
    request.target.insert(0, options_.prefix);
    if (!options_.secret.empty()) request.headers.emplace_back("Authorization", "Bearer " + options_.secret);
    auto answer = co_await client_->send(options_.source, std::move(request), io::Deadline::after(limit));
    if (!answer) co_return fail(answer.error());
    if (answer->status != 200) co_return fail(refusal(*answer));
    co_return answer;
}

/// Which log is there, and where in it we go on.
io::Task<Result<Followed>> Follower::meet() {
    io::HttpRequest question{.target = "/log/identity"};
    const auto answer = co_await ask(std::move(question), options_.patience);
    if (!answer) co_return fail(answer.error());
    const auto theirs = parse_identity(answer->body);
    if (!theirs) co_return fail(theirs.error());
    const auto before = log_->followed(options_.region);
    if (!before) co_return fail(before.error());
    auto at = where_to_follow(*before, *theirs, log_->identity(), log_->last());
    if (at && *before != *at && theirs->parent == log_->identity().id) {
        if (const auto checksum = log_->checksum_at(at->position)) at->checksum = *checksum;
    }
    co_return at;
}

io::Task<Result<std::size_t>> Follower::pull() {
    auto pulled = co_await pull_page();
    status_.last_error = pulled ? "" : pulled.error().code;
    if (!pulled) {
        at_.reset();  // the other side may be another log by the next time
        if (wants_snapshot(pulled.error())) status_.needs_snapshot = true;
    }
    co_return pulled;
}

io::Task<Result<std::size_t>> Follower::pull_page() {
    if (!at_) {
        const auto met = co_await meet();
        if (!met) co_return fail(met.error());
        at_ = *met;
    }
    status_.position = at_->position;
    io::HttpRequest question{};
    question.target = fmt::format(
        "/log?id={}&after={}&checksum={}&replica={}&wait_ms={}",
        at_->id.value(),
        at_->position.value(),
        at_->checksum,
        log_->options().region.value(),
        std::chrono::duration_cast<std::chrono::milliseconds>(options_.wait).count()
    );
    const auto answer = co_await ask(std::move(question), options_.wait + options_.patience);
    if (!answer && answer.error().code == "log.other-log") {
        // Replaced since we met it. Whether we can go on in the new one is seen when we meet that.
        co_return fail({.code = "log.changed", .message = answer.error().message, .retryable = true});
    }
    if (!answer) co_return fail(answer.error());
    auto decoded = decode_page(answer->body);
    if (decoded) decoded = check(std::move(*decoded));
    if (!decoded) {
        log_->count_refused();
        co_return fail(decoded.error());
    }
    const auto page = std::make_shared<const Page>(std::move(*decoded));
    status_.source_last = page->last;
    const auto taken = co_await take(page);
    if (!taken) co_return fail(taken.error());
    if (page->reached >= page->last) status_.in_step_ms = page->sent_at_ms;
    co_return page->entries.size();
}

io::Task<Result<void>> Follower::refill() {
    io::HttpRequest question{.method = "POST", .target = "/log/refill?replica=" + log_->options().region.value()};
    const auto answer = co_await ask(std::move(question), refill_patience);
    if (!answer) co_return fail(answer.error());
    const auto from = parse_followed(answer->body);
    if (!from) co_return fail(from.error());
    ChangeLog::Decision decision = [this, &from](Batch& batch) -> Result<void> {
        ChangeLog::set_followed(batch, options_.region, *from);
        return {};
    };
    const auto written = co_await log_->write(std::move(decision));
    if (!written) co_return fail(written.error());
    at_.reset();
    status_.needs_snapshot = false;
    co_return Result<void>();
}

/// What the page's own checksums do not say: that it is what we asked for, and of the present.
Result<Page> Follower::check(Page page) {
    if (page.after != at_->position) {
        return fail("log.corrupt", fmt::format("asked for what follows {}", at_->position.value()));
    }
    for (const Entry& entry : page.entries) {
        if (entry.origin == log_->options().region) {
            return fail("log.corrupt", fmt::format("entry {} is our own", entry.position.value()));
        }
        const auto received = log_->receive(entry.stamp);
        if (!received) return fail(received.error());
    }
    return page;
}

/// Applies the page, a part of it in each commit, with where we are then.
io::Task<Result<void>> Follower::take(std::shared_ptr<const Page> page) {
    std::size_t next = 0;
    while (at_->position < page->reached) {
        const std::size_t begin = next;
        next = std::min(begin + options_.batch_entries_max, page->entries.size());
        if (options_.prepare && begin < next) {
            std::vector<Entry> entries(
                page->entries.begin() + static_cast<std::ptrdiff_t>(begin),
                page->entries.begin() + static_cast<std::ptrdiff_t>(next)
            );
            const auto ready = co_await options_.prepare(std::move(entries));
            if (!ready) co_return fail(ready.error());
            CLOUDSHELF_ASSERT(*ready > 0 && *ready <= next - begin);
            next = begin + *ready;
        }
        Followed after = *at_;
        if (next == page->entries.size()) {
            after.position = page->reached;
            after.checksum = page->reached_checksum;
        } else {
            after.position = page->entries[next - 1].position;
            after.checksum = page->entries[next - 1].checksum;
        }
        ChangeLog::Decision decision = [this, page, begin, next, after](Batch& batch) -> Result<void> {
            for (std::size_t i = begin; i < next; ++i) {
                const auto applied = apply_(page->entries[i], batch);
                if (!applied) return fail(applied.error());
            }
            ChangeLog::set_followed(batch, options_.region, after);
            return {};
        };
        const auto written = co_await log_->write(std::move(decision));
        if (!written) co_return fail(written.error());
        at_ = after;
        status_.position = after.position;
        status_.applied += next - begin;
    }
    co_return Result<void>{};
}

io::Task<void> Follower::run() {
    std::string told;
    while (!stopping_) {
        const auto pulled = co_await pull();
        if (pulled) {
            told.clear();
            continue;
        }
        if (pulled.error().code != told && !stopping_) {
            told = pulled.error().code;
            io::log(
                status_.needs_snapshot ? io::Level::error : io::Level::warning,
                "log.follow-failed",
                {{"region", options_.region.value()}, {"code", told}, {"why", pulled.error().message}}
            );
        }
        if (status_.needs_snapshot || stopping_) co_return;
        co_await io::wait_for(options_.retry_after);
    }
}

void Follower::stop() {
    stopping_ = true;
}

}  // namespace cloudshelf::changelog
