#include "controller/journal_copy.hpp"

#include "io/background.hpp"
#include "io/log.hpp"
#include "store/chain.hpp"

#include <fmt/format.h>

namespace cloudshelf::controller {

namespace fs = std::filesystem;

JournalCopy::JournalCopy(const Services& services, Options options)
    : services_(services), options_(options), file_(services.data / "journal.jsonl") {}

Result<void> JournalCopy::open() {
    const auto note_term = [this](const store::JournalEntry& entry) {
        newest_term_ = std::max(newest_term_, Epoch(entry.term));
    };
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(services_.data, ignored)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with("journal.until-")) continue;
        if (const auto old = store::read_journal_file(entry.path(), note_term); !old) return fail(old.error());
    }
    const auto content = store::read_journal_file(file_, note_term);
    if (!content) return fail(content.error());
    last_ = content->last;
    if (content->fault) return put_aside_as(content->fault->what);
    return open_file(content->whole_bytes);
}

/// Part of a line, left by whoever was ended while writing it, goes: the store still has the entry.
Result<void> JournalCopy::open_file(std::uintmax_t bytes) {
    std::error_code failed;
    if (fs::exists(file_) && fs::file_size(file_, failed) > bytes) fs::resize_file(file_, bytes, failed);
    if (failed) return fail("io.write", fmt::format("{}: {}", file_.string(), failed.message()));
    auto opened = io::AppendFile::open(file_, 0600);
    if (!opened) return fail(opened.error());
    out_ = std::move(*opened);
    bytes_ = bytes;
    return {};
}

Result<void> JournalCopy::put_aside_as(const std::string& why) {
    const std::string name =
        fmt::format("journal.until-{}-{}.jsonl", last_.index, last_.hash.empty() ? "nothing" : last_.hash.substr(0, 8));
    fs::path aside = services_.data / name;
    for (int n = 2; fs::exists(aside); ++n) aside = services_.data / fmt::format("{}.{}", name, n);
    std::error_code failed;
    if (fs::exists(file_)) fs::rename(file_, aside, failed);
    if (failed) return fail("io.write", fmt::format("{}: {}", aside.string(), failed.message()));
    io::log(io::Level::error, "controller.journal-forked", {{"why", why}, {"kept", aside.string()}});
    ++put_aside_;
    last_ = {};
    compared_ = 0;
    return open_file(0);
}

void JournalCopy::begin() {
    io::run_in_background(services_.executor, follow());
}

io::Task<void> JournalCopy::follow() {
    for (;;) {
        const auto looked = co_await look();
        const std::string problem = looked ? std::string() : looked.error().message;
        if (problem != problem_ && !problem.empty())
            io::log(io::Level::warning, "controller.journal-copy", {{"why", problem}});
        problem_ = problem;
        if (!looked || !*looked) co_await io::wait_for(options_.interval);
    }
}

io::Task<Result<bool>> JournalCopy::look() {
    // With the last one that we have, which must be the same.
    const auto found = co_await services_.store.read(std::max<std::uint64_t>(last_.index, 1), options_.page + 1);
    if (!found) co_return fail(found.error());
    if (found->empty() && last_.index == 0) co_return false;
    if (found->empty()) {
        const auto same = co_await compare_with_shorter();
        co_return same;
    }
    is_ahead_ = false;
    compared_ = 0;
    std::vector<store::JournalEntry> entries = *found;
    if (last_.index > 0 && entries.front().index == last_.index) {
        if (entries.front().hash != last_.hash) {
            const auto aside = put_aside_as(fmt::format("entry {} is another one in the store", last_.index));
            if (!aside) co_return fail(aside.error());
            co_return true;
        }
        entries.erase(entries.begin());
    }
    if (entries.empty()) co_return false;
    const std::uint64_t first = entries.front().index;
    if (first != last_.index + 1) {
        const std::string why = fmt::format("entries {} to {} are missing in the store", last_.index + 1, first - 1);
        const auto aside = put_aside_as(why);
        if (!aside) co_return fail(aside.error());
        last_ = {.index = first - 1, .hash = entries.front().previous_hash};
    }
    store::ChainCheck check(last_);
    for (auto entry = entries.begin(); entry != entries.end(); ++entry) {
        const auto fault = check.next(*entry);
        if (!fault) continue;
        // What is right before it is kept; the rest is no journal.
        const std::vector<store::JournalEntry> right(entries.begin(), entry);
        const std::string why = fmt::format("the store's journal: {}", fault->what);
        if (!right.empty()) {
            const auto before = co_await write(right);
            if (!before) co_return fail(before.error());
        }
        co_return fail("journal.bad-chain", why);
    }
    const bool more = entries.size() >= options_.page;
    const auto written = co_await write(std::move(entries));
    if (!written) co_return fail(written.error());
    co_return more;
}

io::Task<Result<void>> JournalCopy::write(std::vector<store::JournalEntry> entries) {
    std::string lines;
    for (const auto& entry : entries) lines += store::to_line(entry);
    auto writing = pool_.run([this, &lines] { return out_.append(lines, io::AppendFile::Sync::yes); });
    const auto done = co_await std::move(writing);
    if (!done) {
        // A full disk leaves half of it there.
        std::error_code ignored;
        fs::resize_file(file_, bytes_, ignored);
        co_return fail(done.error());
    }
    bytes_ += lines.size();
    for (const auto& entry : entries) newest_term_ = std::max(newest_term_, Epoch(entry.term));
    last_ = std::move(entries.back());
    co_return Result<void>{};
}

/// The store ends before we do. It lost what we have; whether it goes on otherwise is seen in what it has.
io::Task<Result<bool>> JournalCopy::compare_with_shorter() {
    if (!is_ahead_)
        io::log(
            io::Level::error,
            "controller.journal-lost",
            {{"copy_ends_at", std::to_string(last_.index)}, {"copy", file_.string()}}
        );
    is_ahead_ = true;
    const auto found = co_await services_.store.read(compared_ + 1, options_.page);
    if (!found) co_return fail(found.error());
    if (found->empty()) co_return false;
    std::map<std::uint64_t, std::string> hashes;
    for (const auto& entry : *found) hashes[entry.index] = entry.hash;
    std::optional<std::uint64_t> other;
    const auto compare = [&](const store::JournalEntry& entry) {
        const auto there = hashes.find(entry.index);
        if (there != hashes.end() && there->second != entry.hash && !other) other = entry.index;
    };
    const auto own = store::read_journal_file(file_, compare);
    if (!own) co_return fail(own.error());
    if (other) {
        const auto aside = put_aside_as(fmt::format("entry {} is another one in the store", *other));
        if (!aside) co_return fail(aside.error());
        co_return true;
    }
    compared_ = found->back().index;
    co_return found->size() == options_.page;
}

}  // namespace cloudshelf::controller
