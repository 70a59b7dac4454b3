// Goal: whatever is put, deleted and listed in whatever order, a bucket answers as its definition says. Method: random
// requests to a region in this process and to a model of a few lines; CLOUDSHELF_SEED repeats a run.
#include "base/random.hpp"
#include "region/objects/service_test.hpp"
#include "wire/sigv4/canonical.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace cloudshelf::objects {
namespace {

struct ModelVersion {
    std::string id;
    std::string body;
    bool marker = false;
};

struct Model {
    Versioning versioning = Versioning::never;
    std::map<std::string, std::vector<ModelVersion>> keys;  // newest first

    void add(const std::string& key, ModelVersion version) {
        if (version.id == null_id) remove(key, version.id);
        auto& versions = keys[key];
        versions.insert(versions.begin(), std::move(version));
    }
    void remove(const std::string& key, std::string_view id) {
        std::erase_if(keys[key], [id](const auto& version) { return version.id == id; });
        if (keys[key].empty()) keys.erase(key);
    }
    const ModelVersion* newest(const std::string& key) const {
        const auto found = keys.find(key);
        return found == keys.end() ? nullptr : &found->second.front();
    }
};

std::uint64_t seed() {
    if (const char* given = std::getenv("CLOUDSHELF_SEED")) return std::strtoull(given, nullptr, 10);
    return std::random_device{}();
}

template <std::size_t N>
std::string_view one_of(Random& random, const std::array<std::string_view, N>& all) {
    return all[random.below(N)];
}

constexpr std::array<std::string_view, 12> keys{
    "a",
    "a/",
    "a/b",
    "a/b/c",
    "a/b/d",
    "a//",
    "a0",
    "b",
    "b c/x",
    "b-/y",
    "\xc3\xa9/z",
    "zz/zz/zz",
};
constexpr std::array<std::string_view, 7> prefixes{"", "", "a", "a/", "a/b", "b", "nothing"};
constexpr std::array<std::string_view, 4> delimiters{"", "/", "b", "//"};

std::string target_of(std::string_view key) {
    return "/books/" + sigv4::encode(key, true);
}

/// What a listing asks for, and what the model says of it.
struct Listing {
    std::string prefix;
    std::string delimiter;
    std::size_t max_keys = 1;

