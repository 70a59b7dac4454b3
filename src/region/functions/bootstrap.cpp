#include "region/functions/bootstrap.hpp"

#include <fmt/format.h>

#include <elf.h>
#include <string>

namespace cloudshelf::functions {
namespace {

#if defined(__x86_64__)
constexpr unsigned host_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr unsigned host_machine = EM_AARCH64;
#else
#error "functions run on x86_64 and arm64"
#endif

std::string name_of(unsigned machine) {
    if (machine == EM_X86_64) return "x86_64";
    if (machine == EM_AARCH64) return "arm64";
    if (machine == EM_386) return "i386";
    if (machine == EM_ARM) return "arm (32 bits)";
    return fmt::format("machine {} of the ELF specification", machine);
}

std::unexpected<Error> refuse(std::string_view what) {
    return fail(
        "functions.bad-package",
        fmt::format(
            "bootstrap is {}; expected was an ELF executable for {} (64 bits), or a script that begins with #!",
            what,
            host_architecture()
        )
    );
}

unsigned byte_at(std::string_view head, std::size_t at) {
    return static_cast<unsigned char>(head[at]);
}

}  // namespace

std::string_view host_architecture() {
    return host_machine == EM_X86_64 ? "x86_64" : "arm64";
}

Result<void> check_bootstrap(std::string_view head) {
    if (head.starts_with("#!")) return {};
    if (head.size() < bootstrap_head_bytes || !head.starts_with(std::string_view(ELFMAG, SELFMAG)))
        return refuse("neither of the two");
    const bool little = byte_at(head, EI_DATA) == ELFDATA2LSB;
    if (!little) return refuse("an ELF file with its bytes in the other order");
    const unsigned type = byte_at(head, 16) | byte_at(head, 17) << 8;
    const unsigned machine = byte_at(head, 18) | byte_at(head, 19) << 8;
    if (machine != host_machine || byte_at(head, EI_CLASS) != ELFCLASS64)
        return refuse(fmt::format("an ELF file for {}", name_of(machine)));
    if (type != ET_EXEC && type != ET_DYN) return refuse("an ELF file that cannot be executed");
    return {};
}

}  // namespace cloudshelf::functions
