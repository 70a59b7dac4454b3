#pragma once

#include "base/time.hpp"
#include "region/environments/runner.hpp"

#include <map>
#include <memory>
#include <string>
#include <utility>

namespace cloudshelf::functions {

/// Environments that a version is to have ready, and when the next is started after one failed.
struct Provision {
    std::shared_ptr<const Runnable> code;
    std::size_t requested = 0;
    std::string failure;
    TimePoint not_before{};
    Duration pause{};

    void failed(std::string why, TimePoint now) {
        failure = std::move(why);
        not_before = now + pause;
        pause =
            std::min<Duration>(std::max<Duration>(pause * 2, std::chrono::milliseconds(100)), std::chrono::minutes(1));
    }
    void succeeded() {
        failure.clear();
        pause = {};
    }
};

/// By function and version.
using Provisions = std::map<std::pair<std::string, std::string>, Provision, std::less<>>;

}  // namespace cloudshelf::functions