    static Listing draw(Random& random) {
        Listing drawn;
        drawn.prefix = one_of(random, prefixes);
        drawn.delimiter = one_of(random, delimiters);
        drawn.max_keys = 1 + random.below(5);
        return drawn;
    }
    std::string query() const {
        return fmt::format(
            "prefix={}&delimiter={}&max-keys={}",
            sigv4::encode(prefix, false),
            sigv4::encode(delimiter, false),
            max_keys
        );
    }
    /// What a key is shown as; it is itself where nothing rolls it up.
    std::string shown(const std::string& key) const {
        if (delimiter.empty()) return key;
        const auto at = key.find(delimiter, prefix.size());
        return at == std::string::npos ? key : key.substr(0, at + delimiter.size());
    }
    std::string text() const { return fmt::format("prefix {} delimiter {} max {}", prefix, delimiter, max_keys); }
};

using Texts = std::vector<std::string>;

/// The texts of `Prefix` within CommonPrefixes: all but the first, which is the request's.
Texts rolled_up(const io::HttpResponse& page) {
    Texts found;
    const auto document = s3::read_xml(page.body);
    if (!document) return found;
    for (const auto& child : document->children) {
        if (child.name == "CommonPrefixes") found.push_back(text_of(child, "Prefix"));
    }
    return found;
}

void append(Texts& to, const Texts& more) {
    to.insert(to.end(), more.begin(), more.end());
}

io::Task<void> check_objects(Region* region, const Model* model, Listing listing, std::string start_after) {
    Texts expected_keys;
    std::set<std::string> expected_prefixes;
    for (const auto& [key, versions] : model->keys) {
        if (versions.front().marker || !key.starts_with(listing.prefix)) continue;
        const std::string shown = listing.shown(key);
        if (shown <= start_after) continue;
        if (shown == key &&
            (listing.delimiter.empty() || key.find(listing.delimiter, listing.prefix.size()) == std::string::npos)) {
            expected_keys.push_back(key);
        } else {
            expected_prefixes.insert(shown);
        }
    }
    Texts found_keys;
    Texts found_prefixes;
    std::string token;
    for (bool more = true; more;) {
        std::string target = "/books?list-type=2&" + listing.query();
        if (!token.empty()) {
            target += "&continuation-token=" + sigv4::encode(token, false);
        } else if (!start_after.empty()) {
            target += "&start-after=" + sigv4::encode(start_after, false);
        }
        const auto page = co_await region->get(target);
        REQUIRE(page.status == 200);
        const auto on_page = texts_of(page, "Key").size() + rolled_up(page).size();
        EXPECT_LE(on_page, listing.max_keys);
        EXPECT_EQ(text_of(page, "KeyCount"), std::to_string(on_page));
        append(found_keys, texts_of(page, "Key"));
        append(found_prefixes, rolled_up(page));
        token = text_of(page, "NextContinuationToken");
        more = text_of(page, "IsTruncated") == "true";
        EXPECT_EQ(more, !token.empty());
        if (more) EXPECT_EQ(on_page, listing.max_keys);
        REQUIRE(found_keys.size() + found_prefixes.size() <= 100);
    }
    EXPECT_EQ(found_keys, expected_keys) << listing.text() << " after " << start_after;
    EXPECT_EQ(found_prefixes, Texts(expected_prefixes.begin(), expected_prefixes.end()))
        << listing.text() << " after " << start_after;
}

io::Task<void> check_versions(Region* region, const Model* model, Listing listing) {
    Texts expected;
    std::set<std::string> expected_prefixes;
    for (const auto& [key, versions] : model->keys) {
        if (!key.starts_with(listing.prefix)) continue;
        const bool rolls =
            !listing.delimiter.empty() && key.find(listing.delimiter, listing.prefix.size()) != std::string::npos;
        if (rolls) {
            expected_prefixes.insert(listing.shown(key));
            continue;
        }
        for (const auto& version : versions)
            expected.push_back(fmt::format("{} {} {}", key, version.id, &version == &versions.front()));
    }
    Texts found;
    Texts found_prefixes;
    std::string markers;
    for (bool more = true; more;) {
        const auto page = co_await region->get("/books?versions&" + listing.query() + markers);
        REQUIRE(page.status == 200);
        const auto shown_keys = texts_of(page, "Key");
        const auto ids = texts_of(page, "VersionId");
        const auto latest = texts_of(page, "IsLatest");
        REQUIRE(shown_keys.size() == ids.size() && ids.size() == latest.size());
        for (std::size_t i = 0; i < ids.size(); ++i)
            found.push_back(fmt::format("{} {} {}", shown_keys[i], ids[i], latest[i] == "true"));
        append(found_prefixes, rolled_up(page));
        markers = "&key-marker=" + sigv4::encode(text_of(page, "NextKeyMarker"), false);
        if (const auto id = text_of(page, "NextVersionIdMarker"); !id.empty()) markers += "&version-id-marker=" + id;
        more = text_of(page, "IsTruncated") == "true";
        REQUIRE(found.size() + found_prefixes.size() <= 1000);
    }
    EXPECT_EQ(found, expected) << listing.text();
    EXPECT_EQ(found_prefixes, Texts(expected_prefixes.begin(), expected_prefixes.end())) << listing.text();
}

io::Task<void> put_one(Region* region, Model* model, std::string key, std::string body) {
    const auto put = co_await region->put(target_of(key), body);
    EXPECT_EQ(put.status, 200) << put.body;
    std::string id(put.header("x-amz-version-id"));
    EXPECT_EQ(id.empty(), model->versioning == Versioning::never);
    EXPECT_EQ(id == null_id, model->versioning == Versioning::suspended);
    if (id.empty()) id = null_id;
    model->add(key, {.id = id, .body = body});
}

io::Task<void> delete_one(Region* region, Model* model, std::string key) {
    const auto removed = co_await region->remove(target_of(key));
    EXPECT_EQ(removed.status, 204);
    if (model->versioning == Versioning::never) {
        model->remove(key, null_id);
        co_return;
    }
    model->add(key, {.id = std::string(removed.header("x-amz-version-id")), .body = {}, .marker = true});
}

io::Task<void> delete_one_version(Region* region, Model* model, Random* random, std::string key) {
    const auto found = model->keys.find(key);
    if (found == model->keys.end()) co_return;
    const auto& versions = found->second;
    const ModelVersion version = versions[random->below(versions.size())];
    const auto removed = co_await region->remove(target_of(key) + "?versionId=" + version.id);
    EXPECT_EQ(removed.status, 204);
    EXPECT_EQ(removed.header("x-amz-delete-marker"), version.marker ? "true" : "");
    model->remove(key, version.id);
}

io::Task<void> read_one(Region* region, const Model* model, std::string key) {
    const auto* newest = model->newest(key);
    const auto got = co_await region->get(target_of(key));
    if (newest == nullptr || newest->marker) {
        EXPECT_EQ(outcome_of(got), "404 NoSuchKey") << key;
        EXPECT_EQ(got.header("x-amz-delete-marker"), newest ? "true" : "") << key;
        co_return;
    }
    EXPECT_EQ(got.body, newest->body) << key;
    for (const auto& version : model->keys.at(key)) {
        const auto one = co_await region->get(target_of(key) + "?versionId=" + version.id);
        EXPECT_EQ(one.status, version.marker ? 405 : 200) << key << ' ' << version.id;
        if (!version.marker) EXPECT_EQ(one.body, version.body);
    }
}

io::Task<void> do_one(Region* region, Model* model, Random* random) {
    const std::string key(one_of(*random, keys));
    const auto kind = random->below(100);
    if (random->below(3) == 0) region->wall_ms += 1;
    if (kind < 35) {
        co_await put_one(region, model, key, fmt::format("body {}", random->below(6)));
    } else if (kind < 50) {
        co_await delete_one(region, model, key);
    } else if (kind < 65) {
        co_await delete_one_version(region, model, random, key);
    } else if (kind < 68) {
        model->versioning = random->below(2) == 0 ? Versioning::enabled : Versioning::suspended;
        co_await region->set_versioning("books", model->versioning);
    } else if (kind < 80) {
        co_await read_one(region, model, key);
    } else if (kind < 92) {
        const std::string after = random->below(3) == 0 ? key : "";
        co_await check_objects(region, model, Listing::draw(*random), after);
    } else {
        co_await check_versions(region, model, Listing::draw(*random));
    }
}

REGION_TEST(Model, AgreesWithABucketWhateverIsDone) {
    const auto drawn = seed();
    Random random(drawn);
    Model model;
    for (int step = 0; step < 1500 && !::testing::Test::HasFailure(); ++step) co_await do_one(&region, &model, &random);
    EXPECT_FALSE(::testing::Test::HasFailure()) << "CLOUDSHELF_SEED=" << drawn;
    // What is left in the folder is what somebody refers to.
    std::set<std::string> bodies;
    for (const auto& [key, versions] : model.keys) {
        for (const auto& version : versions) {
            if (!version.marker) bodies.insert(version.body);
        }
    }
    const auto left = co_await region.come_to(bodies.size());
    EXPECT_TRUE(left) << region.contents() << " instead of " << bodies.size() << "; CLOUDSHELF_SEED=" << drawn;
}

}  // namespace
}  // namespace cloudshelf::objects
