// Goal: when nobody knows whether a commit was made, no content that it may refer to is removed. Method: a limit on the
// size of files, which a write of the log meets.
#include "region/objects/collector.hpp"
#include "region/objects/service_test.hpp"

#include <boost/asio/this_coro.hpp>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <sys/resource.h>

namespace cloudshelf::objects {
namespace {

/// No file of this process grows beyond that, while it lives.
class FileLimit {
public:
    explicit FileLimit(std::uintmax_t bytes) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        rlimit now = before_;
        now.rlim_cur = bytes;
        ::setrlimit(RLIMIT_FSIZE, &now);
    }
    ~FileLimit() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }
    FileLimit(const FileLimit&) = delete;
    FileLimit& operator=(const FileLimit&) = delete;

private:
    void (*handler_)(int) = std::signal(SIGXFSZ, SIG_IGN);
    rlimit before_{};
};

/// How long the write-ahead log is.
std::uintmax_t length_of_log(const std::filesystem::path& folder) {
    std::uintmax_t longest = 0;
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
        if (file.path().extension() == ".log") longest = std::max(longest, file.file_size());
    }
    return longest;
}

Freed all_contents(Service& service) {
    Freed names;
    const auto visit = [&names](const contents::ContentName& name, std::uint64_t) {
        names.push_back(name);
        return true;
    };
    EXPECT_TRUE(service.contents().for_each(visit));
    return names;
}

REGION_TEST(UnknownCommit, RemovesNoContent) {
    for (int i = 0; i < 10; ++i) co_await region.put("/books/" + std::to_string(i), "known " + std::to_string(i));
    const auto upload = co_await region.post("/books/parts?uploads");
    const auto part = "/books/parts?partNumber=1&uploadId=" + text_of(upload, "UploadId");
    {
        const FileLimit limit(length_of_log(region.folder / "data" / "log"));
        const auto put = co_await region.put("/books/new", "in doubt");
        EXPECT_EQ(put.status, 500) << put.body;
        const auto put_part = co_await region.put(part, "refused, as nothing can be written");
        EXPECT_NE(put_part.status, 200);
    }
    EXPECT_TRUE(region.service->log().needs_reopening());
    auto names = all_contents(*region.service);
    EXPECT_EQ(names.size(), 12u);
    EXPECT_TRUE(Collector::collect(*region.service, names).empty());
    EXPECT_EQ(region.contents(), 12u);
    // Opened anew, the log says what was committed, and the rest goes.
    co_await region.stop();
    const auto started = co_await region.start();
    REQUIRE(started);
    const auto found = co_await region.get("/books/new");
    EXPECT_TRUE(found.status == 404 || found.body == "in doubt");
    const std::size_t referred_to = found.status == 404 ? 10 : 11;
    const bool collected = co_await region.come_to(referred_to);
    EXPECT_TRUE(collected);
}

}  // namespace
}  // namespace cloudshelf::objects
