// Goal: whoever runs `cloudshelf site publish` finds plan, edges and exit status as the help says. Method: the program
// itself, against the fake bucket and an edge of a few lines.
#include "drivers/objects/fake.hpp"
#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/process.hpp"
#include "support/async.hpp"
#include "support/temporary_folder.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <chrono>
#include <string>
#include <sys/wait.h>
#include <vector>

namespace cloudshelf::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr const char* bucket_name = "cloudshelf-static-assets";  // of the plan's edge

io::Task<io::HttpResponse> ask_objects(objects_client::FakeObjects* objects, io::HttpRequest request) {
    co_return objects->answer(request);
}

io::Task<io::HttpResponse> ask_edge(std::vector<std::string>* asked, io::HttpRequest request) {
    auto response = io::HttpResponse::text(200, "page");
    const bool knows = request.header("X-Cloudshelf-Refresh") == std::string(32, 'r');
    response.headers.emplace_back("X-Cache", knows ? "BYPASS" : "HIT");
    asked->push_back(fmt::format("{}{}", request.header("Host"), request.target));
    co_return response;
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

struct Ground {
    objects_client::FakeObjects objects;
    std::vector<std::string> asked;  // of the edge
    io::HttpServer bucket;
    io::HttpServer edge;
    testing::TemporaryFolder folder;

    explicit Ground(const io::Executor& executor)
        : bucket(
              executor,
              {.listen = {"127.0.0.1", 0}},
              [this](io::HttpRequest request) { return ask_objects(&objects, std::move(request)); }
          ),
          edge(executor, {.listen = {"127.0.0.1", 0}}, [this](io::HttpRequest request) {
              return ask_edge(&asked, std::move(request));
          }) {
        EXPECT_TRUE(bucket.start());
        EXPECT_TRUE(edge.start());
        objects.buckets[bucket_name];
        write(
            "keys",
            fmt::format(
                "[test]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
                objects.key.access_key_id,
                objects.key.secret_access_key
            )
        );
        std::filesystem::create_directories(folder / "site");
        write("site/index.html", "front");
        write("right", std::string(32, 'r') + "\n");
        write("wrong", std::string(32, 'w') + "\n");
        write_plan();
    }
    void write(const std::string& name, const std::string& text) const {
        EXPECT_TRUE(io::replace_file(folder / name, text));
    }
    /// With a bucket before the edge's, and another name of the edge.
    void write_plan() const {
        auto plan = io::read_file(SOURCE_ROOT "/plans/cloudshelf.yaml").value_or("");
        replace_all(plan, "www.cloudshelf.com", "shop.cloudshelf.com");
        replace_all(
            plan,
            "\nbuckets:\n",
            "\nbuckets:\n"
            "  - name: other\n"
            "    region: us-west-2\n"
            "    replica: other-dr\n"
            "    replica-region: us-east-1\n"
            "    rule: other-rule\n"
            "    role: arn:aws:iam::ACCOUNT:role/other\n"
            "    prefix: \"\"\n"
            "    versioned: true\n"
        );
        write("plan.yaml", plan);
    }

    struct Ran {
        int status = -1;
        std::string out;
    };
    io::Task<Ran> publish(std::string secret) {
        const auto output = folder / "output";
        std::filesystem::remove(output);
        const auto started = io::spawn(
            {.argv =
                 {BIN "/cloudshelf",
                  "site",
                  "publish",
                  "--to",
                  fmt::format("http://127.0.0.1:{}", bucket.port()),
                  "--credentials",
                  folder / "keys",
                  "--plan",
                  folder / "plan.yaml",
                  "--from",
                  folder / "site",
                  "--edge",
                  fmt::format("127.0.0.1:{}", edge.port()),
                  "--refresh-secret",
                  folder / secret,
                  "--json"},
             .env = {},
             .run_as = {},
             .directory = {},
             .output = output}
        );
        EXPECT_TRUE(started);
        Ran ran;
        int status = 0;
        const auto deadline = io::Deadline::after(20s);
        while (started && ::waitpid(*started, &status, WNOHANG) == 0 && !deadline.passed()) co_await io::wait_for(5ms);
        if (WIFEXITED(status)) ran.status = WEXITSTATUS(status);
        ran.out = io::read_file(output).value_or("");
        co_return ran;
    }
};

/// What it printed on stdout, between the lines of progress.
json::value told(const std::string& output) {
    const auto begin = output.find("\n{");
    if (begin == std::string::npos) return {};
    boost::system::error_code bad;
    return json::parse(output.substr(begin + 1, output.find('\n', begin + 1) - begin - 1), bad);
}

ASYNC_TEST(SitePublishLive, FollowsThePlansEdgeAndEndsWhatAnEdgeKeptUndone) {
    Ground ground(co_await boost::asio::this_coro::executor);
    const auto failed = co_await ground.publish("wrong");
    EXPECT_EQ(failed.status, 69) << failed.out;
    const auto first = told(failed.out);
    REQUIRE(first.is_object());
    EXPECT_EQ(first.at("uploaded").as_array().size(), 1U);
    EXPECT_TRUE(first.at("refreshed").as_object().empty()) << failed.out;
    EXPECT_EQ(first.at("edges_behind").as_array().size(), 1U);
    EXPECT_EQ(ground.objects.buckets[bucket_name]["index.html"].body, "front");
    EXPECT_EQ(ground.asked, std::vector<std::string>{"shop.cloudshelf.com/index.html"});

    ground.asked.clear();
    const auto done = co_await ground.publish("right");
    EXPECT_EQ(done.status, 0) << done.out;
    const auto second = told(done.out);
    REQUIRE(second.is_object());
    EXPECT_TRUE(second.at("uploaded").as_array().empty()) << "it is the same site";
    EXPECT_EQ(second.at("refreshed").as_object().size(), 1U) << done.out;
    EXPECT_EQ(ground.asked.size(), 2U);

    ground.asked.clear();
    const auto again = co_await ground.publish("right");
    EXPECT_EQ(again.status, 0) << again.out;
    EXPECT_TRUE(ground.asked.empty());
}

}  // namespace
}  // namespace cloudshelf::cli
