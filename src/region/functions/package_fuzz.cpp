#include "base/assert.hpp"
#include "region/functions/package_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>

namespace {

using cloudshelf::Result;

/// Holds what the reader promises to whoever writes files.
class StrictSink : public cloudshelf::functions::PackageSink {
public:
    explicit StrictSink(std::size_t bytes_max) : bytes_max_(bytes_max) {}
    Result<void> folder(const std::string& path) override {
        check(path);
        return {};
    }
    Result<void> begin_file(const std::string& path, bool) override {
        check(path);
        CLOUDSHELF_ASSERT(files_.insert(path).second);
        return {};
    }
    Result<void> write(std::string_view bytes) override {
        bytes_ += bytes.size();
        CLOUDSHELF_ASSERT(bytes_ <= bytes_max_);
        return {};
    }
    Result<void> end_file() override { return {}; }

    bool has_bootstrap() const { return files_.contains("bootstrap"); }

private:
    static void check(const std::string& path) {
        const std::filesystem::path inner(path);
        CLOUDSHELF_ASSERT(!path.empty() && inner.is_relative() && inner.lexically_normal() == inner);
        for (const auto& part : inner) CLOUDSHELF_ASSERT(part != ".." && part != ".");
    }

    std::size_t bytes_max_;
    std::size_t bytes_ = 0;
    std::set<std::string> files_;
};

}  // namespace

/// Any bytes as a package: nothing leads out, nothing is there twice, no limit is passed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace cloudshelf::functions;
    PackageLimits limits;
    limits.unpacked_bytes_max = 1 << 20;
    limits.entries_max = 100;
    StrictSink sink(limits.unpacked_bytes_max);
    const auto read = read_package(std::string_view(reinterpret_cast<const char*>(data), size), limits, sink);
    CLOUDSHELF_ASSERT(!read || sink.has_bootstrap());
    return 0;
}
