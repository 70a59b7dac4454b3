#include "base/assert.hpp"
#include "plan/load.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

/// Any bytes are either a plan or have at least one problem, each of which can be printed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto plan = cloudshelf::plan::load(text, "fuzz.yaml");
    if (plan) {
        CLOUDSHELF_ASSERT(plan->digest.size() == 64);
    } else {
        CLOUDSHELF_ASSERT(!plan.error().empty());
        for (const auto& problem : plan.error()) CLOUDSHELF_ASSERT(!cloudshelf::plan::to_string(problem).empty());
    }
    return 0;
}
