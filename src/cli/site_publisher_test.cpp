// Goal: whatever happens on the way, customers see a whole site, the old one or the new one; nothing is kept or
// uploaded for nothing. Method: the fake bucket and an edge of a few lines, both behind HTTP.
#include "cli/site_publisher.hpp"

#include "cli/site_folder.hpp"
#include "cli/site_releases.hpp"
#include "drivers/objects/fake.hpp"
#include "io/file.hpp"
#include "support/async.hpp"
#include "support/temporary_folder.hpp"

#include <boost/asio/this_coro.hpp>

namespace cloudshelf::cli {
namespace {

using Paths = std::vector<std::string>;

/// A site of one stylesheet, one page and the front page, all of which say `word`.
bookstore::Site site_of(const std::string& word) {
    bookstore::Site site;
    for (const auto& path : Paths{"assets/site." + word + ".css", "books/1.html", "index.html"})
        site.files.push_back({.path = path, .content_type = "text/x", .cache_control = "max-age=60", .body = word});
    site.release = bookstore::release_of(site.files);
    return site;
}

io::Task<io::HttpResponse> ask_objects(
    objects_client::FakeObjects* objects, std::string* refused, io::HttpRequest request
) {
    if (!refused->empty() && request.method == "PUT" && request.path() == *refused) {
        co_return io::HttpResponse::text(503, "<Error><Code>SlowDown</Code><Message>wait</Message></Error>");
    }
    co_return objects->answer(request);
}

io::Task<io::HttpResponse> ask_edge(Paths* asked, std::string* refused, io::HttpRequest request) {
    auto response = io::HttpResponse::text(200, "page");
    const bool knows = request.header("X-Cloudshelf-Refresh") == "secret" &&
                       request.header("Host") == "www.cloudshelf.com" && request.target != *refused;
    response.headers.emplace_back("X-Cache", knows ? "BYPASS" : "HIT");
    response.headers.emplace_back("X-Origin", "primary");
    asked->push_back(request.target);
    co_return response;
}

struct Ground {
    objects_client::FakeObjects objects;
    std::string refused;       // path that the bucket refuses to take
    std::string edge_refuses;  // path for which the edge does not know the secret
    Paths asked;               // of the edge
    io::HttpServer bucket;
    io::HttpServer edge;
    objects_client::Client client;
    io::HttpClient http;
    Paths said;

