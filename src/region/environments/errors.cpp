#include "region/environments/errors.hpp"

namespace cloudshelf::functions {

Error throttled(std::string_view why) {
    return {.code = "functions.throttled", .message = std::string(why), .retryable = true};
}

Error stopping(Certainty certainty) {
    return {
        .code = "functions.stopping",
        .message = "the host of functions is being stopped",
        .certainty = certainty,
        .retryable = true,
    };
}

}  // namespace cloudshelf::functions
