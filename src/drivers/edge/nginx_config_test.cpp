// Goal: nobody changes what nginx is told unnoticed, and no option can say more than it should. Method: the whole text,
// whose diff is reviewed; options with nginx's own marks in them.
#include "drivers/edge/nginx_config.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace cloudshelf::edge {
namespace {

EdgeOptions reference() {
    return {
        .folder = "/var/lib/cloudshelf/edge",
        .address = "127.4.0.1",
        .http_port = 8080,
        .tls_port = 8443,
        .certificate = EdgeCertificate{"/etc/cloudshelf/www.crt", "/etc/cloudshelf/www.key"},
        .primary = {{"127.1.0.1", 8081}, "cloudshelf-static-assets.s3-website.us-east-1.cloudshelf.com"},
        .replica = {{"127.2.0.1", 8081}, "cloudshelf-static-assets-dr.s3-website.us-west-2.cloudshelf.com"},
        .refresh_secret_file = "/etc/cloudshelf/refresh-secret",
        .worker_user = "www-data",
    };
}

TEST(NginxConfig, ReadsLikeTheGoldenOne) {
    const std::string path = SOURCE_ROOT "/src/drivers/edge/golden/nginx.conf";
    const auto text = nginx_config(reference());
    if (std::getenv("CLOUDSHELF_REWRITE")) std::ofstream(path) << text;
    std::ifstream file(path);
    const std::string golden{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    EXPECT_EQ(golden, text) << "CLOUDSHELF_REWRITE=1 rewrites it, then read the diff";
}

TEST(NginxConfig, LeavesTlsOutWithoutACertificateAndTheUserWithoutRoot) {
    auto options = reference();
    options.certificate.reset();
    options.worker_user.clear();
    const auto text = nginx_config(options);
    EXPECT_FALSE(text.contains("ssl_certificate")) << text;
    EXPECT_FALSE(text.contains("8443"));
    EXPECT_FALSE(text.contains("user www-data"));
}

TEST(NginxConfig, MovesOnFromSilenceWhateverStatusesAreChosen) {
    auto options = reference();
    options.failover_statuses = {404};
    EXPECT_TRUE(nginx_config(options).contains("error_page 404 502 504 = @replica;"));
    options.failover_statuses = {502, 503};
    EXPECT_TRUE(nginx_config(options).contains("error_page 502 503 504 = @replica;"));
}

TEST(NginxConfig, WaitsForTheGroupLongerThanTheGroupMayTake) {
    auto options = reference();
    options.connect_timeout = std::chrono::seconds(2);
    options.read_timeout = std::chrono::seconds(30);
    EXPECT_TRUE(nginx_config(options).contains("proxy_read_timeout 97000ms;"));
}

TEST(EdgeOptions, RefuseWhatNginxWouldReadAsSomethingElse) {
    EXPECT_TRUE(check(reference()));
    const auto refused = [](auto change) {
        auto options = reference();
        change(options);
        const auto checked = check(options);
        return !checked && checked.error().code == "edge.bad-option";
    };
    EXPECT_TRUE(refused([](auto& options) { options.server_name = "a; return 200"; }));
    EXPECT_TRUE(refused([](auto& options) { options.primary.host = "a\"b"; }));
    EXPECT_TRUE(refused([](auto& options) { options.primary.host = ""; }));
    EXPECT_TRUE(refused([](auto& options) { options.replica.endpoint.address = "unix:/x"; }));
    EXPECT_TRUE(refused([](auto& options) { options.address = "127.0.0.1:80 ssl"; }));
    EXPECT_TRUE(refused([](auto& options) { options.cache_size = "1g; }"; }));
    EXPECT_TRUE(refused([](auto& options) { options.content_security_policy = "$http_x"; }));
    EXPECT_TRUE(refused([](auto& options) { options.failover_statuses = {200}; }));
    EXPECT_TRUE(refused([](auto& options) { options.folder = "relative"; }));
    EXPECT_TRUE(refused([](auto& options) { options.folder = "/" + std::string(100, 'a'); }));
    EXPECT_TRUE(refused([](auto& options) { options.certificate->key_file = "/a\nb"; }));
}

TEST(EdgeOptions, QuoteWhatPathsMayHave) {
    auto options = reference();
    options.folder = "/var/lib/a \"b\"";
    EXPECT_TRUE(check(options));
    EXPECT_TRUE(nginx_config(options).contains(R"(pid "/var/lib/a \"b\"/nginx.pid";)"));
}

}  // namespace
}  // namespace cloudshelf::edge
