#pragma once

#include "region/contents/key_file.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>

namespace cloudshelf::contents {

/// `off`: for tests and for data that may go with the machine. Whoever turns it on again has promised nothing for what
/// was written before.
enum class Sync : bool { off, on };

/// What may fail, or be the last that a process does. For tests.
enum class Step : std::uint8_t {
    create,
    write,
    sync_file,
    rename,
    sync_folder,
    write_journal,
    sync_journal,
    rewrite_header,
    sync_header,
    remove_journal
};

struct Options {
    std::filesystem::path folder;
    std::shared_ptr<const KeyFile> keys;
    Sync sync = Sync::on;
    std::uint64_t free_bytes_min = 256 << 20;  // below it nothing is written, so that databases beside us have space
    std::function<int(Step)> fault;            // asked before each step: 0, or the errno it fails with. For tests
};

}  // namespace cloudshelf::contents
