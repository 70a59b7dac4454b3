#pragma once

#include "store/store.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>

/// The errors of this folder, by name.
namespace cloudshelf::store::errors {

inline std::string of_store(std::string_view where, std::string_view why) {
    return fmt::format("the state store {}: {}", where, why);
}

inline Error too_large(std::string_view what, std::size_t bytes, std::size_t bytes_max) {
    return {
        .code = "store.too-large",
        .message = fmt::format("{} has {} bytes; 1 to {} are possible", what, bytes, bytes_max),
    };
}

/// etcd's quota is reached. In doubt: the change that reaches it may be applied and answered with this all the same
/// (its quotaApplierV3 applies first; seen in one of five runs of the live test). Later ones are not stored.
inline Error disk_full(std::string_view where, std::string_view why) {
    return {
        .code = "store.disk-full",
        .message = fmt::format("the state store {}: {}; nothing more is stored until there is space", where, why),
        .certainty = Certainty::unknown,
    };
}

/// Nothing was sent: nobody listens, or too many ask.
inline Error unreachable(std::string_view where, std::string_view why) {
    return {.code = "store.unreachable", .message = of_store(where, why), .retryable = true};
}

/// The member refused before doing anything: it knows no leader, so fewer than half of the members are left or they
/// are still electing one.
inline Error no_quorum(std::string_view where) {
    return {.code = "store.no-quorum", .message = of_store(where, "the members have no leader"), .retryable = true};
}

/// It was sent, and then came no answer, or one that does not say what happened.
inline Error no_answer(std::string_view where, std::string_view why) {
    return {
        .code = "store.no-answer",
        .message = of_store(where, why),
        .certainty = Certainty::unknown,
        .retryable = true,
    };
}

/// Other writers were always there first.
inline Error busy(std::string_view what) {
    return {
        .code = "store.busy",
        .message = fmt::format("{}: somebody else always came first", what),
        .retryable = true,
    };
}

/// Whoever appends counts on a term that another has ended; nothing was appended.
inline Error term_ended(std::string_view key) {
    return {
        .code = "store.term-ended",
        .message = fmt::format("{} has changed: another leads now, and nothing of ours is appended any more", key),
    };
}

/// Entries that do not follow those that are there.
inline Error bad_chain(std::string_view why) {
    return {.code = "store.bad-chain", .message = std::string(why)};
}

inline Error failed(std::string_view where, std::string_view why) {
    return {.code = "store.failed", .message = of_store(where, why)};
}

/// What key and value of a compare-and-swap must hold.
inline Result<void> check_sizes(const std::string& key, const std::string& value) {
    if (key.empty() || key.size() > key_bytes_max) return fail(too_large("the key", key.size(), key_bytes_max));
    if (value.size() > value_bytes_max) return fail(too_large("the value", value.size(), value_bytes_max));
    return {};
}

inline Result<void> check_data(const std::string& data) {
    if (data.size() <= journal_data_bytes_max) return {};
    return fail(too_large("a journal entry", data.size(), journal_data_bytes_max));
}

}  // namespace cloudshelf::store::errors
