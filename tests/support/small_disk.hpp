#pragma once

#include <filesystem>
#include <string>
#include <sys/mount.h>

namespace cloudshelf::testing {

/// A small file system in memory, mounted at a folder for as long as this lives. Only root can have one.
class SmallDisk {
public:
    /// `size`: as tmpfs takes it, "24m".
    SmallDisk(const std::filesystem::path& at, const std::string& size) : at_(at) {
        std::filesystem::create_directories(at);
        mounted_ = ::mount("tmpfs", at.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
    }
    ~SmallDisk() {
        if (mounted_) ::umount2(at_.c_str(), MNT_DETACH);
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    bool mounted() const { return mounted_; }

private:
    std::filesystem::path at_;
    bool mounted_ = false;
};

}  // namespace cloudshelf::testing
