#include "region/log/errors.hpp"

#include <fmt/format.h>

namespace cloudshelf::changelog {

Error trimmed(Position wanted, Position low_water) {
    return {
        .code = "log.trimmed",
        .message =
            fmt::format("entry {} is gone, entries up to {} are: take a snapshot", wanted.value(), low_water.value())
    };
}

Error corrupt_entry(Position position, const std::string& why) {
    return {
        .code = "log.corrupt",
        .message = fmt::format("entry {}: {}: restore the folder from a peer's snapshot", position.value(), why)
    };
}

Error too_full(std::uint64_t free_bytes) {
    return {
        .code = "log.disk-full",
        .message = fmt::format("writes are refused: {} bytes of the disk are free", free_bytes),
        .retryable = true
    };
}

}  // namespace cloudshelf::changelog
