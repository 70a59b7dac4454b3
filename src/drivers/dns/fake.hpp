#pragma once

#include "drivers/dns/dns.hpp"
#include "drivers/dns/errors.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace cloudshelf::dns {

/// The contract of dns.hpp in memory, for tests of what stands on it; contract_test.hpp holds it to the real one.
class FakeNameserver {
public:
    enum class State {
        running,
        stopped,        // nothing listens: not_done
        silent,         // frozen, or cut off before the question arrives: unknown, and not done
        silent_answer,  // does what it is told, and the answer is lost: unknown, and done
    };

    FakeNameserver(std::string zone, std::vector<RecordSet> records) : zone_(std::move(zone)) { store(records); }

    void become(State state) { state_ = state; }

    Result<Version> read_version() const {
        if (state_ != State::running) return fail(away());
        return version_;
    }

    Result<Answer> query(const std::string& name, const std::string& type) const {
        if (state_ != State::running) return fail(away());
        const auto found = records_.find({name, type});
        if (found == records_.end()) return Answer{};
        return Answer{.values = found->second.values, .ttl = found->second.ttl};
    }

    Result<void> compare_and_swap(Version expected, Version next, const std::vector<RecordSet>& records) {
        if (const auto checked = check(zone_, records); !checked) return checked;
        if (next <= expected) return fail(errors::stale_epoch("fake", text(expected), text(next)));
        if (state_ == State::stopped) return fail(errors::not_running("fake"));
        if (state_ == State::silent) return fail(errors::no_answer("fake", "no answer in time"));
        if (version_ != expected) {
            if (state_ == State::silent_answer) return fail(errors::no_answer("fake", "no answer in time"));
            return fail(errors::stale("fake", text(expected)));
        }
        version_ = next;
        store(records);
        if (state_ == State::silent_answer) return fail(errors::no_answer("fake", "no answer in time"));
        return {};
    }

    Result<void> apply(Version version, const std::vector<RecordSet>& records) {
        if (const auto checked = check(zone_, records); !checked) return checked;
        if (state_ != State::running) return fail(away());
        if (version_ > version) return fail(errors::stale_epoch("fake", text(version_), text(version)));
        if (version_ < version) return compare_and_swap(version_, version, records);
        for (const auto& set : records) {
            const auto found = records_.find({set.name, set.type});
            if (found == records_.end() || found->second.values != set.values || found->second.ttl != set.ttl)
                return fail(errors::stale_epoch("fake", text(version_) + " with other records", text(version)));
        }
        return {};
    }

private:
    /// A question without an answer changes nothing.
    Error away() const {
        if (state_ == State::stopped) return errors::not_running("fake");
        Error error = errors::no_answer("fake", "no answer in time");
        error.certainty = Certainty::not_done;
        return error;
    }
    void store(const std::vector<RecordSet>& records) {
        for (const auto& set : records) records_[{set.name, set.type}] = set;
    }

    std::string zone_;
    State state_ = State::running;
    Version version_;
    std::map<std::pair<std::string, std::string>, RecordSet> records_;
};

}  // namespace cloudshelf::dns
