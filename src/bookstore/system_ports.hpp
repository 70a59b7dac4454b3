#pragma once

#include "bookstore/ports.hpp"

#include <cstdint>

namespace cloudshelf::bookstore {

class SystemClock : public Clock {
public:
    std::int64_t unix_seconds() override;
    TimePoint now() override;
};

/// From the kernel's generator.
class SystemRandom : public Random {
public:
    std::string uuid() override;
};

/// Argon2id (RFC 9106). The parameters are stored in each hash, so that they may change at any time.
class Argon2Passwords : public Passwords {
public:
    struct Cost {
        std::uint32_t memory_kib = 8 << 10;
        std::uint32_t passes = 1;
    };
    explicit Argon2Passwords(Cost cost);
    std::string hash(const std::string& password) override;
    bool matches(const std::string& hash, const std::string& password) override;

private:
    Cost cost_;
};

}  // namespace cloudshelf::bookstore
