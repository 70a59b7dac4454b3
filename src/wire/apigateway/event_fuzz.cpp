// Goal: no event and no answer breaks its reader, and what was read is read again as the same.
#include "wire/apigateway/event.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace cloudshelf::apigateway;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto event = parse_event(text)) {
        const auto printed = print(*event);
        const auto again = parse_event(printed);
        if (!again || print(*again) != printed) std::abort();
    }
    if (const auto answer = parse_answer(text)) {
        const auto printed = print(*answer);
        const auto again = parse_answer(printed);
        if (!again || print(*again) != printed) std::abort();
    }
    return 0;
}
