#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "io/http.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace cloudshelf::edge {

/// A bucket's website endpoint: where it listens, and the name that it knows the bucket by.
struct Origin {
    io::Endpoint endpoint;
    std::string host;  // "cloudshelf-static-assets.s3-website.us-east-1.cloudshelf.com"
};

/// A certificate that browsers are shown: PEM files.
struct EdgeCertificate {
    std::filesystem::path certificate_file;
    std::filesystem::path key_file;
};

/// One edge: where it listens, the pair of origins that it stands in front of, and what it keeps of them.
struct EdgeOptions {
    std::filesystem::path folder;  // of its own: configuration, sockets, logs, cache
    std::string address;           // literal IPv4
    std::uint16_t http_port = 80;
    std::uint16_t tls_port = 443;  // used where there is a certificate
    std::optional<EdgeCertificate> certificate = {};
    std::string server_name = "www.cloudshelf.com";

    Origin primary;
    Origin replica;
    /// Answers of the primary that the replica is asked instead of, beside none at all. As in CloudFront's origin
    /// groups (Amazon CloudFront Developer Guide, "Optimize high availability with origin failover"); from those that
    /// it offers: 403, 404, 500, 502, 503, 504.
    std::vector<int> failover_statuses = {500, 502, 503, 504, 403, 404};
    Duration connect_timeout = std::chrono::seconds(1);
    Duration read_timeout = std::chrono::seconds(5);  // without a byte
    /// How long an origin that did not answer is left alone; then one request tries it.
    Duration dead_for = std::chrono::seconds(10);
    int connections_kept = 16;  // to each origin, by each worker

    std::string cache_size = "1g";                      // on disk, in nginx's notation
    Duration cache_kept = std::chrono::hours(30 * 24);  // what nobody asked for in so long is forgotten, stale or not

    /// What pages may load and call (Content Security Policy, W3C). The site has no inline script and no inline style;
    /// its search asks the API.
    std::string content_security_policy =
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "connect-src 'self' https://api.cloudshelf.com; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    std::filesystem::path refresh_secret_file;  // 32 to 128 characters of a-z 0-9; empty: nobody may refresh
    std::string worker_user = {};               // with root's rights only; empty: www-data
    int workers = 2;
};

/// What nginx would understand as something else than it was meant, before it sees it. Errors: "edge.bad-option".
Result<void> check(const EdgeOptions& options);

}  // namespace cloudshelf::edge