    explicit Ground(const io::Executor& executor)
        : bucket(
              executor,
              {.listen = {"127.0.0.1", 0}},
              [this](io::HttpRequest request) { return ask_objects(&objects, &refused, std::move(request)); }
          ),
          edge(
              executor,
              {.listen = {"127.0.0.1", 0}},
              [this](io::HttpRequest request) { return ask_edge(&asked, &edge_refuses, std::move(request)); }
          ),
          client(executor, options()),
          http(executor) {
        EXPECT_TRUE(edge.start());
        objects.buckets["b"];
        objects.log.clear();
    }
    objects_client::Client::Options options() {
        EXPECT_TRUE(bucket.start());
        return {.endpoint = {"127.0.0.1", bucket.port()}, .region = objects.region, .credentials = objects.key};
    }
    PublishOptions publish() const {
        return {.bucket = "b", .edges = {.endpoints = {{"127.0.0.1", edge.port()}}, .refresh_secret = "secret"}};
    }
    io::Task<Result<Published>> publish(bookstore::Site site) { return publish(std::move(site), publish()); }
    io::Task<Result<Published>> publish(bookstore::Site site, PublishOptions options) {
        return publish_site(&client, &http, std::move(site), std::move(options), [this](const std::string& line) {
            said.push_back(line);
        });
    }
    const std::string& kept(const std::string& path) { return objects.buckets["b"][path].body; }
};

ASYNC_TEST(SitePublisher, UploadsInOrderAndRefreshesWhatChanged) {
    Ground ground(co_await boost::asio::this_coro::executor);
    const auto site = site_of("one");
    const auto published = co_await ground.publish(site);
    REQUIRE(published);
    EXPECT_EQ(published->uploaded, (Paths{"assets/site.one.css", "books/1.html", "index.html"}));
    EXPECT_EQ(published->bytes, 9U);
    EXPECT_TRUE(published->edges_behind.empty());
    EXPECT_EQ(ground.asked, (Paths{"/books/1.html", "/index.html", "/"}));
    EXPECT_EQ(published->refreshed.at(ground.publish().edges.endpoints[0].text()), ground.asked);
    Paths puts;
    for (const auto& line : ground.objects.log) {
        if (line.starts_with("PUT ") && !line.contains(owed_prefix)) puts.push_back(line);
    }
    const Paths expected{
        "PUT b/releases/" + site.release + ".json",
        "PUT b/assets/site.one.css",
        "PUT b/books/1.html",
        "PUT b/index.html"
    };
    EXPECT_EQ(puts, expected);
    const auto head = co_await ground.client.get("b", "index.html", io::Deadline::after(std::chrono::seconds(5)));
    REQUIRE(head && *head);
    EXPECT_EQ((*head)->info.cache_control, "max-age=60");
    EXPECT_EQ((*head)->info.content_type, "text/x");

    ground.objects.log.clear();
    ground.asked.clear();
    const auto again = co_await ground.publish(site);
    REQUIRE(again);
    EXPECT_TRUE(again->uploaded.empty());
    EXPECT_TRUE(ground.asked.empty());
    for (const auto& line : ground.objects.log) EXPECT_TRUE(line.starts_with("GET ")) << line;

    auto all = ground.publish();
    all.upload = Upload::all;
    const auto everything = co_await ground.publish(site, all);
    REQUIRE(everything);
    EXPECT_EQ(everything->uploaded.size(), 3U);
}

ASYNC_TEST(SitePublisher, KeepsWhatTheLastThreeReleasesNeedAndWhatIsNotItsOwn) {
    Ground ground(co_await boost::asio::this_coro::executor);
    ground.objects.buckets["b"]["assets/of-others.css"].body = "not ours";
    for (const char* word : {"one", "two", "three"}) {
        const auto done = co_await ground.publish(site_of(word));
        REQUIRE(done);
        EXPECT_TRUE(done->removed.empty()) << word;
        co_await io::wait_for(std::chrono::milliseconds(2));  // releases are told apart by ms
    }
    EXPECT_EQ(ground.kept("assets/site.one.css"), "one");
    const auto fourth = co_await ground.publish(site_of("four"));
    REQUIRE(fourth);
    EXPECT_EQ(fourth->removed, (Paths{"assets/site.one.css", manifest_key(site_of("one").release)}));
    EXPECT_EQ(ground.kept("assets/site.two.css"), "two");
    EXPECT_EQ(ground.kept("assets/of-others.css"), "not ours");
    // Back to an earlier release: it is the newest again.
    co_await io::wait_for(std::chrono::milliseconds(2));
    const auto back = co_await ground.publish(site_of("two"));
    REQUIRE(back);
    EXPECT_EQ(back->uploaded, (Paths{"books/1.html", "index.html"})) << "its assets were kept";
    EXPECT_EQ(ground.kept("index.html"), "two");
}

ASYNC_TEST(SitePublisher, LeavesTheOldFrontPageWhenItIsInterruptedAndGoesOn) {
    Ground ground(co_await boost::asio::this_coro::executor);
    const auto first = co_await ground.publish(site_of("one"));
    REQUIRE(first);
    ground.asked.clear();
    ground.refused = "/b/books/1.html";
    const auto failed = co_await ground.publish(site_of("two"));
    REQUIRE(!failed);
    EXPECT_EQ(failed.error().code, "SlowDown");
    EXPECT_TRUE(failed.error().message.contains("after 1 of 3 uploads")) << failed.error().message;
    EXPECT_EQ(ground.kept("index.html"), "one");
    EXPECT_EQ(ground.kept("assets/site.one.css"), "one");
    EXPECT_TRUE(ground.asked.empty());
    ground.refused.clear();
    const auto done = co_await ground.publish(site_of("two"));
    REQUIRE(done);
    EXPECT_EQ(done->uploaded, (Paths{"books/1.html", "index.html"}));
    EXPECT_EQ(ground.kept("index.html"), "two");
}

ASYNC_TEST(SitePublisher, ChangesNothingInADryRun) {
    Ground ground(co_await boost::asio::this_coro::executor);
    auto options = ground.publish();
    options.dry_run = DryRun::yes;
    const auto planned = co_await ground.publish(site_of("one"), options);
    REQUIRE(planned);
    EXPECT_EQ(planned->uploaded.size(), 3U);
    EXPECT_TRUE(ground.objects.buckets["b"].empty());
    EXPECT_TRUE(ground.asked.empty());
    EXPECT_TRUE(std::ranges::find(ground.said, "would upload index.html") != ground.said.end());
}

ASYNC_TEST(SitePublisher, SaysWhichEdgesAreBehindAndRefreshesThemTheNextTime) {
    Ground ground(co_await boost::asio::this_coro::executor);
    const auto right = ground.publish();
    auto options = right;
    options.edges.endpoints = {{"127.0.0.1", 1}, right.edges.endpoints[0]};
    const auto published = co_await ground.publish(site_of("one"), options);
    REQUIRE(published);
    REQUIRE(published->edges_behind.size() == 1);
    EXPECT_EQ(published->edges_behind[0].code, "edge.unavailable");
    EXPECT_FALSE(published->refreshed.contains("127.0.0.1:1"));
    EXPECT_EQ(published->refreshed.size(), 1U);

    // The one that was away is owed it still, whatever is published to the others meanwhile.
    ground.asked.clear();
    const auto others = co_await ground.publish(site_of("one"), right);
    REQUIRE(others);
    EXPECT_TRUE(ground.asked.empty());
    const auto again = co_await ground.publish(site_of("one"), options);
    REQUIRE(again);
    EXPECT_EQ(again->edges_behind.size(), 1U);
    EXPECT_TRUE(ground.asked.empty());
}

ASYNC_TEST(SitePublisher, GoesOnWithAnEdgeThatFailedHalfWay) {
    Ground ground(co_await boost::asio::this_coro::executor);
    ground.edge_refuses = "/index.html";
    const auto published = co_await ground.publish(site_of("one"));
    REQUIRE(published);
    REQUIRE(published->edges_behind.size() == 1);
    EXPECT_EQ(published->edges_behind[0].code, "edge.not-refreshed");
    const auto edge = ground.publish().edges.endpoints[0].text();
    EXPECT_EQ(published->refreshed.at(edge), Paths{"/books/1.html"});
    ground.edge_refuses.clear();
    ground.asked.clear();
    const auto again = co_await ground.publish(site_of("one"));
    REQUIRE(again);
    EXPECT_TRUE(again->uploaded.empty());
    EXPECT_TRUE(again->edges_behind.empty());
    EXPECT_EQ(again->refreshed.at(edge), (Paths{"/books/1.html", "/index.html", "/"}));
    ground.asked.clear();
    const auto third = co_await ground.publish(site_of("one"));
    REQUIRE(third);
    EXPECT_TRUE(ground.asked.empty()) << "nothing is owed any more";
    auto all = ground.publish();
    all.refresh = Refresh::all;
    const auto asked_for = co_await ground.publish(site_of("one"), all);
    REQUIRE(asked_for);
    EXPECT_EQ(ground.asked.size(), 3U);
}

// The same site is in the bucket already: what was uploaded before the interruption has to be refreshed all the same.
ASYNC_TEST(SitePublisher, RefreshesWhatAnInterruptedPublishHadUploaded) {
    Ground ground(co_await boost::asio::this_coro::executor);
    ground.refused = "/b/index.html";
    const auto failed = co_await ground.publish(site_of("one"));
    REQUIRE(!failed);
    EXPECT_TRUE(ground.asked.empty());
    ground.refused.clear();
    const auto done = co_await ground.publish(site_of("one"));
    REQUIRE(done);
    EXPECT_EQ(done->uploaded, Paths{"index.html"});
    EXPECT_EQ(ground.asked, (Paths{"/books/1.html", "/index.html", "/"}));
}

ASYNC_TEST(SitePublisher, ReadsNoRecordThatIsNone) {
    Ground ground(co_await boost::asio::this_coro::executor);
    auto wrong = ground.publish();
    wrong.edges.refresh_secret = "another";
    const auto published = co_await ground.publish(site_of("one"), wrong);
    REQUIRE(published);
    EXPECT_EQ(published->edges_behind.size(), 1U);
    for (auto& [key, object] : ground.objects.buckets["b"]) {
        if (key.starts_with(owed_prefix)) object.body = "[1]";
    }
    const auto again = co_await ground.publish(site_of("one"));
    REQUIRE(!again);
    EXPECT_EQ(again.error().code, "site.bad-record");
}

TEST(SiteEdges, AskForPagesAsRequestsNameThem) {
    EXPECT_EQ(addresses_of("index.html"), (Paths{"/index.html", "/"}));
    EXPECT_EQ(addresses_of("books/index.html"), (Paths{"/books/index.html", "/books/"}));
    EXPECT_EQ(addresses_of("what? 100%.html"), Paths{"/what%3F%20100%25.html"});
    EXPECT_EQ(addresses_of("b\u00fccher/index.html"), (Paths{"/b%C3%BCcher/index.html", "/b%C3%BCcher/"}));
}

ASYNC_TEST(SitePublisher, NamesAMissingBucket) {
    Ground ground(co_await boost::asio::this_coro::executor);
    auto options = ground.publish();
    options.bucket = "nothing";
    const auto published = co_await ground.publish(site_of("one"), options);
    REQUIRE(!published);
    EXPECT_EQ(published.error().code, "NoSuchBucket");
}

TEST(SiteReleases, ReadWhatTheyWroteAndNothingElse) {
    const ReleaseManifest manifest{.release = "r", .published = "2026-11-23T05:30:00.123Z", .paths = {"a", "b\"c"}};
    const auto read = parse_manifest(to_json(manifest));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->release, "r");
    EXPECT_EQ(read->published, manifest.published);
    EXPECT_EQ(read->paths, manifest.paths);
    for (const char* bad :
         {"", "[]", "{}", R"({"release":"r","published":"p"})", R"({"release":"r","published":"p","paths":[1]})"})
        EXPECT_FALSE(parse_manifest(bad)) << bad;
}

TEST(SiteFolder, IsReadInTheOrderOfPublishing) {
    const testing::TemporaryFolder folder;
    for (const char* path : {"books", "assets", ".git"}) std::filesystem::create_directories(folder / path);
    for (const char* path :
         {"index.html",
          "a.html",
          "books/1.html",
          "robots.txt",
          "assets/x.0123456789ab.js",
          "assets/plain.css",
          ".git/config"})
        ASSERT_TRUE(io::replace_file(folder / path, path));
    const auto site = read_site_folder(folder.path());
    ASSERT_TRUE(site);
    Paths paths;
    for (const auto& file : site->files) paths.push_back(file.path);
    const Paths expected{
        "assets/plain.css", "assets/x.0123456789ab.js", "robots.txt", "a.html", "books/1.html", "index.html"
    };
    EXPECT_EQ(paths, expected);
    EXPECT_TRUE(site->files[1].cache_control.contains("immutable"));
    EXPECT_FALSE(site->files[0].cache_control.contains("immutable"));
    EXPECT_EQ(site->files[1].content_type, "text/javascript; charset=utf-8");
    std::filesystem::remove(folder / "index.html");
    EXPECT_EQ(read_site_folder(folder.path()).error().code, "site.no-front-page");
    EXPECT_EQ(read_site_folder(folder / "nothing").error().code, "io.no-file");
}

}  // namespace
}  // namespace cloudshelf::cli
