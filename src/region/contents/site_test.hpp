#pragma once

#include "base/digest.hpp"
#include "base/random.hpp"
#include "region/contents/store.hpp"
#include "support/temporary_folder.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <random>
#include <string>
#include <vector>

/// What the tests of this module share: a store in a folder of its own, and hands on its files.
namespace cloudshelf::contents::testing {

inline std::uint64_t seed_of_this_run() {
    const char* const given = std::getenv("CLOUDSHELF_SEED");
    const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
    fmt::print("CLOUDSHELF_SEED={}\n", seed);
    return seed;
}

inline std::string random_text(Random& random, std::size_t bytes) {
    std::string text(bytes, '\0');
    for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(random.next());
    return text;
}

inline std::string slurp(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

inline void spill(const std::filesystem::path& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc).write(bytes.data(), static_cast<long>(bytes.size()));
}

inline std::vector<std::string> names_in(const std::filesystem::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename());
    return names;
}

struct Site {
    cloudshelf::testing::TemporaryFolder folder;
    std::filesystem::path keys_path = folder / "keys";
    std::shared_ptr<const KeyFile> keys =
        std::make_shared<const KeyFile>(KeyFile::create(keys_path, {"default", "other"}).value());
    Options options{.folder = folder / "contents", .keys = keys, .sync = Sync::off, .free_bytes_min = 0};
    std::unique_ptr<Store> store = Store::open(options).value();

    void reopen() {
        store.reset();
        auto opened = Store::open(options);
        if (!opened) fmt::print(stderr, "{}: {}\n", opened.error().code, opened.error().message);
        store = std::move(opened).value();
    }
    /// Gives the key a further version, and the store the new key file.
    void rotate(std::string_view name) {
        keys = std::make_shared<const KeyFile>(KeyFile::rotate(keys_path, name).value());
        options.keys = keys;
        if (store) store->use_keys(keys);
    }
    Result<Stored> write(std::string_view bytes, std::string_view key = "default", FinishOptions finish = {}) const {
        auto writer = store->begin(key);
        if (!writer) return fail(writer.error());
        if (auto appended = writer->append(bytes); !appended) return fail(appended.error());
        return writer->finish(finish);
    }
    ContentName put(std::string_view bytes, std::string_view key = "default") const {
        return write(bytes, key).value().name;
    }
    /// All of it, or the error's code.
    std::string get(const ContentName& name) const {
        auto reader = store->open(name);
        if (!reader) return reader.error().code;
        auto bytes = reader->read(0, reader->length());
        return bytes ? *bytes : bytes.error().code;
    }
    std::filesystem::path path(const ContentName& name) const {
        return options.folder / folder_of(name) / file_of(name);
    }
    std::vector<std::string> tmp() const { return names_in(options.folder / "tmp"); }
};

inline std::string code_of(const auto& result) {
    return result ? "" : result.error().code;
}

}  // namespace cloudshelf::contents::testing
