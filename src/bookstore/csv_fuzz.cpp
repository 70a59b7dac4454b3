#include "base/assert.hpp"
#include "bookstore/csv.hpp"

#include <cstddef>
#include <cstdint>

/// Any bytes as a file: the reader always gets on, never gives more than there was, and ends.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    cloudshelf::bookstore::CsvReader reader({reinterpret_cast<const char*>(data), size});
    std::size_t records = 0;
    std::size_t bytes = 0;
    while (!reader.at_end()) {
        const auto record = reader.next();
        CLOUDSHELF_ASSERT(++records <= size + 1);
        if (!record) continue;
        CLOUDSHELF_ASSERT(!record->fields.empty());
        for (const auto& field : record->fields) bytes += field.size();
    }
    CLOUDSHELF_ASSERT(bytes <= size);
    return 0;
}
