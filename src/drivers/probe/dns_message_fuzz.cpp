#include "base/assert.hpp"
#include "drivers/probe/dns_message.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

/// Any bytes as the answer to a question of ours. The first byte chooses the type asked for, the second how the id and
/// the question are helped to fit, so that what comes after them is reached.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace cloudshelf::probe;
    using enum DnsReading::Says;
    if (size < 2) return 0;
    constexpr std::array types{DnsType::a, DnsType::aaaa, DnsType::txt, DnsType::soa};
    constexpr std::array expectations{"127.0.0.1", "::1", "text", "7"};
    const std::size_t chosen = data[0] % types.size();
    const auto asked = dns_question("api.example.com", types[chosen]);
    const auto expected = dns_data(types[chosen], expectations[chosen]);
    CLOUDSHELF_ASSERT(asked && expected);
    std::string received(reinterpret_cast<const char*>(data) + 2, size - 2);
    if (data[1] % 2 == 1 && received.size() >= 4) {
        received = *asked + received.substr(4);
        received[2] = static_cast<char>(0x80 | (data[4] & 0x02));
        received[3] = static_cast<char>(data[5] & 0x03);
        received[6] = 0;
        received[7] = static_cast<char>(data[3]);
    }
    const auto any = read_dns_answer(*asked, received, "");
    const auto that = read_dns_answer(*asked, received, *expected);
    // What is expected only narrows what is accepted.
    CLOUDSHELF_ASSERT(that.says == any.says || (any.says == wanted && that.says == other));
    CLOUDSHELF_ASSERT((any.says == error) == (any.rcode != 0) && any.rcode <= 15);

    // A name is a question or it is none; what is one can be read back.
    const auto odd = dns_question(received.substr(0, 300), types[chosen]);
    if (odd) {
        std::string echoed = *odd;
        echoed[2] = static_cast<char>(0x80);
        CLOUDSHELF_ASSERT(read_dns_answer(*odd, echoed, "").says == other);
    }
    return 0;
}
