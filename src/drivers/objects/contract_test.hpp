#pragma once

#include "drivers/objects/client.hpp"
#include "io/clock.hpp"

#include <gtest/gtest.h>

#include <chrono>

/// What the client promises, whichever service answers.
namespace cloudshelf::objects_client::contract {

inline io::Deadline soon() {
    return io::Deadline::after(std::chrono::seconds(10));
}
inline std::string code(const auto& result) {
    return result ? "" : result.error().code;
}
inline std::vector<std::string> keys(const Result<std::vector<s3::ObjectEntry>>& listed) {
    std::vector<std::string> all;
    if (listed) {
        for (const auto& object : *listed) all.push_back(object.key);
    }
    return all;
}

inline io::Task<void> make_bucket(Client& client, std::string bucket) {
    const auto missing = co_await client.list(bucket, "", soon());
    EXPECT_EQ(code(missing), "NoSuchBucket");
    const auto created = co_await client.create_bucket(bucket, soon());
    EXPECT_TRUE(created) << code(created);
    const auto again = co_await client.create_bucket(bucket, soon());
    EXPECT_TRUE(again || code(again) == "BucketAlreadyOwnedByYou") << code(again);
    const auto empty = co_await client.list(bucket, "", soon());
    EXPECT_TRUE(empty && empty->empty()) << code(empty);
}

inline io::Task<void> objects_come_and_go(Client& client, std::string bucket) {
    const std::string odd = "a b/\u00fc+?&%25='(~).txt";
    const auto nothing = co_await client.get(bucket, odd, soon());
    EXPECT_TRUE(nothing && !*nothing) << code(nothing);
    const auto no_head = co_await client.head(bucket, odd, soon());
    EXPECT_TRUE(no_head && !*no_head) << code(no_head);
    Put put{
        .bucket = bucket,
        .key = odd,
        .body = std::string("bytes\0and more", 14),
        .content_type = "text/x-odd; charset=utf-8",
        .cache_control = "public, max-age=60",
        .metadata = {{"release", "7f"}},
    };
    const auto body = put.body;
    const auto stored = co_await client.put(std::move(put), soon());
    EXPECT_TRUE(stored && stored->etag == etag_of(body)) << code(stored);
    const auto found = co_await client.get(bucket, odd, soon());
    EXPECT_TRUE(found && *found && (*found)->body == body && (*found)->info.size == 14) << code(found);
    const auto known = co_await client.head(bucket, odd, soon());
    EXPECT_TRUE(known && *known) << code(known);
    if (known && *known) {
        EXPECT_EQ((*known)->etag, etag_of(body));
        EXPECT_EQ((*known)->content_type, "text/x-odd; charset=utf-8");
        EXPECT_EQ((*known)->cache_control, "public, max-age=60");
        EXPECT_EQ((*known)->metadata, (Pairs{{"release", "7f"}}));
    }
    for (const char* key : {"p/3", "p/1", "q", "p/2", "p/4", "p/5"}) {
        Put each{.bucket = bucket, .key = key, .body = key};
        const auto done = co_await client.put(std::move(each), soon());
        EXPECT_TRUE(done) << code(done);
    }
    const auto some = co_await client.list(bucket, "p/", soon());
    EXPECT_EQ(keys(some), (std::vector<std::string>{"p/1", "p/2", "p/3", "p/4", "p/5"})) << code(some);
    EXPECT_TRUE(some && !some->empty() && some->front().etag == etag_of("p/1") && some->front().size == 3);
    const auto all = co_await client.list(bucket, "", soon());
    EXPECT_EQ(keys(all), (std::vector<std::string>{odd, "p/1", "p/2", "p/3", "p/4", "p/5", "q"})) << code(all);
    for (int i = 0; i < 2; ++i) {
        const auto removed = co_await client.remove(bucket, "p/3", soon());
        EXPECT_TRUE(removed) << "what is not there may be removed: " << code(removed);
    }
    const auto gone = co_await client.get(bucket, "p/3", soon());
    EXPECT_TRUE(gone && !*gone) << code(gone);

    Copy copy{.from_bucket = bucket, .from_key = odd, .bucket = bucket, .key = "copy"};
    const auto copied = co_await client.copy(copy, soon());
    EXPECT_TRUE(copied && *copied == etag_of(body)) << code(copied);
    const auto twin = co_await client.get(bucket, "copy", soon());
    EXPECT_TRUE(twin && *twin && (*twin)->body == body && (*twin)->info.content_type == "text/x-odd; charset=utf-8");
    copy.from_key = "nothing";
    const auto no_source = co_await client.copy(copy, soon());
    EXPECT_EQ(code(no_source), "NoSuchKey");
}

inline io::Task<void> conditions_hold(Client& client, std::string bucket) {
    Put first{.bucket = bucket, .key = "c", .body = "1", .if_none_match = "*"};
    const auto stored = co_await client.put(first, soon());
    EXPECT_TRUE(stored) << code(stored);
    const auto twice = co_await client.put(first, soon());
    EXPECT_EQ(code(twice), "PreconditionFailed");
    Put next{.bucket = bucket, .key = "c", .body = "2", .if_match = etag_of("1")};
    const auto replaced = co_await client.put(next, soon());
    EXPECT_TRUE(replaced) << code(replaced);
    const auto late = co_await client.put(next, soon());
    EXPECT_EQ(code(late), "PreconditionFailed");
    const auto left = co_await client.get(bucket, "c", soon());
    EXPECT_TRUE(left && *left && (*left)->body == "2") << code(left);
}

inline io::Task<void> documents_are_kept(Client& client, std::string bucket) {
    for (const auto each :
         {Subresource::replication, Subresource::website, Subresource::policy, Subresource::lifecycle}) {
        const auto none = co_await client.document(bucket, each, soon());
        EXPECT_TRUE(none && !*none) << to_string(each) << " " << code(none);
    }
    const std::string on = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    const auto set = co_await client.set_document(bucket, Subresource::versioning, on, soon());
    EXPECT_TRUE(set) << code(set);
    const auto versioning = co_await client.document(bucket, Subresource::versioning, soon());
    EXPECT_TRUE(versioning && *versioning && (*versioning)->contains("<Status>Enabled</Status>")) << code(versioning);
    const std::string site =
        "<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument></WebsiteConfiguration>";
    const auto website = co_await client.set_document(bucket, Subresource::website, site, soon());
    EXPECT_TRUE(website) << code(website);
    const auto told = co_await client.document(bucket, Subresource::website, soon());
    EXPECT_TRUE(told && *told && (*told)->contains("<Suffix>index.html</Suffix>")) << code(told);
}

}  // namespace cloudshelf::objects_client::contract
