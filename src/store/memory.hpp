#pragma once

#include "store/chain.hpp"
#include "store/errors.hpp"

#include <map>

namespace cloudshelf::store {

/// The same contract in memory, for tests: nothing survives it. It answers late, or not at all, when told to.
class MemoryStore : public Store {
public:
    enum class Manner {
        answers,
        fails,           // nothing is done
        unknown,         // it is done, and the answer is lost
        unknown_undone,  // it is not done, and the answer is lost
    };
    void become(Manner manner) { manner_ = manner; }
    /// What is asked from now on is done and answered that much later.
    void answer_after(Duration delay) { delay_ = delay; }
    /// For tests that tamper.
    std::vector<JournalEntry>& entries() { return entries_; }

    io::Task<Result<std::optional<Entry>>> get(std::string key) override {
        co_await late();
        if (manner_ != Manner::answers) co_return fail(away(Certainty::not_done));
        const auto found = state_.find(key);
        if (found == state_.end()) co_return std::optional<Entry>();
        co_return found->second;
    }

    io::Task<Result<std::vector<KeyedEntry>>> list(std::string prefix) override {
        co_await late();
        if (manner_ != Manner::answers) co_return fail(away(Certainty::not_done));
        std::vector<KeyedEntry> found;
        for (const auto& [key, entry] : state_) {
            if (key.starts_with(prefix)) found.push_back({key, entry});
        }
        co_return found;
    }

    io::Task<Result<Swapped>> compare_and_swap(std::string key, std::uint64_t expected, std::string value) override {
        co_await late();
        if (const auto good = errors::check_sizes(key, value); !good) co_return fail(good.error());
        if (const auto gone = before(); gone) co_return fail(*gone);
        const auto found = state_.find(key);
        const Entry current = found == state_.end() ? Entry{} : found->second;
        Swapped swapped{.stored = current.revision == expected, .current = current};
        if (swapped.stored) swapped.current = state_[key] = {.revision = expected + 1, .value = std::move(value)};
        if (manner_ == Manner::unknown) co_return fail(away(Certainty::unknown));
        co_return swapped;
    }

    io::Task<Result<std::uint64_t>> append(
        std::uint64_t epoch, std::string execution, std::string kind, std::string data
    ) override {
        co_await late();
        if (const auto good = errors::check_data(data); !good) co_return fail(good.error());
        if (const auto gone = before(); gone) co_return fail(*gone);
        if (!term_key_.empty() && state_[term_key_].value != std::to_string(term_))
            co_return fail(errors::term_ended(term_key_));
        JournalEntry entry{
            .index = head_.index + 1,
            .at = io::utc_now(),
            .epoch = epoch,
            .term = term_,
            .execution = std::move(execution),
            .kind = std::move(kind),
            .data = std::move(data),
            .previous_hash = head_.hash,
        };
        entry.hash = hash_of(entry);
        entries_.push_back(entry);
        head_ = std::move(entry);
        if (manner_ == Manner::unknown) co_return fail(away(Certainty::unknown));
        co_return head_.index;
    }

    void append_only_while(std::string key, std::uint64_t term) override {
        term_key_ = std::move(key);
        term_ = term;
    }

    io::Task<Result<void>> restore(std::vector<JournalEntry> entries) override {
        co_await late();
        if (const auto gone = before(); gone) co_return fail(*gone);
        ChainCheck check(head_);
        for (auto& entry : entries) {
            if (entry.index <= head_.index) continue;
            if (const auto fault = check.next(entry)) co_return fail(errors::bad_chain(fault->what));
            entries_.push_back(entry);
            head_ = std::move(entry);
        }
        co_return Result<void>{};
    }

    io::Task<Result<std::vector<JournalEntry>>> read(std::uint64_t from, std::size_t count) override {
        co_await late();
        if (manner_ != Manner::answers) co_return fail(away(Certainty::not_done));
        std::vector<JournalEntry> found;
        for (const auto& entry : entries_) {
            if (entry.index >= from && found.size() < count) found.push_back(entry);
        }
        co_return found;
    }

    io::Task<Result<std::optional<JournalFault>>> verify() override {
        co_await late();
        if (manner_ != Manner::answers) co_return fail(away(Certainty::not_done));
        ChainCheck check;
        for (const auto& entry : entries_) {
            if (auto fault = check.next(entry)) co_return fault;
        }
        co_return check.end(head_.index, head_.hash);
    }

private:
    io::Task<void> late() {
        if (delay_ > Duration::zero()) co_await io::wait_for(delay_);
    }
    static Error away(Certainty certainty) {
        return certainty == Certainty::unknown ? errors::no_answer("in memory", "told to lose its answers")
                                               : errors::unreachable("in memory", "told to be away");
    }
    std::optional<Error> before() const {
        if (manner_ == Manner::fails) return away(Certainty::not_done);
        if (manner_ == Manner::unknown_undone) return away(Certainty::unknown);
        return std::nullopt;
    }

    Manner manner_ = Manner::answers;
    Duration delay_{};
    std::map<std::string, Entry> state_;
    std::vector<JournalEntry> entries_;
    JournalEntry head_;
    std::string term_key_;
    std::uint64_t term_ = 0;
};

}  // namespace cloudshelf::store
