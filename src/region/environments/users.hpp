#pragma once

#include <optional>
#include <sys/types.h>
#include <vector>

namespace cloudshelf::functions {

/// Users by number, each for one environment at a time.
class Users {
public:
    Users(uid_t first, std::size_t count) : are_used_(first != 0) {
        for (std::size_t i = count; first != 0 && i > 0; --i) free_.push_back(first + static_cast<uid_t>(i) - 1);
    }

    /// Whether environments have users of their own at all.
    bool are_used() const { return are_used_; }
    std::optional<uid_t> take() {
        if (free_.empty()) return std::nullopt;
        const uid_t user = free_.back();
        free_.pop_back();
        return user;
    }
    /// Nothing of it may be left.
    void give_back(uid_t user) { free_.push_back(user); }

private:
    bool are_used_;
    std::vector<uid_t> free_;
};

}  // namespace cloudshelf::functions
