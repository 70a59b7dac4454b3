// Goal: a package is read whole or refused, and never leads out of its folder. Method: a good one, and each kind of bad
// one that the format allows, made byte by byte.
#include "region/functions/package_reader.hpp"

#include "region/functions/bootstrap.hpp"
#include "region/functions/zip_test.hpp"
#include "support/corpus.hpp"

#include <gtest/gtest.h>

#include <elf.h>
#include <map>

extern "C" int fuzz_package(const std::uint8_t* data, std::size_t size);

namespace cloudshelf::functions {
namespace {

using testing::deflated;
using testing::package;
using testing::script;
using testing::ZipBytes;

/// Keeps what it gets.
class Kept : public PackageSink {
public:
    Result<void> folder(const std::string& path) override {
        files[path + "/"] = "";
        return {};
    }
    Result<void> begin_file(const std::string& path, bool executable) override {
        current = &files[path + (executable ? "*" : "")];
        return {};
    }
    Result<void> write(std::string_view bytes) override {
        current->append(bytes);
        return {};
    }
    Result<void> end_file() override { return {}; }

    std::map<std::string, std::string> files;
    std::string* current = nullptr;
};

/// Why a package is refused, or an empty text.
std::string refusal(const std::string& zip, PackageLimits limits = {}) {
    Kept kept;
    const auto read = read_package(zip, limits, kept);
    if (read) return "";
    EXPECT_EQ(read.error().code, "functions.bad-package");
    return read.error().message;
}

TEST(PackageReader, ReadsFilesFoldersAndWhatMayBeExecuted) {
    Kept kept;
    const auto zip = package({
        {.name = "lib/", .content = "", .mode = 0040755},
        {.name = "lib/data.txt", .content = "data", .mode = 0100644},
        {.name = "deep/er/tool", .content = "tool", .mode = 0106755},
        {.name = "b\xc3\xbc"
                 "cher.txt",
         .content = "x",
         .mode = 0100600},
    });
    ASSERT_TRUE(read_package(zip, {}, kept));
    const std::map<std::string, std::string> expected{
        {"bootstrap*", script},
        {"lib/", ""},
        {"lib/data.txt", "data"},
        {"deep/er/tool*", "tool"},
        {"b\xc3\xbc"
         "cher.txt",
         "x"},
    };
    EXPECT_EQ(kept.files, expected);
}

TEST(PackageReader, ReadsDeflated) {
    Kept kept;
    const std::string text(100'000, 'x');
    ASSERT_TRUE(read_package(deflated({{"bootstrap", script}, {"text", text}}), {}, kept));
    EXPECT_EQ(kept.files["text*"], text);
}

TEST(PackageReader, RefusesPathsThatLeadOut) {
    for (const std::string name :
         {"/etc/passwd",
          "../out",
          "a/../../out",
          "a/..",
          "./a",
          "a//b",
          "..\\out",
          "a/b\\c",
          "..",
          ".",
          "a/./b",
          "//a",
          "a\nb"}) {
        EXPECT_NE(refusal(package({{.name = name, .content = "x"}})), "") << name;
    }
    EXPECT_NE(refusal(package({{.name = std::string(1025, 'a'), .content = "x"}})), "");
    EXPECT_NE(refusal(package({{.name = std::string(256, 'a'), .content = "x"}})), "");
}

TEST(PackageReader, RefusesWhatIsNoFile) {
    for (const unsigned mode : {0120777u, 0020644u, 0060644u, 0140644u}) {
        EXPECT_NE(refusal(package({{.name = "odd", .content = "bootstrap", .mode = mode}})), "") << std::oct << mode;
    }
}

TEST(PackageReader, RefusesNamesThatComeTwice) {
    EXPECT_TRUE(refusal(package({{.name = "bootstrap", .content = script}})).contains("twice"));
    EXPECT_NE(refusal(package({{.name = "a", .content = "x"}, {.name = "a/b", .content = "x"}})), "");
    EXPECT_NE(refusal(package({{.name = "a/b", .content = "x"}, {.name = "a", .content = "x"}})), "");
    EXPECT_NE(refusal(package({{.name = "a", .content = "x"}, {.name = "a/", .mode = 0040755}})), "");
    EXPECT_NE(refusal(package({{.name = "a/", .mode = 0040755}, {.name = "a/", .mode = 0040755}})), "");
}

TEST(PackageReader, RefusesWhatIsEncryptedOrPackedOtherwise) {
    EXPECT_TRUE(
        refusal(package({{.name = "secret", .content = std::string(20, 'x'), .flags = 0x0801}})).contains("encrypted")
    );
    EXPECT_NE(refusal(package({{.name = "bzip2", .content = "BZh91AY", .method = 12}})), "");
}

TEST(PackageReader, BelievesNoHeader) {
    EXPECT_NE(refusal(package({{.name = "a", .content = "abc", .crc = 1}})), "");
    EXPECT_NE(refusal(package({{.name = "a", .content = "abc", .size = 4'000'000'000}})), "");
    const auto good = package({{.name = "a", .content = std::string(1000, 'x')}});
    for (const std::size_t length : {good.size() - 1, good.size() / 2, std::size_t{10}}) {
        EXPECT_NE(refusal(good.substr(0, length)), "") << length;
    }
    EXPECT_NE(refusal("no zip"), "");
    EXPECT_EQ(refusal(""), "Uploaded file must be a non-empty zip");
    EXPECT_EQ(refusal(ZipBytes().bytes()), "Uploaded file must be a non-empty zip");
}

TEST(PackageReader, HasLimits) {
    PackageLimits limits;
    limits.unpacked_bytes_max = 1000;
    EXPECT_EQ(
        refusal(deflated({{"bootstrap", script}, {"a", std::string(1001, 'x')}}), limits),
        "Unzipped size must be smaller than 1000 bytes"
    );
    limits = {};
    limits.entries_max = 2;
    EXPECT_EQ(refusal(package({{.name = "a", .content = "x"}}), limits), "");
    EXPECT_NE(refusal(package({{.name = "a", .content = "x"}, {.name = "b", .content = "x"}}), limits), "");
    limits = {};
    limits.zip_bytes_max = 100;
    EXPECT_NE(refusal(package(), limits), "");
    limits = {};
    limits.ratio_from_bytes = 1 << 20;
    const auto bomb = deflated({{"bootstrap", script}, {"zeros", std::string(8 << 20, '\0')}});
    EXPECT_TRUE(refusal(bomb, limits).contains("times as large"));
}

TEST(PackageReader, WantsABootstrap) {
    const auto only = [](const testing::Entry& entry) { return refusal(ZipBytes().add(entry).bytes()); };
    EXPECT_TRUE(only({.name = "main", .content = script}).contains("no file named bootstrap"));
    EXPECT_TRUE(only({.name = "bin/bootstrap", .content = script}).contains("no file named bootstrap"));
    EXPECT_TRUE(only({.name = "bootstrap", .content = script, .mode = 0100644}).contains("0644"));
    EXPECT_TRUE(only({.name = "bootstrap", .content = "hello"}).contains("neither of the two"));
    EXPECT_TRUE(only({.name = "bootstrap", .content = ""}).contains("neither of the two"));
    EXPECT_NE(only({.name = "bootstrap/", .mode = 0040755}), "");
}

std::string elf(unsigned machine, unsigned type = ET_DYN, unsigned elf_class = ELFCLASS64) {
    std::string head(64, '\0');
    head.replace(0, SELFMAG, ELFMAG);
    head[EI_CLASS] = static_cast<char>(elf_class);
    head[EI_DATA] = ELFDATA2LSB;
    head[16] = static_cast<char>(type);
    head[18] = static_cast<char>(machine);
    return head;
}

TEST(Bootstrap, IsOfThisHostsArchitecture) {
    const bool x86 = host_architecture() == "x86_64";
    EXPECT_TRUE(check_bootstrap(elf(x86 ? EM_X86_64 : EM_AARCH64)));
    EXPECT_TRUE(check_bootstrap(elf(x86 ? EM_X86_64 : EM_AARCH64, ET_EXEC)));
    EXPECT_TRUE(check_bootstrap("#!/bin/sh"));
    const auto other = check_bootstrap(elf(x86 ? EM_AARCH64 : EM_X86_64));
    ASSERT_FALSE(other);
    EXPECT_TRUE(other.error().message.contains(x86 ? "an ELF file for arm64" : "an ELF file for x86_64"));
    EXPECT_TRUE(other.error().message.contains("expected was an ELF executable for " + std::string(host_architecture()))
    );
    EXPECT_FALSE(check_bootstrap(elf(x86 ? EM_X86_64 : EM_AARCH64, ET_REL)));
    EXPECT_FALSE(check_bootstrap(elf(x86 ? EM_X86_64 : EM_AARCH64, ET_DYN, ELFCLASS32)));
    EXPECT_FALSE(check_bootstrap(elf(EM_386)));
}

TEST(Fuzzer, Packages) {
    cloudshelf::testing::feed("region_functions_package_fuzz", fuzz_package, 500);
}

}  // namespace
}  // namespace cloudshelf::functions
