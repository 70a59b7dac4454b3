#pragma once

#include "base/result.hpp"
#include "io/task.hpp"
#include "region/contents/key_file.hpp"
#include "region/objects/service.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace cloudshelf::objects {

/// Brings contents under the newest versions of their keys: after the key file has changed, and after each start, as a
/// stop may have come in between. Lives on the service's executor.
class Rewrapper {
public:
    Rewrapper(Service& service, std::shared_ptr<const contents::KeyFile> keys)
        : service_(service), keys_(std::move(keys)) {}

    /// Reads the key file again: new contents are encrypted by it from now on, and a round begins behind. Answers the
    /// keys. Errors: those of KeyFile::read; "objects.key-gone" where a name is missing that there was, as its contents
    /// could not be read any more. After an error the keys are what they were.
    io::Task<Result<std::shared_ptr<const contents::KeyFile>>> take_keys();

    /// A round through all contents. Asked for during one, it is followed by another.
    io::Task<void> run();

    /// Of the round that is under way, else of the last.
    struct Round {
        std::uint64_t looked = 0;
        std::uint64_t rewrapped = 0;
        std::uint64_t failed = 0;  // stay under the version that they have
        std::string why;           // of the last that failed
    };
    const Round& round() const { return round_; }
    bool running() const { return running_; }

private:
    io::Task<void> go_through();

    Service& service_;
    std::shared_ptr<const contents::KeyFile> keys_;
    Round round_;
    bool running_ = false;
    bool again_ = false;
};

}  // namespace cloudshelf::objects
