#include "region/contents/errors.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace cloudshelf::contents {

Error missing(const ContentName& name) {
    return {.code = "contents.missing", .message = fmt::format("there is no content {}", flat(name))};
}

Error corrupt(const ContentName& name, std::string_view why) {
    return {
        .code = "contents.corrupt",
        .message = fmt::format("content {}: {}: fetch it from the other region", flat(name), why)
    };
}

Error no_key(std::string_view key, std::uint32_t version, std::string_view why) {
    std::string which = version == 0 ? fmt::format("key {}", key) : fmt::format("key {} version {}", key, version);
    return {
        .code = "contents.no-key", .message = fmt::format("{}: {}: put the right key file back in place", which, why)
    };
}

Error mismatch(std::string_view expected, std::string_view found) {
    return {
        .code = "contents.mismatch",
        .message = fmt::format("the bytes have the SHA-256 {}, announced was {}", found, expected)
    };
}

Error disk_full(std::string_view why) {
    return {.code = "contents.disk-full", .message = fmt::format("nothing was written: {}", why), .retryable = true};
}

Error io_failed(std::string_view path, std::string_view doing, int number) {
    if (number == ENOSPC || number == EDQUOT) return disk_full(fmt::format("{}: {}", path, std::strerror(number)));
    return {.code = "contents.io", .message = fmt::format("{}: {}: {}", path, doing, std::strerror(number))};
}

Error needs_reopening() {
    return {
        .code = "contents.io",
        .message = "a folder could not be fsynced: nothing is written until the folder is opened anew"
    };
}

Error bad_name() {
    return {
        .code = "contents.bad-name",
        .message = "a content is named by 64 hexadecimal digits and a key of 1 to 64 letters, digits, _ and -"
    };
}

}  // namespace cloudshelf::contents
